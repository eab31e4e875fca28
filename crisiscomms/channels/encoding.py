"""Text as a mail carries it: header words, addresses and bodies in ASCII, with places kept free for each reader's own.

A value is called plain where it is so simple that no parser can read it as anything else. What is not plain has to be
read back in its mail before anyone may send it.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterator, Mapping
from email.header import Header
from functools import lru_cache
from typing import NamedTuple

from crisiscomms.channels.base import Rejected
from crisiscomms.fields import is_email
from crisiscomms.messages.prose import split_at_slots
from crisiscomms.record.tree import invisible

_CRLF = "\r\n"
_FOLD_AT = 76
#: A name of so many bytes fits into one encoded word, and so into one line.
_WORD = 45
# Python prints none of these, so few texts are ever searched for them, and the patterns take long to make.
_NOT_IN_HEADER = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ue000-\ue005]"
_NOT_IN_BODY = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ue000-\ue005]"
_ENCODED_WORD = re.compile(r"=\?.*\?=")
#: Words apart by one space each, without any sign that means something in the grammar of addresses.
_PLAIN_NAME = re.compile(r'[^\s\x00-\x1f\x7f"(),:;<=>?@[\\\]]+(?: [^\s\x00-\x1f\x7f"(),:;<=>?@[\\\]]+)*')
_PLAIN_WORDS = re.compile(r"(?!.*=\?)[!-~]+(?: [!-~]+)*")
#: What reads the same in text, in HTML and in quoted-printable.
_SAME_EVERYWHERE = re.compile(r"(?!\.)[ !#$%(-;?-~]{1,70}")
_LINE_END = re.compile(r"\r\n|\r|\n")


def header_flaw(text: str) -> str:
    """Return why a text may not stand in a header, or an empty string. The text itself is not repeated."""
    unseen = None if text.isprintable() else re.search(_NOT_IN_HEADER, text)
    if found := unseen or next(iter(invisible(text)), None):
        return f"holds the hidden character U+{ord(found[0]):04X}"
    return "holds an encoded word (=?...?=)" if _ENCODED_WORD.search(text) else ""


def subject(text: str) -> tuple[str, bool]:
    """Return a subject as its header has it, and whether it is plain. Raises Rejected."""
    text = re.sub(" +", " ", text).strip()
    if len(text) <= _FOLD_AT - len("Subject: ") and _PLAIN_WORDS.fullmatch(text):
        return text, True
    if flaw := header_flaw(text):
        raise Rejected(f"the subject {flaw}")
    return _encoded("Subject", text), False


def recipient(name: str, email: str) -> tuple[str, bool]:
    """Return a recipient as the header To has them, and whether they are plain. Raises Rejected."""
    if not is_email(email) or ("=?" in email and _ENCODED_WORD.search(email)):
        raise Rejected("the recipient's address is not a plain e-mail address")
    if not name:
        return email, True
    plain = len(name) <= _WORD and _PLAIN_NAME.fullmatch(name) is not None
    if plain and name.isascii():
        return _beside("To", f'"{name}"', email), True
    if flaw := header_flaw(name):
        raise Rejected(f"the recipient's name {flaw}")
    if plain and len(written := name.encode()) <= _WORD:
        word = binascii.b2a_base64(written, newline=False).decode()
        return _beside("To", f"=?utf-8?b?{word}?=", email), True
    return address("To", re.sub(" +", " ", name).strip(), email), False


def address(header: str, name: str, email: str) -> str:
    """Return `name <email>` for a header, or the bare address."""
    if not name:
        return email
    quoted = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return _beside(header, quoted if name.isascii() else _encoded(header, name), email)


def _beside(header: str, phrase: str, email: str) -> str:
    room = _FOLD_AT - len(phrase.rpartition(_CRLF)[2]) - len(header)
    return f"{phrase}{' ' if len(email) + 5 <= room else _CRLF + ' '}<{email}>"


@lru_cache(maxsize=512)
def _encoded(header: str, text: str) -> str:
    charset = "us-ascii" if text.isascii() else "utf-8"
    return Header(text, charset, header_name=header).encode(linesep=_CRLF)


class Quoted(NamedTuple):
    """A slot in a quoted-printable part: its value stands on lines of its own, which go on into the next."""

    subtype: str
    name: str

    def filled(self, values: Mapping[str, str]) -> bytes:
        """Return the encoded value. Raises KeyError and Rejected."""
        value = values[self.name]
        return _as_is(value) or _quoted(_value(self.subtype, value))


@lru_cache(maxsize=4096)
def _as_is(value: str) -> bytes:
    """Return a value in quoted-printable where it needs no encoding anywhere, else nothing. Readers share most figures."""
    return value.encode() + b"=\r\n" if _SAME_EVERYWHERE.fullmatch(value) else b""


class Packed(NamedTuple):
    """The slots of a base64 part, and what stands behind them. `left` are the bytes before the first that are not encoded.

    Base64 makes groups of three bytes, so what follows a slot begins in one of three ways: by how many bytes the value
    lacks for a whole number of groups. Each way is those bytes, the encoded groups after them, and what is left.
    """

    subtype: str
    left: bytes
    slots: tuple[tuple[str, tuple[tuple[bytes, bytes, bytes], ...]], ...]

    def filled(self, values: Mapping[str, str]) -> bytes:
        """Return the encoded rest of the part. Raises KeyError and Rejected."""
        encoded, left = [], self.left
        for name, ways in self.slots:
            data = left + _value(self.subtype, values[name])
            lacking, groups, rest = ways[-len(data) % 3]
            data += lacking
            whole = len(data) // 3 * 3
            encoded += [_packed(data[:whole]), groups]
            left = data[whole:] + rest
        return b"".join((*encoded, _packed(left)))


Piece = bytes | Quoted | Packed


def body(boundary: str, text: str, html: str) -> tuple[Piece, ...]:
    """Return a multipart body of both forms: bytes that are the same for everyone, and what is filled for each reader.

    Neither encoding can produce `=_`, so a boundary that begins with it never stands in a part. Raises Rejected.
    """
    pieces: list[Piece] = []
    for subtype, form in (("plain", text), ("html", html)):
        encoding, encoded = _part(subtype, form.rstrip("\r\n"))
        head = f'--{boundary}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
        pieces += [head.encode(), *encoded]
    pieces.append(f"--{boundary}--\r\n".encode())
    return tuple(_joined(pieces))


def _joined(pieces: list[Piece]) -> Iterator[Piece]:
    fixed = b""
    for piece in pieces:
        if isinstance(piece, bytes):
            fixed += piece
        else:
            yield from (fixed, piece)
            fixed = b""
    yield fixed


def plain_bytes(subtype: str, text: str) -> bytes:
    """Return a form of the body before its encoding, with the line ends of mails. Raises Rejected."""
    if text.isprintable():
        return text.encode()
    if found := re.search(_NOT_IN_BODY, text):
        form = "HTML" if subtype == "html" else "text"
        raise Rejected(f"the mail's {form} holds the hidden character U+{ord(found[0]):04X}")
    return _LINE_END.sub(_CRLF, text).encode()


def _part(subtype: str, text: str) -> tuple[str, list[Piece]]:
    """Return a part in the shorter of the two encodings, and its name."""
    words = split_at_slots(text)
    names, fixed = words[1::2], [plain_bytes(subtype, each) for each in words[::2]]
    quoted: list[Piece] = []
    for data, name in zip(fixed, names, strict=False):
        quoted += [_quoted(data), Quoted(subtype, name)]
    # The line end is encoded along, as the encoder takes its own line ends from the first one it meets.
    quoted.append(_undotted(binascii.b2a_qp(fixed[-1] + b"\r\n", istext=True)))
    packed = _packed(b"".join(fixed))
    if sum(len(piece) for piece in quoted if isinstance(piece, bytes)) <= len(packed):
        return "quoted-printable", quoted
    if not names:
        return "base64", [packed]
    _, start, left = _groups(fixed[0], 0)
    slots = [(name, tuple(_groups(data, n) for n in range(3))) for name, data in zip(names, fixed[1:], strict=True)]
    return "base64", [start, Packed(subtype, left, tuple(slots))]


def _groups(data: bytes, first: int) -> tuple[bytes, bytes, bytes]:
    """Return some bytes in three: the first so many, the groups of three after them in base64, and what is left."""
    whole = max(first, len(data) - (len(data) - first) % 3)
    return data[:first], _packed(data[first:whole]), data[whole:]


def _value(subtype: str, value: str) -> bytes:
    return plain_bytes(subtype, html.escape(value) if subtype == "html" else value)


def _quoted(data: bytes) -> bytes:
    """Return bytes in quoted-printable, ended so that the next line goes on where they end."""
    # An equals sign is longer than the sign of a line that goes on, so where it fits, that one does.
    quoted = binascii.b2a_qp(data + b"=\r\n", istext=True).removesuffix(b"=3D\r\n")
    if binascii.a2b_qp(quoted) != data:
        raise Rejected("the mail's body does not read back as it was written")
    return _undotted(quoted if quoted.endswith(b"\r\n") or not quoted else quoted + b"=\r\n")


def _undotted(quoted: bytes) -> bytes:
    """Return quoted-printable lines of which none begins with a dot, so that they go over the wire as they are."""
    undotted = quoted.replace(b"\r\n.", b"\r\n=2E")
    return b"=2E" + undotted[1:] if undotted.startswith(b".") else undotted


def _packed(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")
