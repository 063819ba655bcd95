"""The first pages of a sample, side by side with their names, for a person to look at."""

import io
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont

_ACROSS: Final = 4
_CELL: Final = (320, 440)
_MARGIN: Final = 10
_TEXT_HEIGHT: Final = 24
_LONGEST: Final = 44
_PAPER: Final = "white"
_INK: Final = "black"


def contact_sheet(previews: Sequence[tuple[str, bytes]]) -> bytes:
    """A PNG of these pages; names and the pages as PNG."""
    down = -(-len(previews) // _ACROSS)
    sheet = Image.new("RGB", (_CELL[0] * min(len(previews), _ACROSS), _CELL[1] * down), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=12)
    for at, (name, content) in enumerate(previews):
        left, top = (at % _ACROSS) * _CELL[0] + _MARGIN, (at // _ACROSS) * _CELL[1] + _MARGIN
        draw.text((left, top), _label(name), fill=_INK, font=font)
        with Image.open(io.BytesIO(content), formats=["PNG"]) as page:
            sheet.paste(page, (left, top + _TEXT_HEIGHT))
            draw.rectangle(
                (left, top + _TEXT_HEIGHT, left + page.width, top + _TEXT_HEIGHT + page.height), outline=_INK
            )
    target = io.BytesIO()
    sheet.save(target, "PNG")
    return target.getvalue()


def _label(name: str) -> str:
    """The end of a name tells images apart; the built-in font has Latin letters only."""
    plain = "".join(letter if " " <= letter <= "\xff" else "?" for letter in name)
    return plain if len(plain) <= _LONGEST else f"...{plain[3 - _LONGEST :]}"
