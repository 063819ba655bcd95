"""One biller's page as HTML."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from shared.billers.model import Contact
from shared.console.access import Person
from shared.console.chart import bars
from shared.console.figures import Tender
from shared.console.frame import Column, crumbs, facts, page, table
from shared.console.html import Html, Node, joined, tag
from shared.console.one_biller import BillerView, Call, Cause
from shared.console.stamp import State, Tone
from shared.console.words import age, biller_path, entry_path, marked, moment, money, number
from shared.ledger.entry import Entry

_HELD: Final = (
    Column("Id"),
    Column("Kind"),
    Column("Amount", figure=True),
    Column("Customer"),
    Column("Held for", figure=True),
)
_DAY: Final = (
    Column("Tender"),
    Column("Posted", figure=True),
    Column("Amount", figure=True),
    Column("Went back", figure=True),
    Column("Amount back", figure=True),
    Column("Net", figure=True),
)


def biller_page(view: BillerView, person: Person) -> str:
    """The document."""
    biller = view.biller
    body = [
        crumbs((biller.name, biller_path(biller.biller_id))),
        tag("h1", biller.name),
        _standing(view),
        tag("h2", f"Held: {view.line.standing.backlog.held:,}", id="held"),
        *(_cause(view, cause) for cause in view.causes),
        None if view.causes else tag("p", "Nothing is held."),
        *_day(view),
        tag("h2", "The last 30 days"),
        bars(view.days),
        tag("h2", "People"),
        _people(view),
    ]
    return page(biller.name, body, person=person, at=view.at)


def calls(listed: Sequence[Call]) -> Html | None:
    """Whom to call, with telephone and hours where they are known."""
    if not listed:
        return None
    return facts((f"Call the {call.role}", contact(call.contact)) for call in listed)


def contact(person: Contact | None) -> Html:
    """A person with links to reach them."""
    if person is None:
        return marked("nobody is entered", Tone.LOOK)
    phone = tag("a", person.phone, href=f"tel:{person.phone.replace(' ', '')}") if person.phone else None
    mail = tag("a", person.email, href=f"mailto:{person.email}") if person.email else None
    parts = [part for part in (tag("span", person.name), phone, mail, person.hours) if part]
    return joined(joined((", " if place else None, part)) for place, part in enumerate(parts))


def _standing(view: BillerView) -> Html:
    line, standing, zone = view.line, view.line.standing, view.biller.zone
    backlog = standing.backlog
    oldest = backlog.oldest_waiting
    waiting = f"{number(backlog.waiting)}, the oldest for {age(oldest, view.at)}" if oldest else "0"
    token = line.token
    return facts(
        (
            ("Biller", view.biller.biller_id),
            ("State", _said(line.state)),
            ("Breaker", _said(line.breaker)),
            ("Customer updates", marked(f"blocked: {view.updates}", Tone.LOOK) if view.updates else None),
            ("Posted today", f"{number(standing.posted_today.count)}, {money(standing.posted_today.cents)}"),
            ("On their way", marked(waiting, Tone.ACT if line.late else Tone.QUIET)),
            ("Token", marked(f"{token.days_left} days left", token.tone) if token else marked("none", Tone.LOOK)),
            ("Last delivery", moment(token.delivered_at, zone) if token else None),
            ("Maintenance", view.biller.maintenance_window),
        )
    )


def _said(state: State) -> Html:
    return joined((marked(state.word, state.tone), f": {state.why}" if state.why else None))


def _cause(view: BillerView, cause: Cause) -> Html:
    total = f"{number(cause.total.count)}, {money(cause.total.cents)}, the oldest for {age(cause.oldest, view.at)}"
    more = tag("p", f"and {cause.more:,} more, held later") if cause.more else None
    return tag(
        "section",
        tag("h3", cause.message),
        tag("small", f"{cause.code}: {total}"),
        tag("p", cause.action, class_="do"),
        calls(cause.calls),
        table(_HELD, (_held(view, entry) for entry in cause.entries), id_=f"cause-{cause.code}"),
        more,
        class_="cause",
    )


def _held(view: BillerView, entry: Entry) -> Sequence[Node]:
    since = age(entry.held_at, view.at) if entry.held_at else "no longer"
    link = tag("a", entry.key.id, href=entry_path(entry.key))
    return (link, str(entry.key.kind), money(entry.cents), entry.customer_number, since)


def _day(view: BillerView) -> Iterable[Node]:
    """What came to be at Caselle on the day, with links to the days beside it."""
    path, before, after = biller_path(view.biller.biller_id), view.day - timedelta(days=1), view.day + timedelta(days=1)
    yield tag("h2", f"Posted on {view.day}", id="day")
    yield tag(
        "nav",
        tag("a", f"\N{LEFTWARDS ARROW} {before}", href=f"{path}?day={before}"),
        joined((" ", tag("a", f"{after} \N{RIGHTWARDS ARROW}", href=f"{path}?day={after}")))
        if after <= view.today
        else None,
    )
    if view.figures.at_least or view.at_least:
        yield tag("p", marked("There was more than could be read: figures are lower than they should be.", Tone.LOOK))
    if not view.figures.tenders:
        yield tag("p", "Nothing was posted.")
        return
    yield table(_DAY, (_tender(name, each) for name, each in view.figures.tenders.items()), id_="tenders")


def _tender(name: str, found: Tender) -> Sequence[Node]:
    posted, back = found.posted, found.went_back
    figures = (number(posted.count), money(posted.cents), number(back.count), money(back.cents), money(found.net))
    return (name or "not kept", *figures)


def _people(view: BillerView) -> Html:
    found = view.biller.contacts
    listed = (
        ("City's clerk", found.clerk),
        ("City's COWS admin", found.cows_admin),
        ("CSM at Caselle", found.csm),
        ("CRM at Caselle", found.crm),
    )
    return facts((role, contact(person)) for role, person in listed)
