"""The root of the error tree.

Every error that leaves a package of ours is a ``CaselleError``. Two questions decide what happens after one:
may it be sent again, and do we know what happened? The ledger's answers (``shared.ledger.answer``) carry both;
errors raised past the ledger mean that nothing was sent.

CaselleError
|-- Malformed        a value or message breaks its rules; asking again changes nothing
|-- Unavailable      a store, vault or peer does not answer now; asking again may help
`-- Misconfigured    a setting or a biller's set-up is missing or wrong; a person acts
"""

import traceback


class CaselleError(Exception):
    """Root of every error this project raises on purpose; its text never holds a secret."""


class Malformed(CaselleError):
    """A value or message breaks its rules."""


class Unavailable(CaselleError):
    """A store, vault or peer does not answer now."""

    code = "no_answer"
    """What went wrong, in a word of ours."""
    retry_after: float | None = None
    """Seconds for which it asks to be left alone, where it says so."""
    throttled = False
    """Whether it says that it gets too much."""


class Misconfigured(CaselleError):
    """A setting or a biller's set-up is missing or wrong."""


def place_of(error: Exception) -> str:
    """Where it was raised, ``function:line``; its text might quote what is secret or personal."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.name}:{last.lineno}"
