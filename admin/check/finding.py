"""What one look found: in order, not in order, or not to be told from here."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from admin.billers.record import shown
from shared.billers.model import Biller, Contact


class Verdict(StrEnum):
    """How one prerequisite stands."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Finding:
    """One prerequisite: how it stands, what shows that, what is to be done, and by whom."""

    check: str
    verdict: Verdict
    evidence: str
    remedy: str = ""
    who: str = ""

    @property
    def row(self) -> dict[str, str]:
        """As a line of the table."""
        return {
            "check": self.check,
            "verdict": str(self.verdict),
            "evidence": self.evidence,
            "remedy": self.remedy,
            "who": self.who,
        }


def passes(check: str, evidence: str) -> Finding:
    """In order."""
    return Finding(check, Verdict.PASS, evidence)


def fails(check: str, evidence: str, remedy: str, who: str) -> Finding:
    """Not in order."""
    return Finding(check, Verdict.FAIL, evidence, remedy, who)


def untold(check: str, evidence: str, remedy: str = "", who: str = "") -> Finding:
    """Not to be told from here."""
    return Finding(check, Verdict.CANNOT_TELL, evidence, remedy, who)


def all_pass(findings: Iterable[Finding]) -> bool:
    """Whether everything was seen or confirmed to be in order."""
    return all(finding.verdict is Verdict.PASS for finding in findings)


@dataclass(frozen=True, slots=True)
class People:
    """Whom to call, by name and phone where they are known."""

    csm: str
    cows_admin: str
    crm: str
    clerk: str
    us: str = "you, the implementation manager"
    caselle: str = "Caselle's support"
    operations: str = "whoever runs this stamp"


def people(biller: Biller) -> People:
    """Whom to call for this biller."""
    contacts = biller.contacts
    return People(
        csm=_named(contacts.csm, "the city's CSM at Caselle"),
        cows_admin=_named(contacts.cows_admin, "the city's COWS admin"),
        crm=_named(contacts.crm, "the city, through its Caselle CRM"),
        clerk=_named(contacts.clerk, "the city's clerk"),
    )


def _named(contact: Contact | None, role: str) -> str:
    if contact is None:
        return role
    return ", ".join(filter(None, (f"{contact.name} ({role})", contact.phone, contact.hours)))


_CHECKED: Final = ("billerId", "subdomain", "clientId", "connectVersion", "applications", "tokenStrategy", "region")


def fingerprint(biller: Biller) -> str:
    """Changes with every value that a check has looked at."""
    record = shown(biller)
    looked_at = {name: record.get(name) for name in _CHECKED}
    return hashlib.sha256(json.dumps(looked_at, sort_keys=True).encode()).hexdigest()[:16]
