"""One deployment of one stamp: its steps in their order; a dry run only says them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from admin.deploy import commands, stores
from admin.deploy.az import Az
from admin.deploy.commands import Command
from admin.deploy.outputs import Outputs
from admin.deploy.region import Region
from admin.output import say, warn
from shared.runtime.build import Build

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from admin.address import Address
    from admin.stamp import Stamp


class Step(NamedTuple):
    """One thing that is done, and how it reads."""

    title: str
    lines: list[str]
    run: Callable[[], None]


def shown(*several: Command) -> list[str]:
    """The lines of a step that runs these commands."""
    return [commands.line(each) for each in several]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the person asked for."""

    yes: bool = False
    """Do not ask before changing."""
    stack: bool = False
    """As a deployment stack."""
    drain: bool = True
    """Pause the billers while the app is replaced."""
    package: Path | None = None
    """Publish this one instead of building it."""


@dataclass(slots=True, kw_only=True)
class Deployment:
    """What is wished for, and what the steps so far have found."""

    region: Region
    wishes: Wishes
    work: Path
    """An empty folder that is gone afterwards."""
    az: Az | None = None
    """None in a dry run."""
    wait: Callable[[float], None]
    scheme: str = "https"
    """How the app is reached."""
    open_stamp: "Callable[[Address], AbstractAsyncContextManager[Stamp]] | None" = None
    """Opens the stores; None for the usual way."""
    outputs: Outputs = field(init=False)
    subscription: str = "<subscription>"
    stacked: bool = False
    """Whether the stamp that is there was made as a stack."""
    locked: list[str] = field(default_factory=list)
    """Containers of the audit whose retention is locked."""
    package: Path = field(init=False)
    build: Build = field(init=False)
    functions: list[str] = field(default_factory=list)
    paused: bool = False
    """Whether billers wait for the end of this."""

    def __post_init__(self) -> None:
        self.outputs = Outputs.unknown(self.region)

    def dry_run(self) -> None:
        """Say every command, and run none."""
        for number, make in enumerate(self._steps(), start=1):
            step = make(self)
            # As they are, without the folding of tables: they are there to be copied.
            typer.echo("\n   ".join([f"{number}. {step.title}", *step.lines]))

    def run(self) -> None:
        """Do it.

        Raises:
            WrongUse: a step failed; the steps before it stand, and the command may be given again.
            Declined: the person does not want what would change.
        """
        for make in self._steps():
            step = make(self)
            say(f"{step.title} ...")
            try:
                step.run()
            except BaseException:
                if self.paused:
                    minutes = stores.LONGEST_PAUSE.total_seconds() / 60
                    warn(f"The billers stay paused, at most {minutes:.0f} minutes: deploy again, or resume them.")
                raise

    def _steps(self) -> "list[Callable[[Deployment], Step]]":
        """Made one by one: what an earlier one found stands in the lines of a later one."""
        from admin.deploy import code_steps as code  # noqa: PLC0415 - they are made of this module's parts
        from admin.deploy import store_steps as store  # noqa: PLC0415
        from admin.deploy import template_steps as template  # noqa: PLC0415

        drained, resumed = ([store.pause], [store.resume]) if self.wishes.drain else ([], [])
        before = [template.look, template.register, template.find, template.preview, code.pack]
        after = [template.create, template.read, store.pepper, code.publish, code.compare, code.index, code.ask]
        return [*before, *drained, *after, *resumed, template.tell]

    @property
    def as_stack(self) -> bool:
        """Whether it is asked for, or there already: what a stack made stays one."""
        return self.wishes.stack or self.stacked

    @property
    def azure(self) -> Az:
        """The command line of Azure; none of its commands is run in a dry run."""
        if self.az is None:
            raise RuntimeError("a dry run calls nothing")
        return self.az

    @property
    def names(self) -> tuple[str, str]:
        """Resource group and app."""
        return self.outputs.resource_group_name, self.outputs.function_app_name

    def read_outputs(self, *, stack: bool) -> None:
        """Keep what a deployment made.

        Raises:
            WrongUse: there is none that ended well.
        """
        self.outputs = Outputs.read(self.azure.json_or_nothing(*commands.outputs(self.region, stack=stack)))

    def in_stores[T](self, work: "Callable[[Stamp], Awaitable[T]]") -> T:
        """Work with the stamp's stores open.

        Raises:
            Unavailable: a store does not answer, or does not know this person's rights yet.
        """
        from admin.stamp import opened  # noqa: PLC0415 - Azure's SDKs on first use

        open_stamp = self.open_stamp or opened

        async def opened_and_worked() -> T:
            async with open_stamp(self.outputs.address(self.region)) as stamp:
                return await work(stamp)

        return asyncio.run(opened_and_worked())
