"""Caselle's own words about an error, made fit to be kept: short, and without what is personal or secret."""

import re
from collections.abc import Iterable
from typing import Final

from shared.exchange.cards import text_holds_card

MOST: Final = 200
"""Characters kept."""

GONE: Final = "[...]"

_SECRETS: Final = re.compile(
    r"[\w.+-]+@[\w-]+(\.[\w-]+)+"  # e-mail addresses
    r"|\bbearer\s+\S+"
    r"|\b(?:\w*(?:token|secret|password|key))\s*[=:]\s*\S+"
    r"|(?<=\?)\S+"  # a URL's query
    r"|[A-Za-z0-9+/_=.-]{24,}",  # keys, tokens, identifiers
    re.IGNORECASE,
)
_LEAST_HIDDEN: Final = 2


def screened(text: str, hidden: Iterable[str] = ()) -> str:
    """The text on one line, at most ``MOST`` characters.

    Args:
        text: an error's message.
        hidden: values that were sent and may be quoted in it, such as the payer's name; each of their words is hidden.
    """
    if text_holds_card(text):
        return GONE
    plain = _SECRETS.sub(GONE, " ".join(text.split()))
    words = {word for value in hidden for word in value.split() if len(word) >= _LEAST_HIDDEN}
    for word in sorted(words, key=len, reverse=True):
        plain = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", GONE, plain, flags=re.IGNORECASE)
    printable = "".join(letter if letter.isprintable() else " " for letter in plain)
    return printable if len(printable) <= MOST else f"{printable[: MOST - len(GONE)]}{GONE}"
