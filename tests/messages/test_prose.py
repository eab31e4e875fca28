"""Prose: Markdown to HTML and text, with nothing active in it whatever it is given."""

import re
import time

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crisiscomms.messages import prose
from crisiscomms.messages.prose import (
    escape,
    fill,
    one_line,
    plain_times,
    sentences,
    slot,
    slots,
    timed,
    to_html,
    to_text,
)

TAGS = {
    "a",
    "blockquote",
    "br",
    "code",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "time",
    "tr",
    "ul",
}
ATTRIBUTES = {("a", "href"), ("time", "datetime"), *((f"h{n}", "id") for n in range(1, 5))}
SCHEMES = ("http://", "https://", "mailto:", "tel:", "#", "/")


def elements(html):
    """Return every element below the body as a browser builds it."""
    body = html5lib.parse(f"<!doctype html><body>{html}", namespaceHTMLElements=False).find("body")
    return [element for element in body.iter() if element is not body]


def assert_harmless(html):
    for element in elements(html):
        assert element.tag in TAGS, html
        for name, value in element.attrib.items():
            assert (element.tag, name) in ATTRIBUTES, html
            if name == "href":
                assert not value.lower().strip().startswith(("javascript", "data", "vbscript")), html
                assert value.startswith(SCHEMES) or ":" not in value.split("/")[0], html


# -- escape ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "*not* _stressed_", "`code`", "# no heading", "## none either", "1. not a list", "1) nor this", "- nor this", "+49 30 5550", "> not quoted", "a\\b",
        "[no](https://link.example)", "<b>not bold</b>", "<https://x.example>", "a | b | c", "---", "===", "{#id}", "{: .class }", "!picture", "![no](x.png)",
        "~~no~~", "100% & more", "a_b_c", "2 * 3 * 4", ":colon", "Tom's \"quote\"", "{{7*7}}", "${name}", "&amp;",
    ],
)  # fmt: skip
def test_a_plain_string_shows_as_it_is(words):
    assert one_line(escape(words)) == words
    assert {element.tag for element in elements(to_html(escape(words)))} == {"p"}


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=40))
def test_any_plain_line_shows_as_it_is(words):
    assert one_line(escape(words)) == words
    assert_harmless(to_html(escape(words)))


# -- times and slots -------------------------------------------------------------------------------------------


def test_a_time_is_an_element_in_html_and_words_in_text():
    source = f"It began at {timed('2026-11-18T10:12+01:00', '10:12 CET')}."
    assert to_html(source) == '<p>It began at <time datetime="2026-11-18T10:12+01:00">10:12 CET</time>.</p>'
    assert to_text(source) == "It began at 10:12 CET.\n"
    assert plain_times(source) == "It began at 10:12 CET."


def test_a_time_survives_in_bold_in_headings_and_in_lists():
    mark = timed("2026-11-18", "18 November")
    for source in (f"**{mark}**", f"# {mark}", f"- {mark}", f"> {mark}", f"[{mark}](https://x.example)"):
        assert '<time datetime="2026-11-18">18 November</time>' in to_html(source)
        assert "18 November" in to_text(source)


def test_a_slot_stays_until_it_is_filled_and_what_fills_it_is_only_text():
    source = f"{slot('reader.greeting')}\n\n{slot('recipient.n')} payments, {slot('recipient.n')} in all"
    assert slots(source) == ("reader.greeting", "recipient.n")
    values = {"reader.greeting": "Dear <script>alert(1)</script> & *Co*", "recipient.n": "9"}
    html = fill(to_html(source), values, in_html=True)
    assert "<p>Dear &lt;script&gt;alert(1)&lt;/script&gt; &amp; *Co*</p>" in html
    assert_harmless(html)
    assert fill(to_text(source), values) == "Dear <script>alert(1)</script> & *Co*\n\n9 payments, 9 in all\n"


def test_a_slot_without_a_value_is_an_error_and_not_a_hole():
    with pytest.raises(KeyError):
        fill(slot("recipient.n"), {})


