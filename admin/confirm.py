"""Asking before a change, and reading what must not stand in an argument."""

import getpass
import sys
from typing import Annotated, Final

import typer
from pydantic import SecretStr

from admin.errors import Declined, WrongUse

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Change without asking.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the audit.")]

_LONGEST: Final = 100_000


def confirm(question: str, *, yes: bool, option: str = "--yes") -> None:
    """Ask once; ``option`` is what answers it beforehand.

    Raises:
        Declined: the answer is no, or nobody answers; nothing may be changed then.
    """
    if yes:
        return
    try:
        agreed = typer.confirm(question, default=False, err=True)
    except (typer.Abort, EOFError):
        raise Declined(f"Nothing was changed: nobody answered the question; {option} goes on without it.") from None
    if not agreed:
        raise Declined("Nothing was changed.")


def read_secret(name: str) -> SecretStr:
    """A secret, from standard input where that is a file or a pipe, otherwise typed unseen.

    Raises:
        WrongUse: nothing was given, or more than one line.
    """
    text = getpass.getpass(f"{name} (not shown): ") if sys.stdin.isatty() else sys.stdin.read(_LONGEST)
    # The line's end belongs to the file or the pipe, not to the secret.
    secret = text.rstrip("\r\n")
    if not secret.strip():
        raise WrongUse(f"No {name} was given: type it at the prompt, or send it to standard input.")
    if "\n" in secret or "\r" in secret:
        raise WrongUse(f"The {name} is one line; more than one was given.")
    return SecretStr(secret)
