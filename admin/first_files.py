"""What set-up keeps of a biller's first files: how to read them, and what the last check of them found."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from admin.billers import record
from shared.billers.model import FormDefinition

if TYPE_CHECKING:
    from admin.stamp import Stamp


FIRST_FILE: Final = "first file: open items only"
IMAGES: Final = "bill images received"


class Paper(StrEnum):
    """What is kept, under its name in the biller's record."""

    INVOICE_LAYOUT = "invoiceLayout"
    IMAGE_NAMING = "imageNaming"
    INVOICES = "invoicesChecked"
    IMAGES = "imagesChecked"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the checklist."""

    name: str
    good: bool | None
    """None: nobody has looked yet."""
    shows: str
    remedy: str


async def kept(stamp: "Stamp", biller_id: str) -> dict[str, dict[str, Any]]:
    """What the biller's record has of all this.

    Raises:
        WrongUse: there is no such biller.
    """
    return dict((await record.known(stamp, biller_id)).first_files)


async def keep(stamp: "Stamp", biller_id: str, what: str, papers: Mapping[Paper, dict[str, Any]]) -> None:
    """Write these into the biller's record, and into the audit.

    Raises:
        WrongUse: there is no such biller, or somebody else changed it at the same moment.
    """
    before = await record.known(stamp, biller_id)
    files = before.first_files | {paper.value: values for paper, values in papers.items()}
    changes: dict[str, Any] = {"first_files": files}
    if Paper.INVOICES in papers:
        changes["form_definition"] = form_definition(papers[Paper.INVOICES])
    await record.change(stamp, what, before, before.model_copy(update=changes))


def checklist(papers: Mapping[str, Mapping[str, Any]]) -> list[Item]:
    """The two lines that ``biller check`` shows of them."""
    return [_open_items_only(papers.get(Paper.INVOICES)), _images_received(papers.get(Paper.IMAGES))]


def form_definition(invoices: Mapping[str, Any]) -> FormDefinition:
    """What a check of an export shows of the form definition that made it."""
    if not invoices["lines"]:
        return FormDefinition.MISSING
    return FormDefinition.OPEN_ITEMS_ONLY if invoices["inOrder"] else FormDefinition.IMPORTED


def _open_items_only(invoices: Mapping[str, Any] | None) -> Item:
    if invoices is None:
        return Item(FIRST_FILE, None, "no export was checked", "`invoices check FILE --biller BID`.")
    shows = f"{invoices['file']}, {invoices['checkedAt'][:10]}: {invoices['lines']} bills, {_faults(invoices)}"
    return Item(FIRST_FILE, bool(invoices["inOrder"]), shows, "Mend what its report says, and check again.")


def _images_received(images: Mapping[str, Any] | None) -> Item:
    if images is None:
        remedy = "`images check DIR --invoices FILE --biller BID`; or `biller confirm billImages`."
        return Item(IMAGES, None, "no images were checked", remedy)
    shows = f"{images['file']}, {images['checkedAt'][:10]}: {images['matched']} images, {_faults(images)}"
    return Item(IMAGES, bool(images["inOrder"]), shows, "Mend what its report says, and check again.")


def _faults(checked: Mapping[str, Any]) -> str:
    return ", ".join(f"{count} {code}" for code, count in checked["faults"].items()) or "nothing is wrong"
