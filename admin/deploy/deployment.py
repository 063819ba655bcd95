"""The sequence of a deployment: each step says what it runs before it runs it, and a dry run only says it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from admin.confirm import confirm
from admin.deploy import commands, package, stores
from admin.deploy.az import Az
from admin.deploy.commands import Command
from admin.deploy.outputs import Outputs
from admin.deploy.region import PROVIDERS, Region
from admin.deploy.site import RETRY_SECONDS, Site
from admin.errors import WrongUse
from admin.output import say, warn
from shared.billers.callback_keys import PEPPER_SECRET
from shared.vocabulary.errors import Unavailable

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from admin.address import Address
    from admin.stamp import Stamp

_TRIES = 20


class Step(NamedTuple):
    """One thing that is done, and how it reads."""

    title: str
    lines: list[str]
    run: Callable[[], None]


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
    """One deployment of one stamp."""

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
    _subscription: str = "<subscription>"
    _package: Path = field(init=False)
    _expected: list[str] = field(default_factory=list)
    _paused: bool = False

    def __post_init__(self) -> None:
        self.outputs = Outputs.unknown(self.region)

    def dry_run(self) -> None:
        """Say every command, and run none."""
        for number, make in enumerate(self._steps(), start=1):
            step = make()
            # As they are, without the folding of tables: they are there to be copied.
            typer.echo("\n   ".join([f"{number}. {step.title}", *step.lines]))

    def run(self) -> None:
        """Do it.

        Raises:
            WrongUse: a step failed; the steps before it stand, and the command may be given again.
            Declined: the person does not want what would change.
        """
        for make in self._steps():
            step = make()
            say(f"{step.title} ...")
            try:
                step.run()
            except BaseException:
                if self._paused:
                    minutes = stores.LONGEST_PAUSE.total_seconds() / 60
                    warn(f"The billers stay paused, at most {minutes:.0f} minutes: deploy again, or resume them.")
                raise

    def _steps(self) -> list[Callable[[], Step]]:
        """Made one by one: what an earlier one found stands in the lines of a later one."""
        drained = [self._pausing] if self.wishes.drain else []
        resumed = [self._resuming] if self.wishes.drain else []
        before = [self._looking, self._registering, self._previewing, self._packing]
        after = [self._creating, self._reading, self._peppering, self._publishing, self._comparing, self._asking]
        return [*before, *drained, *after, *resumed, self._telling]

    def _looking(self) -> Step:
        def run() -> None:
            account = self._az.json(*commands.SIGNED_IN)
            self._subscription = f"{account['name']} ({account['id']})"
            try:
                self._az.text(*commands.COMPILER)
            except WrongUse:
                raise WrongUse("The Bicep compiler is missing: run `az bicep install`, then this again.") from None

        return Step("Login and tools", _shown(commands.SIGNED_IN, commands.COMPILER), run)

    def _registering(self) -> Step:
        def run() -> None:
            registered = set(self._az.json(*commands.REGISTERED))
            for provider in PROVIDERS:
                if provider not in registered:
                    self._az.shown(*commands.register(provider))

        missing = f"{commands.line(commands.register('<each that is missing>'))}  # of {', '.join(PROVIDERS)}"
        return Step("Resource providers", [commands.line(commands.REGISTERED), missing], run)

    def _packing(self) -> Step:
        def run() -> None:
            self._package = self.wishes.package or package.build(self.work)
            self._expected = package.index(self._package, self.work)
            say(f"{len(self._expected)} functions, SHA-256 {package.digest(self._package)}")

        install = " ".join(["uv", *package.install_command(Path("<work>/vendored"))[1:]])
        listed = "python -I -S: the functions of the unpacked package, with nothing but what is in it"
        built = [] if self.wishes.package else [install]
        return Step("Package with its dependencies", [*built, listed], run)

    def _previewing(self) -> Step:
        def run() -> None:
            self._az.shown(*commands.what_if(self.region))
            confirm(f"Deploy {self.region.name} to {self._subscription}?", yes=self.wishes.yes)

        asked = [] if self.wishes.yes else ["ask whether to go on"]
        return Step("What would change", [commands.line(commands.what_if(self.region)), *asked], run)

    def _pausing(self) -> Step:
        def run() -> None:
            if self._az.json(*commands.apps(self.region)):
                self._pause()
            else:
                say("Nothing runs here yet.")

        looked = _shown(commands.apps(self.region), commands.outputs(self.region, stack=self.wishes.stack))
        paused = "pause every biller that sends, then wait until no payment is under way (not on the first deployment)"
        return Step("Drain", [*looked, paused], run)

    def _pause(self) -> None:
        try:
            self._read()
        except WrongUse:
            trouble = "An app runs here, and the last deployment did not end well enough to say where its stores are"
            raise WrongUse(f"{trouble}: --no-drain deploys without pausing the billers.") from None
        self._paused = True
        seconds = self._in_stores(stores.pause_all)
        say(f"Waiting {seconds:.0f} seconds until no payment is under way.")
        self.wait(seconds)

    def _creating(self) -> Step:
        command = commands.create(self.region, stack=self.wishes.stack)
        return Step("Resources", [commands.line(command)], lambda: self._az.shown(*command))

    def _reading(self) -> Step:
        return Step(
            "Names of what was made",
            [commands.line(commands.outputs(self.region, stack=self.wishes.stack))],
            self._read,
        )

    def _read(self) -> None:
        self.outputs = Outputs.read(self._az.json(*commands.outputs(self.region, stack=self.wishes.stack)))

    def _peppering(self) -> Step:
        def run() -> None:
            if self._once_roles_are_known(stores.ensure_pepper):
                say("Made the pepper of the callback keys.")

        return Step("Vault", [f"make the secret {PEPPER_SECRET} where {self.outputs.key_vault_name} has none"], run)

    def _publishing(self) -> Step:
        command = commands.publishing_host(self.outputs.resource_group_name, self.outputs.function_app_name)
        posted = (
            "POST https://<publishing host>/api/publish?RemoteBuild=false, again for five minutes while roles spread"
        )
        polled = "GET https://<publishing host>/api/deployments/latest, until it succeeded"
        return Step(
            "Publish",
            [*_shown(command, commands.TOKEN), posted, polled],
            lambda: self._site().publish(self._package),
        )

    def _comparing(self) -> Step:
        command = commands.functions(self.outputs.resource_group_name, self.outputs.function_app_name)

        def run() -> None:
            for _ in range(_TRIES):
                found = sorted(name.rpartition("/")[2] for name in self._az.json(*command) or [])
                if found == self._expected:
                    return
                self.wait(RETRY_SECONDS)
            missing = ", ".join(sorted(set(self._expected) - set(found))) or "none"
            strange = ", ".join(sorted(set(found) - set(self._expected))) or "none"
            raise WrongUse(f"Azure lists other functions than the package has; missing: {missing}; unknown: {strange}.")

        return Step("Functions", [f"{commands.line(command)}  # must be those of the package"], run)

    def _asking(self) -> Step:
        command = commands.host_key(self.outputs.resource_group_name, self.outputs.function_app_name)
        host = self.outputs.function_app_host_name

        def run() -> None:
            site = self._site()
            site.answers()
            site.ready(self._az.json(*command))

        asked = [
            f"GET https://{host}/api/health",
            commands.line(command),
            f"GET https://{host}/api/ready, with that key",
        ]
        return Step("Readiness", asked, run)

    def _resuming(self) -> Step:
        def run() -> None:
            if self._paused:
                self._in_stores(stores.resume_all)
                self._paused = False

        return Step("Go on", ["resume the billers that were paused for this"], run)

    def _telling(self) -> Step:
        command = commands.app_insights(self.outputs.resource_group_name)

        def run() -> None:
            say(f"Callback: {self.outputs.callback_url}")
            say("For ~/.config/icadmin/stamps.toml:")
            say(self.outputs.toml(self.region, self._az.json(*command)))

        return Step("Done", [commands.line(command), f"print the callback: {self.outputs.callback_url}"], run)

    @property
    def _az(self) -> Az:
        if self.az is None:
            raise RuntimeError("a dry run calls nothing")
        return self.az

    def _site(self) -> Site:
        names = (self.outputs.resource_group_name, self.outputs.function_app_name)
        publishing = self._az.json(*commands.publishing_host(*names))
        app = self.outputs.function_app_host_name
        token = lambda: self._az.text(*commands.TOKEN)  # noqa: E731 - a fresh one for each request
        return Site(f"{self.scheme}://{publishing}", f"{self.scheme}://{app}", token, self.wait)

    def _once_roles_are_known[T](self, work: "Callable[[Stamp], Awaitable[T]]") -> T:
        """Rights at a vault that was just made take minutes to be known there."""
        for _ in range(_TRIES - 1):
            try:
                return self._in_stores(work)
            except Unavailable:
                self.wait(RETRY_SECONDS)
        return self._in_stores(work)

    def _in_stores[T](self, work: "Callable[[Stamp], Awaitable[T]]") -> T:
        from admin.stamp import opened  # noqa: PLC0415 - Azure's SDKs on first use

        open_stamp = self.open_stamp or opened

        async def opened_and_worked() -> T:
            async with open_stamp(self.outputs.address(self.region)) as stamp:
                return await work(stamp)

        return asyncio.run(opened_and_worked())


def _shown(*several: Command) -> list[str]:
    return [commands.line(each) for each in several]
