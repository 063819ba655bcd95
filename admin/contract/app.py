"""``icadmin contract``: what we assume of Caselle's schema, and whether a true one fits."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from admin import output
from admin.errors import FOUND_WRONG, WrongUse
from admin.session import at_stamp
from shared.billers import capabilities
from shared.caselle.customer_records import REMOTES

if TYPE_CHECKING:
    from graphql import GraphQLSchema

    from admin.contract.compare import Judged
    from admin.stamp import Stamp

app = typer.Typer(help="Our contract with Caselle: what is assumed, and whether it fits.", no_args_is_help=True)

_Sdl = Annotated[
    Path | None, typer.Option("--sdl", metavar="FILE", help="A schema in GraphQL's language.", show_default=False)
]
_Biller = Annotated[
    str | None, typer.Option("--biller", metavar="BILLER", help="Ask its endpoints; record what passes.")
]
_Endpoint = Annotated[
    str | None,
    typer.Option("--endpoint", metavar="cr0|ar0", help="Of the file; left out: as its name begins, or else cr0."),
]


@app.command()
def show(endpoint: Annotated[str | None, typer.Argument(metavar="[cr0|ar0]")] = None) -> None:
    """Print the schema that we assume; each part says what of it Caselle documents.

    Example: icadmin contract show ar0
    """
    from admin.contract.uses import ENDPOINTS, sdl  # noqa: PLC0415 - graphql-core on first use

    chosen = [_known(endpoint)] if endpoint else list(ENDPOINTS)
    texts = {name: sdl(name) for name in chosen}
    output.show(texts, *texts.values())


@app.command()
def check(sdl: _Sdl = None, biller: _Biller = None, endpoint: _Endpoint = None) -> None:
    """Say for each operation whether it fits a schema, would break, or cannot be told. Exit code 1: something breaks.

    With both a file and a biller the file is judged, and what passes is recorded for the biller: for a Caselle that
    does not show its schema.

    Example: icadmin contract check --sdl cr0.graphql
    """
    if sdl is None and biller is None:
        raise WrongUse("What is to be compared? Give --sdl FILE, or --biller BILLER for its live endpoints.")
    judged = _of_file(sdl, endpoint) if sdl else []
    if biller is not None:
        judged = at_stamp(lambda stamp: _of_biller(stamp, biller, judged))
    _tell(judged)
    if any(each.verdict == "would break" for each in judged):
        raise typer.Exit(FOUND_WRONG)


def _of_file(path: Path, endpoint: str | None) -> "list[Judged]":
    from graphql import GraphQLError, build_schema  # noqa: PLC0415 - on first use

    named = _known(endpoint) if endpoint else "ar0" if path.name.startswith("ar0") else "cr0"
    try:
        theirs = build_schema(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongUse(f"{path} cannot be read: {error.strerror}.") from None
    except (GraphQLError, TypeError, UnicodeDecodeError) as error:
        raise WrongUse(f"{path} is no schema: {error}.") from None
    if theirs.query_type is None and theirs.mutation_type is None:
        raise WrongUse(f"{path} is no schema: it has neither queries nor mutations.")
    return _judged(named, theirs)


async def _of_biller(stamp: "Stamp", biller_id: str, judged: "list[Judged]") -> "list[Judged]":
    from admin.billers.record import change, known  # noqa: PLC0415 - on first use
    from admin.contract import live, record  # noqa: PLC0415 - as above
    from admin.contract.uses import ENDPOINTS  # noqa: PLC0415 - as above

    before = await known(stamp, biller_id)
    if not judged:
        for name in ENDPOINTS:
            judged += _judged(name, await live.schema(stamp, before, name))
    after = record.passed(before, judged, stamp.clock.now())
    if after != before:
        await change(stamp, "contract.check", before, after)
    for remote in REMOTES.values():
        output.say(f"Biller {biller_id}, {remote.name}: {_STANDS[capabilities.off_reason(after, remote)]}.")
    return judged


_STANDS: Final = {
    None: "on",
    capabilities.UNCHECKED: "off, for it has not passed",
    capabilities.NOT_OPTED_IN: "off, for the biller has not opted in (`icadmin customers allow`)",
}


def _judged(endpoint: str, theirs: "GraphQLSchema | str") -> "list[Judged]":
    from admin.contract.compare import judge, unknown  # noqa: PLC0415 - graphql-core on first use
    from admin.contract.uses import USES, assumed  # noqa: PLC0415 - as above

    uses = [use for use in USES if use.endpoint == endpoint]
    if isinstance(theirs, str):
        return [unknown(use, theirs) for use in uses]
    return [judge(use, assumed(endpoint), theirs) for use in uses]


def _tell(judged: "Sequence[Judged]") -> None:
    lines = [line for each in judged for line in _lines(each)]
    output.rows("Our operations", lines)


def _lines(judged: "Judged") -> list[dict[str, Any]]:
    """One line per finding; one for an operation without any."""
    head = {
        "endpoint": judged.endpoint,
        "operation": judged.name,
        "document": judged.document,
        "verdict": str(judged.verdict),
    }
    bare = [{"place": "", "problem": "", "instead": ""}]
    found = [{"place": each.place, "problem": each.problem, "instead": each.instead} for each in judged.findings]
    return [head | line for line in found or bare]


def _known(endpoint: str) -> str:
    from admin.contract.uses import ENDPOINTS  # noqa: PLC0415 - graphql-core on first use

    if endpoint not in ENDPOINTS:
        raise WrongUse(f"Caselle has no endpoint {endpoint} for us; there are {' and '.join(ENDPOINTS)}.")
    return endpoint
