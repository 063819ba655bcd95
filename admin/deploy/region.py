"""Which stamp: one file of ``infra/bicep/regions`` each, called ``<region>.<environment>.bicepparam``."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from admin.errors import WrongUse

ROOT: Final = Path(__file__).resolve().parents[2]
TEMPLATES: Final = ROOT / "infra/bicep"
_NAME: Final = re.compile(r"([a-z0-9]+)\.([a-z]+)")
_WORKLOAD: Final = "caselle"
AUDIT_PREFIX: Final = "staudit"
"""Of the audit's storage account, as the template calls it."""
PROVIDERS: Final = (
    "Microsoft.App",
    "Microsoft.Authorization",
    "Microsoft.Cdn",
    "Microsoft.Consumption",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.Storage",
    "Microsoft.Web",
)
"""What the subscription must have registered."""


@dataclass(frozen=True, slots=True)
class Region:
    """One stamp, by its parameter file."""

    region: str
    environment: str
    parameters: Path

    @property
    def name(self) -> str:
        """As the command line names it."""
        return f"{self.region}.{self.environment}"

    @property
    def deployment(self) -> str:
        """Under which name Azure keeps the deployment, and its outputs."""
        return f"{_WORKLOAD}-{self.region}-{self.environment}"

    @property
    def group(self) -> str:
        """The resource group, as the template calls it."""
        return f"rg-{self.deployment}"

    def own(self, found: Iterable[list[str]]) -> list[str]:
        """Names of those in the stamp's group, from pairs of group and name: Azure keeps no letter case of a group."""
        return [name for group, name in found if group.casefold() == self.group.casefold()]


def named(name: str, folder: Path = TEMPLATES / "regions") -> Region:
    """The stamp of that name.

    Raises:
        WrongUse: there is no such parameter file; the sentence lists those that there are.
    """
    found = _NAME.fullmatch(name)
    path = folder / f"{name}.bicepparam"
    if found is None or not path.is_file():
        known = ", ".join(sorted(each.name.removesuffix(".bicepparam") for each in folder.glob("*.bicepparam")))
        raise WrongUse(f"There is no stamp {name}; there are {known or 'none'}.")
    return Region(found[1], found[2], path)
