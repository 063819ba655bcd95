"""``deploy``, ``destroy`` and ``package``."""

import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from admin.confirm import Yes
from admin.deploy import destruction, package
from admin.deploy import profile as profiles
from admin.deploy.az import Az
from admin.deploy.deployment import Deployment, Wishes
from admin.deploy.region import named
from admin.errors import Declined, WrongUse
from admin.output import say

StampName = Annotated[str, typer.Argument(metavar="REGION.ENV", help="A file of infra/bicep/regions: westus2.prod.")]
DEPLOY_EXAMPLES = "Examples: icadmin deploy --dry-run westus2.prod; icadmin deploy eastus2.test --yes."
DESTROY_EXAMPLES = "Example: icadmin destroy eastus2.test --dry-run."
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print every command, and run none.")]


def deploy(
    stamp: StampName,
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    stack: Annotated[bool, typer.Option("--stack", help="As a deployment stack, which denies deletion.")] = False,
    no_drain: Annotated[
        bool, typer.Option("--no-drain", help="Do not pause billers; payments under way become unknown.")
    ] = False,
    package_file: Annotated[
        Path | None,
        typer.Option(
            "--package", metavar="FILE", exists=True, dir_okay=False, help="Publish this zip, do not build one."
        ),
    ] = None,
) -> None:
    """Deploy or update a region's stamp: resources, package, checks."""
    region = named(stamp)
    wishes = Wishes(yes=yes, stack=stack, drain=not no_drain, package=package_file)
    with tempfile.TemporaryDirectory(prefix="icadmin-") as work:
        az = None if dry_run else Az()
        deployment = Deployment(region=region, wishes=wishes, work=Path(work), az=az, wait=time.sleep)
        if dry_run:
            deployment.dry_run()
        else:
            deployment.run()


def destroy(
    stamp: StampName,
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    ledger: Annotated[bool, typer.Option("--ledger", help="The storage account, too. Asks for its name.")] = False,
    vault: Annotated[bool, typer.Option("--vault", help="The vault, too. Asks for its name.")] = False,
) -> None:
    """Take a stamp's app down. Ledger and vault stay unless each is asked for and then named."""
    region = named(stamp)
    if dry_run:
        names = ("<storageAccountName>" if ledger else None, "<keyVaultName>" if vault else None)
        for line in destruction.lines(region, ledger=names[0], vault=names[1]):
            typer.echo(line)
        return
    az = Az()
    storage_name = _typed("storage account, which holds the ledger") if ledger else None
    vault_name = _typed("vault, which holds every token") if vault else None
    destruction.destroy(region, az, yes=yes, ledger=storage_name, vault=vault_name)


def _typed(what: str) -> str:
    """A name that ``--yes`` does not spare."""
    try:
        name: str = typer.prompt(f"Type the name of the {what}", err=True)
    except (typer.Abort, EOFError):
        raise Declined("Nothing was changed: nobody typed the name.") from None
    return name.strip()


def profile(stamp: StampName) -> None:
    """Print a deployed stamp's section for ~/.config/icadmin/stamps.toml.

    Example: icadmin profile westus2.prod
    """
    typer.echo(profiles.asked_for(named(stamp), Az()))


def build_package(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write the zip.")],
) -> None:
    """Build the zip that deploy publishes, and list its functions.

    Example: icadmin package --out app.zip
    """
    with tempfile.TemporaryDirectory(prefix="icadmin-") as work:
        built = package.build(Path(work))
        names, which = package.index(built, Path(work)), package.identity(built)
        try:
            out.write_bytes(built.read_bytes())
        except OSError as error:
            raise WrongUse(f"{out} cannot be written: {error.strerror}.") from None
    say(f"{out}: version {which.version}, {len(names)} functions ({', '.join(names)}), SHA-256 {which.digest}")