# -- to text ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("# Title\n\nWords\nin one\nparagraph.", "Title\n\nWords in one paragraph.\n"),
        ("See [the page](https://x.example/a).", "See the page (https://x.example/a).\n"),
        ("<https://x.example/a>", "https://x.example/a\n"),
        ("Write to [help@x.example](mailto:help@x.example).", "Write to help@x.example.\n"),
        ("Write to [us](mailto:help@x.example).", "Write to us (help@x.example).\n"),
        ("Call [us](tel:+4930).", "Call us (+4930).\n"),
        ("[below](#here)", "below\n"),
        ("- one\n- two\n\nAfter.", "- one\n- two\n\nAfter.\n"),
        ("- one\n\n- two\n\nAfter.", "- one\n- two\n\nAfter.\n"),
        ("1. one\n2. two", "1. one\n2. two\n"),
        ("- one\n    - deep\n    - deeper\n- two", "- one\n  - deep\n  - deeper\n- two\n"),
        ("- one\n    1. first\n    2. second\n- two", "- one\n  1. first\n  2. second\n- two\n"),
        ("- one\n\n    more of one\n\n- two", "- one\nmore of one\n- two\n"),
        ("> quoted", "quoted\n"),
        ("Name  \nRole  \nDay", "Name\nRole\nDay\n"),
        ("**bold** and *stressed*", "bold and stressed\n"),
        ("a &amp; b &lt; c", "a & b < c\n"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a | b\n1 | 2\n"),
        ("", "\n"),
    ],
)
def test_text_says_what_html_says(source, text):
    assert to_text(source) == text


# -- block by block --------------------------------------------------------------------------------------------

PIECES = [
    "words", "18. November", "1. one", "**bold**", "**", "a **b** c", "#### Head {#x-1}", "## H {#1}", "## H {# x}", "# **b**", "- item", "- b\n- c", "**bold** x", "*em*", "# Head", "## H {#id}", "# T\nmore", "Title\n====", "> quoted",
    "    code", "  two", "    more of it", "- a\n    - deep", "| a | b |\n|---|---|\n| 1 | 2 |", "---", "+ plus", "a_b_c", "_em_", "`code`", "&", "&amp;", "\xa0",
    "- a\n\n- b", "- **b:** c", "> q\n> r", "[us](mailto:a@b.example)", "\\+49", "\\", "\\*", "\\>", "a  \nb", "a\nb", "<https://x.example/#a>", '"q"', "(", "- ", "> ",
    "<https://x.example/a_b>", "<a@b.example>", "[x](https://e.example)", "[a]", "[a]: https://e.example", "<b>", "<div>", "{: .x }", "\t", "\r\n", "  \n", "\n", " ",
    timed("2026-11-18T10:12+01:00", "10:12 CET"), slot("recipient.failed_payments.with_unit"), slot("reader.greeting"),
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, "\n\n", "\n\n", "\n\n"]), max_size=12).map("".join))
def test_a_text_read_block_by_block_is_the_text_read_whole(source):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prose, "html_of", lambda _block: None)
        html, lines = prose._html.__wrapped__(source), prose._Plain()
    lines.feed(html)
    assert to_html(source) == html
    assert to_text(source) == re.sub(r"\n{3,}", "\n\n", "\n".join(lines.result())).strip() + "\n"


@pytest.mark.parametrize("source", ["words*em**em*`code`", "a **b* c** `d`*e*", "*a**b*[c](https://d.example)"])
def test_no_mark_of_the_parser_stands_where_words_belong(source):
    """Python-Markdown leaves its own placeholder where emphasis overlaps code: readers would see klzzwxh:0000."""
    assert "klzzwxh" not in to_html(source)
    assert all(word in to_text(source) for word in re.findall(r"\w{2,}", source))


