"""Asking for what is missing, one value after the other, each checked as it is typed."""

import typer

from admin.billers import missing
from admin.billers.assign import assigned
from admin.errors import Declined, WrongUse
from shared.billers.model import Biller

_CODES = "applications."


def for_missing(biller: Biller) -> list[str]:
    """Assignments for what the person knew; Enter leaves a value open.

    Raises:
        Declined: nobody answers, or there is nothing to ask for.
    """
    lacking = missing.of_record(biller)
    if not lacking:
        raise Declined("Nothing is missing; name what to change, for example slots=1.")
    given: list[str] = []
    codes: list[str] = []
    for each in lacking:
        # Caselle's codes come together, and are checked together.
        if each.field.startswith(_CODES):
            codes += _value(each)
        else:
            given += _valid(biller, each)
    return [*given, *codes]


def _valid(biller: Biller, lacking: missing.Missing) -> list[str]:
    """Asked again until the value keeps its rule."""
    while True:
        given = _value(lacking)
        try:
            assigned(biller, given)
        except WrongUse as error:
            typer.echo(str(error), err=True)
            continue
        return given


def _value(lacking: missing.Missing) -> list[str]:
    question = f"{lacking.field} ({lacking.what}; from {lacking.owed_by})"
    try:
        value: str = typer.prompt(question, default="", show_default=False, err=True)
    except (typer.Abort, EOFError):
        raise Declined("Nothing was changed: nobody answered. Values may also be given as name=value.") from None
    return [f"{lacking.field}={value}"] if value.strip() else []
