"""What can be wrong with a delivery of bill images: a closed list, each with what it means and how to mend it."""

from dataclasses import dataclass
from enum import StrEnum

from admin.invoices.faults import Advice


class Fault(StrEnum):
    """The code of one fault."""

    MISSING = "missing"
    EXTRA = "extra"
    TWICE = "twice"
    SAME_CONTENT = "same_content"
    EMPTY = "empty"
    UNREADABLE = "unreadable"
    ENCRYPTED = "encrypted"
    NO_IMAGE = "no_image"
    TOO_LARGE = "too_large"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Seen:
    """What an image is: a fault, or its number of pages and, where asked for, its first page as PNG."""

    fault: Fault | None
    pages: int = 0
    preview: bytes = b""


_NAMING = "Name each image by the rule that the others follow, or change the rule with --naming."

ADVICE = {
    Fault.MISSING: Advice("The invoice has no image.", "Print the bills of the same run as the invoice file."),
    Fault.EXTRA: Advice("No invoice of the file has this image's number, or its name has none.", _NAMING),
    Fault.TWICE: Advice(
        "Several images have the number of one invoice.", "Keep the one that was sent to the customer."
    ),
    Fault.SAME_CONTENT: Advice(
        "Two invoices have the very same image.", "One customer would see another's bill: print both again."
    ),
    Fault.EMPTY: Advice("The image has no content.", "Print the bill again; look whether the disk was full."),
    Fault.UNREADABLE: Advice("The image is damaged.", "Copy or print it again, and transfer files as binary."),
    Fault.ENCRYPTED: Advice("The image needs a password.", "Save it without one."),
    Fault.NO_IMAGE: Advice("The file is neither PDF nor TIFF nor PNG.", "Leave it out, or print the bill as PDF."),
    Fault.TOO_LARGE: Advice("The image is larger than a bill can be.", "Print it with a lower resolution."),
    Fault.LINK: Advice("A link or a device, not a file; it was not opened.", "Copy the file itself into the folder."),
}
