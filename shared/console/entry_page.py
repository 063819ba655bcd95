"""One entry's page as HTML: what ``icadmin payments show`` prints."""

from collections.abc import Sequence
from typing import Final

from shared.console.access import Person
from shared.console.biller_page import calls
from shared.console.frame import Column, crumbs, facts, page, table
from shared.console.html import Html, Node, joined, tag
from shared.console.one_entry import EntryView
from shared.console.stamp import Tone
from shared.console.words import biller_path, entry_path, marked, moment, money
from shared.ledger.entry import Entry, Key, Kind, State
from shared.repair.history import Step

_STEPS: Final = (
    Column("When"),
    Column("Was"),
    Column("Became"),
    Column("Attempt", figure=True),
    Column("Cause"),
    Column("Receipt"),
    Column("By"),
    Column("Why"),
)
_COMMANDS: Final = (Column("Command"), Column("Asks first"))
_TITLES: Final = {
    Kind.PAYMENT: "Payment",
    Kind.ACH_REJECT: "ACH reject",
    Kind.REVERSAL: "Reversal",
    Kind.AUTOPAY_CHANGE: "AutoPay change",
    Kind.REGISTRATION: "Registration",
}
_TONES: Final = {State.HELD: Tone.ACT, State.UNKNOWN: Tone.LOOK, State.POSTED: Tone.GOOD}


def entry_page(view: EntryView, person: Person) -> str:
    """The document."""
    key = view.entry.key
    title = f"{_TITLES[key.kind]} {key.id}"
    city = view.biller.name if view.biller else key.biller
    body = [
        crumbs((city, biller_path(key.biller)), (title, entry_path(key))),
        tag("h1", title),
        _todo(view),
        _facts(view),
        *_ways(view),
        tag("h2", "History"),
        table(_STEPS, (_step(view, step) for step in view.history.steps), id_="history"),
        _conflicts(view),
    ]
    return page(title, body, person=person, at=view.at)


def _todo(view: EntryView) -> Html | None:
    if view.reason is None:
        return None
    held = view.entry.state is State.HELD
    acts = (tag("p", view.reason.action, class_="do", id="action"), calls(view.calls))
    return tag("section", tag("h3", view.reason.message), *acts, class_="cause" if held else None)


def _ways(view: EntryView) -> Sequence[Html]:
    """The commands for it; each takes a reason, too."""
    if not view.ways:
        return []
    rows = ((f"icadmin payments {way.command}", way.asks) for way in view.ways)
    return [tag("h2", "Commands"), table(_COMMANDS, rows, id_="commands")]


def _facts(view: EntryView) -> Html:
    entry, zone = view.entry, view.biller.zone if view.biller else None
    undone_by = joined(tag("div", tag("a", each.id, href=entry_path(each))) for each in view.history.undone_by)
    return facts(
        (
            ("State", marked(str(entry.state), _TONES.get(entry.state, Tone.QUIET))),
            ("Amount", money(entry.cents) if entry.cents else None),
            ("Tender", view.tender),
            ("Customer", entry.customer_number),
            ("Confirmation", view.confirmation),
            ("Receipt", entry.receipt_number),
            ("Deposit", view.deposit),
            ("Posting date", entry.posting_date),
            ("Received", moment(entry.received_at, zone)),
            ("Sent", moment(entry.sent_at, zone) if entry.sent_at else None),
            ("Attempts", str(entry.attempt)),
            ("Undoes", _undone(entry)),
            ("Undone by", undone_by or None),
            ("Message", entry.message_id),
            ("Version", str(entry.version)),
        )
    )


def _undone(entry: Entry) -> Html | None:
    if entry.reverses is None:
        return None
    return tag("a", entry.reverses, href=entry_path(Key(entry.key.biller, Kind.PAYMENT, entry.reverses)))


def _step(view: EntryView, step: Step) -> Sequence[Node]:
    zone = view.biller.zone if view.biller else None
    attempt = str(step.attempt) if step.attempt else None
    return (moment(step.at, zone), step.was, step.state, attempt, step.reason, step.receipt_number, step.by, step.why)


def _conflicts(view: EntryView) -> Html | None:
    conflicts = len(view.history.conflicts)
    if not conflicts:
        return None
    words = f"{conflicts} other messages came under this id; none was sent."
    return tag("p", marked(words, Tone.LOOK), id="conflicts")
