"""Word documents: the text of `word/document.xml`, paragraph by paragraph.

A document is a zip of XML files that anybody may have made: its size is bounded before and while it is unpacked, and
an XML file that declares anything of its own (a DTD, an entity) is refused.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from xml.parsers import expat

from crisiscomms.review.texts.docx_text import Paragraphs, Refused
from crisiscomms.review.texts.problems import unreadable
from crisiscomms.review.texts.written import Written

_BODY = "word/document.xml"
_LINKS = "word/_rels/document.xml.rels"
_MOST_UNPACKED = 10_000_000
_MOST_RATIO = 200
_MOST_ENTRIES = 5_000
_OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_AGAIN = "Open it in Word or LibreOffice and save it again as .docx, or paste the text into a .txt file."


def read_docx(name: str, raw: bytes) -> Written:
    """Read a Word document. Places are numbers of paragraphs. Raises InvalidInput."""
    if raw.startswith(_OLD_OR_LOCKED):
        message = "is locked with a password, or was saved by an old Word (.doc)"
        raise unreadable(name, message, "Save it without a password, as .docx.")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if len(archive.infolist()) > _MOST_ENTRIES:
                raise unreadable(name, "holds far too many files for a Word document", _AGAIN)
            body = _part(name, archive, _BODY)
            links = _part(name, archive, _LINKS) if _LINKS in archive.namelist() else b""
    except KeyError as error:
        raise unreadable(name, f"is no Word document: there is no {_BODY} in it", _AGAIN) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise unreadable(name, "is no Word document, or it is broken", _AGAIN) from error
    reader = Paragraphs()
    try:
        if links:
            reader.read_links(links)
        reader.read(body)
    except expat.ExpatError as error:
        message = f"is broken: {_BODY} cannot be read ({expat.ErrorString(error.code)})"
        raise unreadable(name, message, _AGAIN) from error
    except (Refused, ValueError, LookupError) as error:
        raise unreadable(name, f"cannot be read: {error}", _AGAIN) from error
    return Written(name, reader.text, tuple(reader.marks), counts="paragraph")


def _part(name: str, archive: zipfile.ZipFile, part: str) -> bytes:
    """Return one file of the document, unpacked. Raises InvalidInput where it is locked or swells beyond all measure."""
    info = archive.getinfo(part)
    if info.flag_bits & 1:
        raise unreadable(name, "is locked with a password", "Save it without a password, as .docx.")
    if info.file_size > _MOST_UNPACKED or info.file_size > max(1, info.compress_size) * _MOST_RATIO:
        raise unreadable(name, f"swells to {info.file_size:,} bytes when it is unpacked: no letter does", _AGAIN)
    with archive.open(info) as packed:
        body = packed.read(_MOST_UNPACKED + 1)
    if len(body) > _MOST_UNPACKED:
        raise unreadable(name, "swells beyond all measure when it is unpacked: no letter does", _AGAIN)
    return body
