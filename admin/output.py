"""How commands answer: tables for people, JSON for scripts; notes and questions never mix with either."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from admin.options import options

_WIDTH_WITHOUT_TERMINAL: Final = 180


def show(data: object, *human: RenderableType) -> None:
    """Print ``data`` as JSON where that was asked for, otherwise what is meant for people."""
    if options().as_json:
        sys.stdout.write(json.dumps(data, default=str, ensure_ascii=False, indent=2) + "\n")
        return
    for part in human:
        _console().print(part)


def rows(title: str, found: Sequence[Mapping[str, object]], *, empty: str = "Nothing.") -> None:
    """Print records that have the same fields, as one table or one JSON list."""
    show(list(found), table(title, found) if found else empty)


def record(title: str, found: Mapping[str, object]) -> None:
    """Print one record: a line for each field that has a value, or one JSON object."""
    show(dict(found), fields(title, {heading(name): value for name, value in found.items()}))


def fields(title: str, found: Mapping[str, object]) -> Table:
    """A table of names and values, without those that have none."""
    listed = Table(title=title, title_justify="left", show_header=False)
    for name, value in found.items():
        if value not in (None, "", {}, []):
            listed.add_row(name, cell(value))
    return listed


def say(text: str) -> None:
    """A note for a person: what was done, what follows."""
    _console(stderr=options().as_json).print(cell(text))


def warn(text: str) -> None:
    """A note that must be seen even where the answer goes into a file."""
    _console(stderr=True).print(cell(text))


def aside(*human: RenderableType) -> None:
    """Print what is meant for people only, beside the answer."""
    for part in human:
        _console(stderr=True).print(part)


def table(title: str, found: Sequence[Mapping[str, object]]) -> Table:
    """A table of records that have the same fields; the first one names the columns."""
    made = Table(title=title, title_justify="left", min_width=len(title))
    for name, value in (found[0] if found else {}).items():
        made.add_column(heading(name), justify="right" if isinstance(value, int) else "left", overflow="fold")
    for each in found:
        made.add_row(*(cell(value) for value in each.values()))
    return made


def heading(name: str) -> str:
    """``daysLeft`` as people read it: days left."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)


def cell(value: object) -> str:
    """One value as text. Control characters of foreign text never reach the terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {cell(each)}" for name, each in value.items())
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "\n".join(cell(each) for each in value)
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in str(value))


def progress() -> Progress:
    """A progress bar on standard error, gone when the work is done; nothing where nobody watches."""
    console = _console(stderr=True)
    columns: tuple[Any, ...] = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _console(*, stderr: bool = False) -> Console:
    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDTH_WITHOUT_TERMINAL
    return console
