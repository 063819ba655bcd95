"""``icadmin support-incident``: text for Caselle's support form, without anything that Caselle need not know."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from admin import output
from admin.billers.record import known
from admin.errors import WrongUse
from admin.session import at_stamp
from shared.billers.model import Biller
from shared.exchange.reasons import REASONS, listed
from shared.ledger.entry import Entry, Key, Kind
from shared.ledger.gate import Gate
from shared.vocabulary.errors import Malformed
from shared.vocabulary.identity import canonical_id
from shared.vocabulary.money import Money

if TYPE_CHECKING:
    from admin.stamp import Stamp

_ASKED: Final = "Please tell us what the server's log shows for that time, and what to change."


def support_incident(
    target: Annotated[str, typer.Argument(metavar="BILLER[/PAYMENT]", help="A biller, or one of its payments.")],
) -> None:
    """Write the text of a support incident for Caselle. It names no payer, no customer and no secret.

    Submit it in Caselle's support portal with "Create a New Support Incident".

    Example: icadmin --local support-incident 2493/0d9e2a34-6f0b-4b7c-9a8e-2f1c5b7d9e10
    """
    biller_id, _, payment_id = target.partition("/")
    text = at_stamp(lambda stamp: _text(stamp, biller_id, payment_id))
    output.show({"text": text}, text)


async def _text(stamp: "Stamp", biller_id: str, payment_id: str) -> str:
    biller = await known(stamp, biller_id)
    if payment_id:
        lines = _of_payment(biller, await _entry(stamp, biller_id, payment_id))
    else:
        lines = _of_gate(await stamp.gates.look(biller_id))
    return "\n".join(
        [f"Subject: {biller.name}, Invoice Cloud web services", "", *_of_city(biller), "", *lines, "", _ASKED]
    )


async def _entry(stamp: "Stamp", biller_id: str, payment_id: str) -> Entry:
    try:
        key = Key(biller_id, Kind.PAYMENT, canonical_id(payment_id))
    except Malformed as error:
        raise WrongUse(f"{payment_id}: {error}.") from None
    entry = await stamp.ledger.read(key)
    if entry is None:
        raise WrongUse(f"There is no payment {payment_id} of biller {biller_id}.")
    return entry


def _of_city(biller: Biller) -> list[str]:
    codes = [
        f"{name}: category {each.category_code}, distribution {each.distribution_code}, payment codes "
        + ", ".join(f"{tender} {code}" for tender, code in each.payment_codes.items())
        for name, each in biller.applications.items()
    ]
    return [
        f"City: {biller.name}; third party: Invoice Cloud; subdomain: {biller.subdomain or 'not known yet'}.",
        f"Caselle Connect: {biller.connect_version or 'not known'}; COWS: {biller.cows_version or 'not known'}.",
        *codes,
    ]


def _of_payment(biller: Biller, entry: Entry) -> list[str]:
    began = entry.sent_at.astimezone(biller.zone) if entry.sent_at else None
    sent = f"{began:%Y-%m-%d %H:%M:%S %Z}" if began else "not sent yet"
    return [
        "One payment: create_receipt in cash receipting (cr0).",
        f"Reference: {entry.reference}; amount: {Money(entry.cents)}; receipt date: {entry.posting_date}.",
        f"Sent: {sent}; attempts: {entry.attempt}; receipt: {entry.receipt_number or 'none'}.",
        *_why(entry.reason, entry.detail),
    ]


def _of_gate(gate: Gate) -> list[str]:
    if gate.blocked:
        return ["Every payment of the city is refused.", *_why(gate.blocked, None)]
    if gate.opened_at:
        return [f"Connect Online Web Service does not answer since {gate.opened_at:%Y-%m-%d %H:%M} UTC."]
    return ["Please describe here what was seen; from our side nothing is stopped."]


def _why(code: str | None, detail: str | None) -> list[str]:
    if code is None:
        return []
    words = f"{listed(code)}: {REASONS[listed(code)].message}"
    return [f"What we see: {words}{f' ({detail})' if detail else ''}"]
