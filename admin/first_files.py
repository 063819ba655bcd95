"""What set-up keeps of a biller's first files: how to read them, and what the last check of them found."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from admin.billers import record

if TYPE_CHECKING:
    from admin.stamp import Stamp


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
    good: bool
    shows: str
    """What was seen, or what to do."""


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
    await record.change(stamp, what, before, before.model_copy(update={"first_files": files}))


def checklist(papers: Mapping[str, Mapping[str, Any]]) -> list[Item]:
    """The three lines that ``biller check`` shows of them."""
    invoices, images = papers.get(Paper.INVOICES), papers.get(Paper.IMAGES)
    return [
        Item("form definition imported", *_imported(invoices)),
        Item("first file: open items only", *_open_only(invoices)),
        Item("bill images received", *_received(images)),
    ]


def _imported(invoices: Mapping[str, Any] | None) -> tuple[bool, str]:
    if invoices is None:
        return False, "no export was checked yet: `invoices check FILE --biller BID`"
    if not invoices["lines"]:
        return False, f"{invoices['file']} has no bills"
    return True, f"{invoices['file']} could be read, {invoices['lines']} bills"


def _open_only(invoices: Mapping[str, Any] | None) -> tuple[bool, str]:
    if invoices is None:
        return False, "no export was checked yet"
    faults = ", ".join(f"{count} {code}" for code, count in invoices["faults"].items()) or "nothing is wrong"
    return bool(invoices["openItemsOnly"] and invoices["inOrder"]), f"{invoices['checkedAt'][:10]}: {faults}"


def _received(images: Mapping[str, Any] | None) -> tuple[bool, str]:
    if images is None:
        return False, "no images were checked yet: `images check DIR --invoices FILE --biller BID`"
    faults = ", ".join(f"{count} {code}" for code, count in images["faults"].items()) or "nothing is wrong"
    return bool(images["inOrder"]), f"{images['checkedAt'][:10]}, {images['matched']} images: {faults}"
