"""Taking a stamp down. What cannot be made again - the ledger, the vault - stays unless it is named twice."""

from collections.abc import Iterator
from typing import Final

from admin.confirm import confirm
from admin.deploy import commands
from admin.deploy.az import Az
from admin.deploy.commands import Command
from admin.deploy.region import AUDIT_PREFIX, Region
from admin.errors import Declined
from admin.output import say

# In this order: a plan goes after its app.
REPLACEABLE: Final = (
    "Microsoft.Insights/scheduledQueryRules",
    "Microsoft.Insights/workbooks",
    commands.APPS,
    "Microsoft.Web/serverFarms",
)


def destroy(region: Region, az: Az, *, yes: bool, ledger: str | None, vault: str | None) -> None:
    """Delete the app and its alerts; storage account and vault only where their names are given.

    Raises:
        Declined: the person does not want it, or a name is not that of this stamp.
        WrongUse: a command failed.
    """
    for what, given, kind in _given(ledger, vault):
        _demand_name(what, given, region.own(az.json(*commands.groups_of(kind))))
    kept = [name for name, given in (("ledger", ledger), ("vault", vault)) if given is None]
    kept_words = f" {' and '.join(kept).capitalize()} stay." if kept else " Ledger and vault go with it."
    confirm(f"Destroy the app of {region.name}?{kept_words}", yes=yes)
    if az.json(*commands.stacks(region)):
        az.shown(*commands.delete_stack(region))
    for kind in REPLACEABLE:
        found = az.json(*commands.resources(region.group, kind))
        if found:
            az.shown(*commands.delete(tuple(found)))
    for command in _stores(region, ledger, vault):
        az.shown(*command)
    say(f"{region.name} no longer runs. Callback host and audit are never deleted from here.")


def lines(region: Region, *, ledger: str | None, vault: str | None) -> list[str]:
    """What a destruction runs."""
    listed = [commands.line(commands.resources(region.group, kind)) for kind in REPLACEABLE]
    deleted = commands.line(commands.delete(("<those that were listed>",)))
    stores = [commands.line(command) for command in _stores(region, ledger, vault)]
    return [
        *(commands.line(commands.groups_of(kind)) for _, _, kind in _given(ledger, vault)),
        commands.line(commands.stacks(region)),
        f"{commands.line(commands.delete_stack(region))}  # where there is one",
        *(line for each in listed for line in (each, deleted)),
        *stores,
    ]


def _given(ledger: str | None, vault: str | None) -> Iterator[tuple[str, str, str]]:
    """What, its typed name, and its resource type."""
    if ledger is not None:
        yield "storage account", ledger, commands.ACCOUNTS
    if vault is not None:
        yield "vault", vault, commands.VAULTS


def _stores(region: Region, ledger: str | None, vault: str | None) -> Iterator[Command]:
    if ledger is not None:
        yield commands.delete_lock(region.group, "keep-the-ledger", ledger, commands.ACCOUNTS)
        yield ("storage", "account", "delete", "--resource-group", region.group, "--name", ledger, "--yes")
    if vault is not None:
        yield commands.delete_lock(region.group, "keep-the-vault", vault, commands.VAULTS)
        yield ("keyvault", "delete", "--resource-group", region.group, "--name", vault)


def _demand_name(what: str, given: str, named: list[str]) -> None:
    """Its name was typed, and it is not the audit's, which no command deletes."""
    if given not in named or given.startswith(AUDIT_PREFIX):
        raise Declined(f"Nothing was changed: the {what} of this stamp is not called {given}.")
