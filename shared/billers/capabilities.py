"""What a biller's release of Caselle Connect can do; an admin's override goes before the release."""

from dataclasses import dataclass
from typing import Final

from shared.billers.model import Biller

MINIMUM_VERSION: Final = "2021.02.160"
"""The oldest Connect release that Caselle supports for online payments; below it a biller cannot go live."""

RECEIPT: Final = "receipt"
VOID_RECEIPT: Final = "void_receipt"

UNCHECKED: Final = "operation_unchecked"
NOT_OPTED_IN: Final = "operation_off"
OFF_REASONS: Final = frozenset({UNCHECKED, NOT_OPTED_IN})

_QUERY_AND_VOID = "2025.11"
# From 2025.02 the receipt number generator copes with payments that arrive within the same second.
_PARALLEL_RECEIPTS = "2025.02"
_USUAL_SLOTS = 2


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote operation: Caselle's name of it, and the digest of our document."""

    name: str
    document: str


def off_reason(biller: Biller, remote: Remote) -> str | None:
    """Why an operation that is only assumed stays off for a biller, or None: it passed, and the biller opted in."""
    passed = biller.contract_passes.get(remote.name)
    if passed is None or passed.document != remote.document:
        return UNCHECKED
    return None if remote.name in biller.features else NOT_OPTED_IN


def at_least(version: str | None, minimum: str) -> bool:
    """Whether a release such as ``2025.11.014`` is the minimum or later; an unknown one is not."""
    return version is not None and _parts(version) >= _parts(minimum)


def can_query_receipts(biller: Biller) -> bool:
    """Whether Caselle can be asked if a receipt exists."""
    return biller.capability_overrides.get(RECEIPT, at_least(biller.connect_version, _QUERY_AND_VOID))


def can_void(biller: Biller) -> bool:
    """Whether a receipt can be voided over the web service."""
    return biller.capability_overrides.get(VOID_RECEIPT, at_least(biller.connect_version, _QUERY_AND_VOID))


def slots(biller: Biller) -> int:
    """How many payments may be on their way to the city's server at once."""
    if not at_least(biller.connect_version, _PARALLEL_RECEIPTS):
        return 1
    return biller.slots or _USUAL_SLOTS


def _parts(version: str) -> list[int]:
    parts = [int(part) for part in version.split(".")]
    while parts and parts[-1] == 0:
        parts.pop()  # 2025.11 and 2025.11.0 are one release
    return parts
