"""One letter in every format that teams paste, and files that no letter is."""

import io
import zipfile

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"

MARKDOWN = """# Card payments failed

Dear customers,

We are **sorry**. On 18 November 2026, 1,791 payments did not go
through, and we regret any inconvenience.

- Write to [our help desk](https://northwind.example/help).

| When | What |
|---|---|
| 10:12 CET | It began |
"""

HTML = """<!DOCTYPE html>
<html><head><title>Not seen</title><style>p { color: red }</style></head>
<body><!-- nor this, for any inconvenience -->
<h1>Card payments failed</h1>
<div>Dear customers,</div>
<p>We are <b>sorry</b>. On 18&nbsp;November 2026, 1,791 payments did not go
through, and we regret any inconvenience.</p>
<ul><li>Write to <a href="https://northwind.example/help">our help desk</a>.</li></ul>
<table><tr><td>10:12 CET</td><td>It began</td></tr></table>
<script>document.write("seen by no reader")</script>
</body></html>
"""

MAIL = """Received: from somewhere by elsewhere; Wed, 18 Nov 2026 16:20:00 +0100
From: Agency <agency@example.org>
To: team@northwind.example
Subject: =?utf-8?q?Card_payments_failed=2C_and_we_regret_any_inconvenience?=
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="edge"

--edge
Content-Type: text/html; charset=utf-8

<p>This is the part for other programs.</p>
--edge
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Dear M=C3=BCller,

We are sorry. On 18 November 2026, 1,791 payments did not go through.
--edge--
"""


def words(text, **props):
    inside = "".join(f'<w:{name} w:val="{value}"/>' for name, value in props.items())
    return f"<w:p><w:pPr>{inside}</w:pPr><w:r><w:t xml:space='preserve'>{text}</w:t></w:r></w:p>"


def document(body):
    return f'<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="{W}" xmlns:r="{R}"><w:body>{body}</w:body></w:document>'


BODY = "".join(
    (
        words("Card payments failed", pStyle="Title"),
        words("Dear customers,"),
        "<w:p/>",
        (
            "<w:p><w:r><w:t>We are </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>sor</w:t></w:r><w:r><w:t>ry. On 18 November"
            " 2026, 1,791 payments did not go</w:t><w:br/><w:t>through, and we regret any inconvenience.</w:t></w:r>"
            "<w:del><w:r><w:delText>This was struck out.</w:delText></w:r></w:del></w:p>"
        ),
        (
            "<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>Write to </w:t></w:r>"
            '<w:hyperlink r:id="rId7"><w:r><w:t>our help desk</w:t></w:r></w:hyperlink><w:r><w:t>.</w:t></w:r></w:p>'
        ),
        f"<w:tbl><w:tr><w:tc>{words('10:12 CET')}</w:tc><w:tc>{words('It began')}</w:tc></w:tr></w:tbl>",
    )
)
LINKS = f'<Relationships xmlns="{RELS}"><Relationship Id="rId7" Type="x" Target="https://northwind.example/help"/></Relationships>'


def docx(body=None, links=LINKS, name="word/document.xml"):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(name, document(BODY) if body is None else body)
        archive.writestr("word/_rels/document.xml.rels", links)
    return made.getvalue()


def locked_docx():
    """A document with the mark of encryption on its text."""
    raw = docx()
    at = raw.rindex(b"word/document.xml") - 46
    assert raw[at : at + 4] == b"PK\x01\x02"
    return raw[: at + 8] + bytes([raw[at + 8] | 1]) + raw[at + 9 :]
