"""What ends a command before its work is done. Each text is one plain sentence for the person who asked."""

from typing import Final

from shared.vocabulary.errors import CaselleError

FOUND_WRONG: Final = 1
"""Exit code: the command ran, and what it looked at is not in order."""
WRONG_USE: Final = 2
"""Exit code: what was asked for cannot be done; nothing was changed."""
NO_ANSWER: Final = 3
"""Exit code: a store, the vault or Caselle does not answer."""
INTERRUPTED: Final = 130


class WrongUse(CaselleError):
    """What was asked for cannot be done."""


class Declined(CaselleError):
    """The person said no, or nobody was there to say yes."""
