"""What every page has: the document around it, tables, and the headers it is sent with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.console.access import Person
from shared.console.html import Html, Node, joined, tag, verbatim
from shared.console.style import SHEET, SOURCE
from shared.console.words import ROOT, moment

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": f"default-src 'none'; style-src {SOURCE}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""With every page, refusals included. Over plain http a browser passes over Strict-Transport-Security."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading; ``figure`` is aligned to the right."""

    heading: str
    figure: bool = False


def page(title: str, body: Iterable[Node], *, person: Person | None = None, at: datetime | None = None) -> str:
    """The whole document."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="robots", content="noindex"),
        tag("title", title),
        tag("style", verbatim(SHEET)),
    )
    whole = tag("body", *body, _foot(person, at))
    return f"<!doctype html>\n{tag('html', head, whole, lang='en')}\n"


def crumbs(*links: tuple[str, str]) -> Html:
    """The way back: text and address of each step."""
    steps = (("All billers", ROOT), *links)
    return tag("header", tag("nav", joined(tag("span", tag("a", text, href=href), " / ") for text, href in steps)))


def table(columns: Sequence[Column], rows: Iterable[Sequence[Node]], *, caption: str | None = None, id_: str) -> Html:
    """A table; on a phone each row is a card, whose lines carry the headings."""
    head = tag("tr", *(tag("th", column.heading, scope="col", class_=_class(column)) for column in columns))
    body = joined(tag("tr", *(_cell(*each) for each in zip(columns, row, strict=True))) for row in rows)
    title = tag("caption", caption) if caption else None
    return tag("table", title, tag("thead", head), tag("tbody", body), id=id_)


def facts(pairs: Iterable[tuple[str, Node]]) -> Html:
    """Names and values; those without a value are left out."""
    return tag("dl", *(joined((tag("dt", name), tag("dd", value))) for name, value in pairs if value not in ("", None)))


def _cell(column: Column, value: Node) -> Html:
    return tag("td", value, class_=_class(column), data_label=column.heading)


def _class(column: Column) -> str | None:
    return "n" if column.figure else None


def _foot(person: Person | None, at: datetime | None) -> Html:
    seen = tag("span", "As of ", moment(at)) if at else None
    who = tag("span", f"{person.name or person.object_id} looks; every look is recorded") if person else None
    return tag("footer", seen, who, tag("span", "Read-only"))
