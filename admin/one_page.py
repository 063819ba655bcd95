"""A report on one page, as Markdown and as HTML. Every value comes from somebody's file, so every value is escaped."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

_MARKUP: Final = re.compile(r"([\\`*_\[\]|~#])")
_STYLE: Final = """
:root { color-scheme: light dark; font: 1rem/1.45 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #8886; }
dl { display: grid; grid-template-columns: max-content auto; gap: .2rem 1rem; }
dt { opacity: .75; } dd { margin: 0; }
.verdict { font-size: 1.15rem; font-weight: 600; padding: .6rem .8rem; border-left: .4rem solid #888; }
.good { border-color: #2a8a3e; } .bad { border-color: #c0392b; }
@media print { body { margin: 0; max-width: none; } }
"""
_HEAD: Final = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src 'self'\">\n"
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One table."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(slots=True)
class Page:
    """What the report says, in the order in which it is read."""

    title: str
    good: bool
    verdict: str
    facts: list[tuple[str, object]] = field(default_factory=list)
    tables: list[Listed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    picture: str | None = None
    """A file beside the report."""


def markdown(page: Page) -> str:
    """The page as Markdown."""
    parts = [f"# {_md(page.title)}", f"**{_md(page.verdict)}**"]
    parts.append("\n".join(f"- {_md(label)}: {_md(value)}" for label, value in page.facts))
    for listed in page.tables:
        rows = ["| " + " | ".join(_md(cell) for cell in row) + " |" for row in (listed.header, *listed.rows)]
        rows.insert(1, "|" + " --- |" * len(listed.header))
        parts += [f"## {_md(listed.title)}", "\n".join(rows)]
    parts += [_md(note) for note in page.notes]
    if page.picture:
        parts.append(f"![First pages of a sample]({page.picture})")
    return "\n\n".join(part for part in parts if part) + "\n"


def as_html(page: Page) -> str:
    """The page as HTML: no script, nothing fetched from elsewhere."""
    mark = "good" if page.good else "bad"
    parts = [
        f"{_HEAD}<title>{_h(page.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
        f'<h1>{_h(page.title)}</h1>\n<p class="verdict {mark}">{_h(page.verdict)}</p>\n<dl>',
        *(f"<dt>{_h(label)}</dt><dd>{_h(value)}</dd>" for label, value in page.facts),
        "</dl>",
        *(_table(listed) for listed in page.tables),
        *(f"<p>{_h(note)}</p>" for note in page.notes),
    ]
    if page.picture:
        parts.append(f'<img src="{_h(page.picture)}" alt="First pages of a sample" style="max-width: 100%">')
    return "\n".join([*parts, "</body>\n</html>\n"])


def _table(listed: Listed) -> str:
    head = "".join(f"<th>{_h(cell)}</th>" for cell in listed.header)
    rows = "\n".join("<tr>" + "".join(f"<td>{_h(cell)}</td>" for cell in row) + "</tr>" for row in listed.rows)
    table = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    return f'<h2>{_h(listed.title)}</h2>\n<div class="table">{table}</div>'


def _h(value: object) -> str:
    return html.escape(_visible(value))


def _md(value: object) -> str:
    """Text that Markdown takes for text: no markup, no HTML, no link, no mention."""
    text = _MARKUP.sub(r"\\\1", html.escape(_visible(value), quote=False))
    return text.replace("://", "&#58;//").replace("www.", "www&#46;").replace("@", "&#64;")


def _visible(value: object) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in str(value))
