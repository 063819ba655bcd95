"""What a biller's release of Caselle Connect can do; an admin's override goes before the release."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from shared.billers.model import Biller, Capability

MINIMUM_VERSION: Final = "2021.02.160"
"""The oldest Connect release that Caselle supports for online payments; below it a biller cannot go live."""

SINCE: Final[Mapping[Capability, str]] = MappingProxyType(
    {
        Capability.RECEIPT: "2025.11",
        Capability.VOID_RECEIPT: "2025.11",
        Capability.LONG_RECEIPT_NUMBERS: "2025.02",
        Capability.PARALLEL_RECEIPTS: "2025.02",
        Capability.ONLINE_WORKSPACES: "2023.08",
    }
)
"""The release that each capability came with, as Caselle's help says; the last but one follows from the new numbers."""

MEANS: Final[Mapping[Capability, tuple[str, str]]] = MappingProxyType(
    {
        Capability.RECEIPT: ("lost answers are settled by asking", "lost answers are held for a person"),
        Capability.VOID_RECEIPT: ("rejects can void the receipt", "rejects are done by hand"),
        Capability.LONG_RECEIPT_NUMBERS: (
            "receipt numbers do not run out",
            "receipt numbers can run out, and payments are then refused until the update to 2025.02",
        ),
        Capability.PARALLEL_RECEIPTS: ("several payments go at once", "payments go one at a time"),
        Capability.ONLINE_WORKSPACES: (
            "several workspaces may be for online payments",
            "only one workspace may be for online payments",
        ),
    }
)
"""What follows where a biller's Caselle can do it, and where it cannot."""

UNCHECKED: Final = "operation_unchecked"
NOT_OPTED_IN: Final = "operation_off"
OFF_REASONS: Final = frozenset({UNCHECKED, NOT_OPTED_IN})

_USUAL_SLOTS: Final = 2


@dataclass(frozen=True, slots=True)
class Ability:
    """Whether a biller's Caselle can do something, what follows from that, and how it is known."""

    capability: Capability
    there: bool
    means: str
    because: str


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


def has(biller: Biller, capability: Capability) -> bool:
    """Whether the biller's Caselle can do it."""
    override = biller.capability_overrides.get(capability)
    return override.enabled if override else at_least(biller.connect_version, SINCE[capability])


def abilities(biller: Biller) -> list[Ability]:
    """Every capability, as it stands for a biller."""
    return [_ability(biller, capability) for capability in SINCE]


def _ability(biller: Biller, capability: Capability) -> Ability:
    there, override = has(biller, capability), biller.capability_overrides.get(capability)
    means, otherwise = MEANS[capability]
    release = f"since {SINCE[capability]}; its release is {biller.connect_version or 'not known'}"
    because = f"overridden: {override.reason}" if override else release
    return Ability(capability, there, means if there else otherwise, because)


def can_go_live(biller: Biller) -> bool:
    """Whether the release is known, and not too old for online payments; nothing overrides that."""
    return at_least(biller.connect_version, MINIMUM_VERSION)


def can_query_receipts(biller: Biller) -> bool:
    """Whether Caselle can be asked if a receipt exists."""
    return has(biller, Capability.RECEIPT)


def can_void(biller: Biller) -> bool:
    """Whether a receipt can be voided over the web service."""
    return has(biller, Capability.VOID_RECEIPT)


def slots(biller: Biller) -> int:
    """How many payments may be on their way to the city's server at once."""
    if not has(biller, Capability.PARALLEL_RECEIPTS):
        return 1
    return biller.slots or _USUAL_SLOTS


def _parts(version: str) -> list[int]:
    parts = [int(part) for part in version.split(".")]
    while parts and parts[-1] == 0:
        parts.pop()  # 2025.11 and 2025.11.0 are one release
    return parts
