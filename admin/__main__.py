"""``python -m admin ...``; ``icadmin`` where it is installed."""

import os
import sys
from collections.abc import Sequence

import typer

from admin.app import app
from admin.errors import FOUND_WRONG, INTERRUPTED, NO_ANSWER, WRONG_USE, Declined
from admin.options import to_the_front
from shared.vocabulary.errors import CaselleError, Unavailable

_DEBUG = "ICADMIN_DEBUG"
"""Environment variable: 1 shows where an unexpected error came from. What it shows may hold personal data."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 not in order or declined, 2 wrong use, 3 no answer, 130 interrupted."""
    given = to_the_front(sys.argv[1:] if arguments is None else arguments)
    if not all(_is_text(argument) for argument in given):
        _end("An argument holds bytes that are no UTF-8 text.", WRONG_USE)
    try:
        app(args=given, prog_name="icadmin")
    except KeyboardInterrupt:
        _end("Stopped.", INTERRUPTED)
    except Declined as error:
        _end(str(error), FOUND_WRONG)
    except Unavailable as error:
        _end(f"No answer: {error}.", NO_ANSWER)
    except CaselleError as error:
        _end(str(error), WRONG_USE)
    except Exception as error:
        if os.environ.get(_DEBUG) == "1":
            raise
        _end(f"This should not happen ({type(error).__name__}). {_DEBUG}=1 shows where.", FOUND_WRONG)


def _is_text(argument: str) -> bool:
    """Python passes bytes that it cannot decode as lone surrogates, which no store takes."""
    return not any("\ud800" <= letter <= "\udfff" for letter in argument)


def _end(sentence: str, code: int) -> None:
    typer.echo(sentence, err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
