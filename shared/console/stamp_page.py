"""The first page as HTML."""

from collections.abc import Sequence
from typing import Final

from shared.console.access import Person
from shared.console.frame import Column, page, table
from shared.console.html import Html, Node, joined, tag
from shared.console.stamp import Line, StampView, State, Tone
from shared.console.words import age, biller_path, marked, moment, money, number

_COLUMNS: Final = (
    Column("Biller"),
    Column("State"),
    Column("Posted today", figure=True),
    Column("Amount", figure=True),
    Column("Held today", figure=True),
    Column("Held", figure=True),
    Column("Waiting", figure=True),
    Column("Oldest waiting", figure=True),
    Column("Token days left", figure=True),
    Column("Last delivery"),
    Column("Breaker"),
)


def stamp_page(view: StampView, person: Person) -> str:
    """The document."""
    body = [
        tag("h1", "Billers"),
        _relay(view),
        _cut(view),
        _figures(view),
        table(_COLUMNS, (_row(view, line) for line in view.lines), id_="billers") if view.lines else _none(),
        tag("p", tag("small", _retired(view))),
    ]
    return page("Billers", body, person=person, at=view.at)


def _relay(view: StampView) -> Html | None:
    if view.relay_down_since is None:
        return None
    since = (moment(view.relay_down_since), ". Call Caselle.")
    return tag("p", marked("Caselle's relay is down", Tone.ACT), " since ", *since, id="relay")


def _cut(view: StampView) -> Html | None:
    words = "A list was too long to be counted whole: figures of some billers are lower than they should be."
    return tag("p", marked(words, Tone.LOOK), id="cut") if view.at_least else None


def _figures(view: StampView) -> Html:
    count, cents = view.posted_today
    modes = ", ".join(f"{number} {mode}" for mode, number in sorted(view.modes.items()))
    return tag(
        "ul",
        _figure("posted-today", number(count, at_least=view.at_least), "posted today"),
        _figure("posted-amount", money(cents), "posted today, amount"),
        _figure("held", number(view.held, at_least=view.at_least), "held for a person"),
        _figure("waiting", number(view.waiting, at_least=view.at_least), "on their way"),
        _figure("modes", str(sum(view.modes.values())), modes or "no biller"),
        class_="figures",
    )


def _figure(id_: str, value: str, words: str) -> Html:
    return tag("li", tag("b", value, id=id_), words)


def _row(view: StampView, line: Line) -> Sequence[Node]:
    standing, backlog = line.standing, line.standing.backlog
    name = tag("a", line.name or line.biller_id, href=biller_path(line.biller_id))
    oldest = age(backlog.oldest_waiting, view.at) if backlog.oldest_waiting else None
    return (
        joined((name, tag("small", line.biller_id))),
        _state(line.state),
        number(standing.posted_today.count),
        money(standing.posted_today.cents),
        marked(number(backlog.held_today), Tone.ACT if backlog.held_today else Tone.QUIET),
        marked(number(backlog.held), Tone.ACT if backlog.held else Tone.QUIET),
        number(backlog.waiting),
        marked(oldest, Tone.ACT if line.late else Tone.QUIET) if oldest else None,
        marked(str(line.token.days_left), line.token.tone) if line.token else marked("none", Tone.LOOK),
        moment(line.token.delivered_at) if line.token else None,
        _state(line.breaker),
    )


def _state(state: State) -> Html:
    return joined((marked(state.word, state.tone), tag("small", state.why) if state.why else None))


def _retired(view: StampView) -> str:
    today = "Today is each city's own day. "
    return f"{today}{view.retired} retired billers with nothing left to do are not shown." if view.retired else today


def _none() -> Html:
    return tag("p", "No biller yet.")
