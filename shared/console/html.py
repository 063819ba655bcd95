"""HTML put together so that text can only ever be text: what is not ``Html`` is escaped, in content and attributes."""

from collections.abc import Iterable
from functools import lru_cache
from html import escape
from typing import Final

_VOID: Final = frozenset({"meta"})
_ADDRESSES: Final = ("/", "#", "tel:", "mailto:")


class Html(str):
    """Markup; made by ``tag``, ``joined`` and ``verbatim`` only."""

    __slots__ = ()


type Node = Html | str | int | None
"""What may stand in an element; None is nothing."""


def tag(name: str, /, *children: Node, **attributes: str | float | None) -> Html:
    """One element. ``class_`` is written as class, ``stroke_width`` as stroke-width; an attribute of None is left out.

    Raises:
        ValueError: an address that leads out of the page other than by telephone or mail.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{joined(children)}</{name}>")


def joined(children: Iterable[Node]) -> Html:
    """Several things one after the other."""
    return Html("".join(child if isinstance(child, Html) else text(child) for child in children))


def text(value: str | int | None) -> Html:
    """A value as text. What cannot be seen, or turns the direction of writing, becomes a blank."""
    shown = "" if value is None else str(value)
    if not shown.isprintable():
        shown = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in shown)
    return Html(escape(shown))


def verbatim(markup: str) -> Html:
    """Markup or a style sheet of this package's own; never anything that was read."""
    return Html(markup)


@lru_cache(1024)
def _attribute(key: str, value: str | float) -> str:
    address = str(value)
    if key == "href" and (address.startswith("//") or not address.startswith(_ADDRESSES)):
        raise ValueError("an address of the console leads into the console, to a telephone or to a mailbox")
    return f' {key.rstrip("_").replace("_", "-")}="{text(str(value))}"'
