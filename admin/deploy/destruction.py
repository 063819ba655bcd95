"""Taking a stamp down. What cannot be made again - the ledger, the vault - stays unless it is named twice."""

from collections.abc import Iterator
from typing import Final

from admin.confirm import confirm
from admin.deploy import commands
from admin.deploy.az import Az
from admin.deploy.commands import Command
from admin.deploy.outputs import Outputs
from admin.deploy.region import Region
from admin.errors import Declined
from admin.output import say

# In this order: a plan goes after its app.
REPLACEABLE: Final = (
    "Microsoft.Insights/scheduledQueryRules",
    "Microsoft.Insights/workbooks",
    "Microsoft.Web/sites",
    "Microsoft.Web/serverFarms",
)
_STORAGE: Final = "Microsoft.Storage/storageAccounts"
_VAULT: Final = "Microsoft.KeyVault/vaults"


def destroy(region: Region, az: Az, *, yes: bool, ledger: str | None, vault: str | None) -> None:
    """Delete the app and its alerts; storage account and vault only where their names are given.

    Raises:
        Declined: the person does not want it, or a name is not that of this stamp.
        WrongUse: a command failed, or nothing was deployed.
    """
    outputs = Outputs.read(az.json(*commands.outputs(region, stack=False)))
    _demand_name("storage account", ledger, outputs.storage_account_name)
    _demand_name("vault", vault, outputs.key_vault_name)
    kept = [name for name, given in (("ledger", ledger), ("vault", vault)) if given is None]
    kept_words = f" {' and '.join(kept).capitalize()} stay." if kept else " Ledger and vault go with it."
    confirm(f"Destroy the app of {region.name}?{kept_words}", yes=yes)
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
        commands.line(commands.outputs(region, stack=False)),
        *(line for each in listed for line in (each, deleted)),
        *stores,
    ]


def _stores(region: Region, ledger: str | None, vault: str | None) -> Iterator[Command]:
    if ledger is not None:
        yield commands.delete_lock(region.group, "keep-the-ledger", ledger, _STORAGE)
        yield ("storage", "account", "delete", "--resource-group", region.group, "--name", ledger, "--yes")
    if vault is not None:
        yield commands.delete_lock(region.group, "keep-the-vault", vault, _VAULT)
        yield ("keyvault", "delete", "--resource-group", region.group, "--name", vault)


def _demand_name(what: str, given: str | None, named: str) -> None:
    if given is not None and given != named:
        raise Declined(f"Nothing was changed: the {what} of this stamp is not called {given}.")
