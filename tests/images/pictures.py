"""Made-up bill images: whole ones, and ones that are broken in each way."""

import io
import struct
import zlib

from PIL import Image, ImageDraw


def page(text: str) -> Image.Image:
    """A small page that says something."""
    image = Image.new("RGB", (170, 220), "white")
    ImageDraw.Draw(image).text((10, 10), text, fill="black")
    return image


def encoded(text: str, kind: str, pages: int = 1) -> bytes:
    """A PDF, TIFF or PNG of such pages."""
    target = io.BytesIO()
    first, *rest = [page(f"{text} page {number + 1}") for number in range(pages)]
    more = {"save_all": True, "append_images": rest} if rest else {}
    first.save(target, kind, **more)
    return target.getvalue()


def encrypted_pdf() -> bytes:
    """A PDF that asks for a password: its key is derived from one that nobody knows."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
        b"<< /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <" + b"ab" * 32 + b"> /U <" + b"cd" * 32 + b"> >>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"<< /Size 5 /Root 1 0 R /Encrypt 4 0 R /ID [<" + b"00" * 16 + b"> <" + b"00" * 16 + b">] >>"
    return (
        body
        + b"xref\n0 5\n0000000000 65535 f \n"
        + table
        + b"trailer\n"
        + trailer
        + b"\nstartxref\n%d\n%%%%EOF\n" % len(body)
    )


def huge_png(side: int) -> bytes:
    """A PNG of few bytes that claims to be so many pixels wide and high."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
