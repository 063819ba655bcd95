"""Match a delivery of bill images with the invoices they belong to, and look into each of them."""

import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from admin.archives import Limits, shown
from admin.images import delivery
from admin.images.delivery import Item
from admin.images.faults import Fault, Seen
from admin.images.inspector import Inspector
from admin.images.naming import Named, Naming
from admin.output_folder import OutputFolder
from admin.spreadsheets import safe_row

LISTED: Final = "images.csv"
_EXAMPLES: Final = 5

type Progress = Callable[[str, float], None]
type _Write = Callable[[list[str]], object]


@dataclass(slots=True)
class Tally:
    """How often a fault was found, and where first."""

    count: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Matched:
    """What one check found."""

    naming: Naming
    invoices: int
    files: int = 0
    matched: int = 0
    """Invoices with an image that can be read."""
    pages: int = 0
    faults: dict[Fault, Tally] = field(default_factory=dict)
    previews: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def in_order(self) -> bool:
        """Whether each invoice has its image, and no image is anything else."""
        return not self.faults

    def add(self, fault: Fault, name: str, detail: str) -> None:
        """Count one fault."""
        tally = self.faults.setdefault(fault, Tally())
        tally.count += 1
        if len(tally.examples) < _EXAMPLES:
            tally.examples.append((shown(name), shown(detail)))


@dataclass(slots=True)
class _Matcher:
    """What has come so far."""

    by_key: Mapping[str, str]
    customers: Mapping[str, str]
    read: Callable[[str], Named | None]
    files: dict[tuple[str, str], str] = field(default_factory=dict)
    """Names by invoice and page."""
    contents: dict[bytes, str] = field(default_factory=dict)
    """Invoices by digest of their image."""
    readable: set[str] = field(default_factory=set)

    def invoice_of(self, name: str) -> tuple[str, str, str]:
        """The invoice and page that a name says, or no invoice and why."""
        named = self.read(name)
        if named is None:
            return "", "", "the name does not follow the rule"
        invoice = self.by_key.get(named.invoice, "")
        if not invoice:
            return "", "", f"no invoice {named.invoice}"
        customer = self.customers[invoice]
        if named.customer and customer and named.customer.lstrip("0") != customer.lstrip("0"):
            return "", "", f"invoice {invoice} is customer {customer}'s"
        return invoice, named.page, ""

    def wrong(self, name: str, content: bytes, seen: Seen) -> tuple[str, Fault | None, str]:
        """The image's invoice, and what is wrong with it."""
        invoice, page, why = self.invoice_of(name)
        if seen.fault or not invoice:
            if invoice:
                self.files.setdefault((invoice, page), name)
            return invoice, seen.fault or Fault.EXTRA, "" if seen.fault else why
        first = self.files.setdefault((invoice, page), name)
        if first != name:
            return invoice, Fault.TWICE, f"{first} is invoice {invoice} too"
        other = self.contents.setdefault(hashlib.sha256(content).digest(), invoice)
        if other != invoice:
            return invoice, Fault.SAME_CONTENT, f"like the image of invoice {other}"
        self.readable.add(invoice)
        return invoice, None, ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A folder or an archive, and the names in it."""

    path: Path
    names: tuple[str, ...]
    limits: Limits = delivery.LIMITS

    @classmethod
    def of(cls, path: Path, limits: Limits = delivery.LIMITS) -> "Delivery":
        """List the names; nothing is opened yet.

        Raises:
            WrongUse: it is refused.
        """
        with delivery.opened(path, limits) as items:
            return cls(path, tuple(item.name for item in items), limits)

    def sample(self, count: int) -> frozenset[str]:
        """So many names from all over the delivery, the same whenever the names are the same."""
        return frozenset(sorted(self.names, key=lambda name: hashlib.sha256(name.encode()).digest())[:count])


async def check(
    found: Delivery, naming: Naming, customers: Mapping[str, str], out: OutputFolder, progress: Progress, *, sample: int
) -> Matched:
    """Match and look into every image, and write ``images.csv``.

    Args:
        found: the delivery.
        naming: which invoice an image belongs to.
        customers: customer numbers by invoice number, in lower case: the invoices that need an image.
        out: where the list goes.
        progress: told how far it is.
        sample: how many first pages to show.

    Raises:
        WrongUse: the delivery is refused.
    """
    result = Matched(naming, len(customers))
    matcher = _Matcher({naming.key(each): each for each in customers}, customers, naming.reader())
    with delivery.opened(found.path, found.limits) as items, out.text(LISTED) as file:
        writer = csv.writer(file)
        writer.writerow(["file", "invoice", "pages", "what is wrong", "detail"])
        watched = _watched(items, len(found.names), progress)
        await _look(watched, matcher, result, writer.writerow, found.sample(sample))
        _missing(matcher, result, writer.writerow)
    result.matched = len(matcher.readable)
    return result


def _watched(items: Iterable[Item], count: int, progress: Progress) -> Iterator[Item]:
    for at, item in enumerate(items):
        progress("Looking into images", at / max(count, 1))
        yield item


async def _look(
    items: Iterable[Item], matcher: _Matcher, result: Matched, write: _Write, previews: frozenset[str]
) -> None:
    async with Inspector() as inspector:
        for item in items:
            content = b"" if item.fault else item.read()
            seen = await inspector.look(content, preview=item.name in previews) if not item.fault else Seen(item.fault)
            invoice, fault, detail = matcher.wrong(item.name, content, seen)
            result.files += 1
            result.pages += seen.pages
            if seen.preview:
                result.previews.append((item.name, seen.preview))
            if fault:
                result.add(fault, item.name, detail)
            write(safe_row([item.name, invoice, seen.pages or "", fault or "", detail]))


def _missing(matcher: _Matcher, result: Matched, write: _Write) -> None:
    delivered = {invoice for invoice, _ in matcher.files}
    for invoice in matcher.customers:
        if invoice not in delivered:
            result.add(Fault.MISSING, invoice, "")
            write(safe_row(["", invoice, "", Fault.MISSING, ""]))
