"""Which encoding a text file is in: told by its first bytes, or by what it cannot be."""

import codecs
from pathlib import Path
from typing import Final

from admin.errors import WrongUse

_HEAD: Final = 4096
_CHUNK: Final = 1024 * 1024
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def detect(path: Path) -> str:
    """utf-8, utf-8-sig, utf-16 (-le, -be without its mark) or, where it is none of these, cp1252.

    Raises:
        WrongUse: the file is no text.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for mark, name in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return name
    if 0 in head:
        return _wide(head)
    return "utf-8" if _is_utf8(path) else "cp1252"


def _wide(head: bytes) -> str:
    """Latin text in UTF-16 has a zero in every other byte."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > half * 0.7 and even < half * 0.1:
        return "utf-16-le"
    if even > half * 0.7 and odd < half * 0.1:
        return "utf-16-be"
    raise WrongUse("The file is no text: export it as CSV, as text of fixed width, or as .xlsx.")


def _is_utf8(path: Path) -> bool:
    """A few damaged characters do not make another encoding of it."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    letters = damaged = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            text = decoder.decode(chunk)
            if not text.isascii():
                letters += len(text) - len(text.encode("ascii", "ignore"))
                damaged += text.count("\N{REPLACEMENT CHARACTER}")
    damaged += len(decoder.decode(b"", final=True))
    return letters >= 2 * damaged