# -- hostile ---------------------------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))", "[x](data:text/html;base64,PHNjcmlwdD4=)", "[x](vbscript:x)", "![x](https://evil.example/track.png)", "![x](//evil.example/x)",
    "<a href='javascript:alert(1)'>x</a>", "<a href=x onclick=alert(1)>x</a>", "<iframe src=//evil.example></iframe>", "<style>body{display:none}</style>",
    "<https://evil.example onmouseover=alert(1)>", "[x](<javascript:alert(1)>)", "[x]: javascript:alert(1)\n\n[x]", "&#106;avascript:alert(1)", "[x](&#106;avascript:alert(1))",
    "x {: onclick=alert(1) }", "# x {: onclick=alert(1) style=position:fixed }", "x\n{: #top .evil }", "<form action=//evil.example><input></form>", "<base href=//evil.example>",
    "<meta http-equiv=refresh content=0;url=//evil.example>", "<link rel=stylesheet href=//evil.example>", "<object data=x></object>", "<math><mtext></p><script>1</script>",
    "`<script>`", "```\n<script>alert(1)</script>\n```", "    <script>alert(1)</script>", "<!-- --><script>alert(1)</script>", "<![CDATA[<script>alert(1)</script>]]>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>", '"><script>alert(1)</script>', '[a](https://x.example "onmouseover=alert(1)")', '[a](https://x.example" onmouseover="alert(1))',
    "<p title='</p><script>alert(1)</script>'>", "{{7*7}}", "<a name=x id=y>", "<details open ontoggle=alert(1)>",
]  # fmt: skip


@pytest.mark.parametrize("source", HOSTILE)
def test_nothing_active_comes_through(source):
    for words in (source, f"- {source}", f"> {source}", f"before {source} after", escape(source)):
        assert_harmless(to_html(words))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *HOSTILE,
                "\n",
                "\n\n",
                " ",
                "    ",
                "- ",
                "> ",
                "**",
                "`",
                "<",
                ">",
                "[",
                "](",
                ")",
                '"',
                "'",
                "&",
                "{",
                "}",
                "\\",
                "x",
            ]
        ),
        max_size=8,
    ).map("".join)
)
def test_no_element_or_attribute_off_the_list_whatever_is_put_together(source):
    assert_harmless(to_html(source))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_element_or_attribute_off_the_list_whatever_is_written(source):
    assert_harmless(to_html(source))


# -- sentences -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Am 18. November fielen sie aus. Seit 12:47 Uhr gehen sie.", ["Am 18. November fielen sie aus.", "Seit 12:47 Uhr gehen sie."]),
        ("Manche Karten, z.B. Debitkarten, gehen. Andere nicht.", ["Manche Karten, z.B. Debitkarten, gehen.", "Andere nicht."]),
        ("Manche, z. B. Debitkarten, gehen. Andere nicht.", ["Manche, z. B. Debitkarten, gehen.", "Andere nicht."]),
        ("Das sind ca. 20 Menschen. Mehr nicht.", ["Das sind ca. 20 Menschen.", "Mehr nicht."]),
        ("Some, e.g. Debit cards, work. Others do not.", ["Some, e.g. Debit cards, work.", "Others do not."]),
        ("Dr. Weil answers. Write to him.", ["Dr. Weil answers.", "Write to him."]),
        ("Next update by 16:30. We are sorry.", ["Next update by 16:30.", "We are sorry."]),
        ("We sold 12,400. We are sorry.", ["We sold 12,400.", "We are sorry."]),
        ('He said "No." Then he left.', ['He said "No."', "Then he left."]),
        ("Er sagte „Nein.“ Dann ging er.", ["Er sagte „Nein.“", "Dann ging er."]),
        ("It works (mostly.) We watch.", ["It works (mostly.)", "We watch."]),
        ("Wait ... then pay again.", ["Wait ... then pay again."]),
        ("Über uns. Älteres folgt.", ["Über uns.", "Älteres folgt."]),
        ("", []),
        ("  One.  ", ["One."]),
    ],
)  # fmt: skip
def test_sentences(text, parts):
    assert sentences(text) == parts


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='Ab1. !?"„“)zB:,\n', max_size=60))
def test_no_letter_is_lost_between_sentences(text):
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    "text", ["[" * 20_000, "![" * 10_000, "[a](b" * 5_000, "> " * 5_000 + "words", "- " * 5_000 + "words"]
)
def test_what_would_cost_a_parser_minutes_or_its_stack_is_shown_as_it_is(text):
    began = time.process_time()
    assert to_text(text).strip()
    assert time.process_time() - began < 5
