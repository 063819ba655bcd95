"""Look into one image, from its bytes. Runs in a process of its own: decoders are large, and the files are foreign."""

import io
from typing import Any, Final

from PIL import Image

from admin.images.faults import Fault, Seen

MOST_PIXELS: Final = 60_000_000
_PREVIEW: Final = (300, 390)
_PDF: Final = b"%PDF-"
_TIFF: Final = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_SEARCHED: Final = 1024
_MOST_PAGES: Final = 2000


def look(content: bytes, *, preview: bool) -> Seen:
    """Read the whole image; whatever is wrong with it is a fault, never an error."""
    if not content.strip(b"\0"):
        return Seen(Fault.EMPTY)
    if _PDF in content[:_SEARCHED]:
        return _pdf(content, preview=preview)
    if content.startswith((*_TIFF, _PNG)):
        return _picture(content, preview=preview)
    return Seen(Fault.NO_IMAGE)


def _pdf(content: bytes, *, preview: bool) -> Seen:
    import pypdfium2  # noqa: PLC0415 - loads a large library
    from pypdfium2 import raw  # noqa: PLC0415 - as above

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        return Seen(Fault.ENCRYPTED if error.err_code == raw.FPDF_ERR_PASSWORD else Fault.UNREADABLE)
    try:
        pages = len(document)
        if not 0 < pages <= _MOST_PAGES:
            return Seen(Fault.UNREADABLE if not pages else Fault.TOO_LARGE)
        return _rendered(document[0], pages, preview=preview)
    except pypdfium2.PdfiumError:
        return Seen(Fault.UNREADABLE)
    finally:
        document.close()


def _rendered(page: Any, pages: int, *, preview: bool) -> Seen:  # noqa: ANN401 - pdfium's page has no types
    width, height = page.get_size()
    if not preview:
        return Seen(None, pages)
    scale = min(_PREVIEW[0] / max(width, 1), _PREVIEW[1] / max(height, 1))
    return Seen(None, pages, _png(page.render(scale=scale).to_pil()))


def _picture(content: bytes, *, preview: bool) -> Seen:
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(io.BytesIO(content), formats=["PNG", "TIFF"]) as image:
            if image.width * image.height > MOST_PIXELS:
                return Seen(Fault.TOO_LARGE)
            pages = int(getattr(image, "n_frames", 1))
            # Decoding is the only proof that the picture is whole.
            image.load()
            return Seen(None, pages, _png(image) if preview else b"")
    except Image.DecompressionBombError:
        return Seen(Fault.TOO_LARGE)
    except Exception:  # noqa: BLE001 - decoders raise whatever they stumble over
        return Seen(Fault.UNREADABLE)


def _png(image: Image.Image) -> bytes:
    small = image.convert("RGB")
    small.thumbnail(_PREVIEW)
    target = io.BytesIO()
    small.save(target, "PNG")
    return target.getvalue()
