"""Which stamp: the one-machine stack by its ``stack.json``, or one of Azure by its name in the file of profiles."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from admin.errors import WrongUse
from admin.options import Options
from shared.runtime.settings import RELAY, Settings
from shared.vocabulary.errors import Misconfigured

CALLBACK_ROUTE: Final = "api/ICOAuthTokenProcessor"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a stamp is. ``identity`` is what its own identity endpoint needs; empty on Azure."""

    name: str
    settings: Settings
    host_url: str
    """Of its functions."""
    identity: Mapping[str, str] = field(default_factory=dict, repr=False)
    host_key: str | None = field(default=None, repr=False)
    """Opens ``/api/ready``; known on the one-machine stack only."""
    app_insights: str | None = field(default=None, repr=False)
    """Connection string of the log workspace's Application Insights."""

    audit_account: str | None = None
    """Storage account of the audit's copies; on one machine there is only one account."""

    @property
    def local(self) -> bool:
        """Whether it is the one-machine stack."""
        return bool(self.identity)

    @property
    def callback_url(self) -> str:
        """The callback, to which ``?BK=<key>`` is added."""
        return f"{self.host_url}/{CALLBACK_ROUTE}"


class Profile(BaseModel):
    """One stamp of the profiles' file, by the names that its deployment printed."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    storage_account: Annotated[str, Field(pattern=r"^[a-z0-9]{3,24}$")]
    audit_account: Annotated[str, Field(pattern=r"^[a-z0-9]{3,24}$")]
    key_vault: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{2,23}$")]
    regions: Annotated[list[str], Field(min_length=1)]
    host: Annotated[str, Field(pattern=r"^[a-z0-9.-]+$")]
    app_insights: str | None = None
    caselle_base_url: str = RELAY
    caselle_token_url: str | None = None
    caselle_allowed_hosts: list[str] = Field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """The settings that the stamp's functions run with."""
        named = {
            "AzureWebJobsStorage__tableServiceUri": f"https://{self.storage_account}.table.core.windows.net",
            "KEY_VAULT_URL": f"https://{self.key_vault}.vault.azure.net",
            "STAMP_REGIONS": ",".join(self.regions),
            "CASELLE_BASE_URL": self.caselle_base_url,
            "CASELLE_TOKEN_URL": self.caselle_token_url or "",
        }
        hosts = ",".join(self.caselle_allowed_hosts)
        return named | ({"CASELLE_ALLOWED_HOSTS": hosts} if hosts else {})


def find(options: Options) -> Address:
    """The stamp that the options name.

    Raises:
        WrongUse: none is named, or it is not to be found.
    """
    if options.local:
        return of_stack(options.local_state / "stack.json")
    if options.stamp is None:
        raise WrongUse("Which stamp? Name one with --stamp, or use the stack on this machine with --local.")
    return of_profile(options.profiles_file, options.stamp)


def of_stack(path: Path) -> Address:
    """The running one-machine stack.

    Raises:
        WrongUse: none runs there.
    """
    try:
        stack: dict[str, Any] = json.loads(path.read_bytes())
        given: dict[str, str] = stack["settings"]
        return Address(
            name="local",
            settings=Settings.read(given | {"AzureWebJobsStorage": stack["storageConnectionString"]}),
            host_url=stack["functionsUrl"],
            identity={name: given[name] for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")},
            host_key=stack["keys"]["host"],
        )
    except (OSError, ValueError, KeyError, TypeError, Misconfigured):
        raise WrongUse(f"No stack runs here: {path} is not there or not complete. `make up` starts one.") from None


def of_profile(path: Path, name: str) -> Address:
    """A stamp of Azure.

    Raises:
        WrongUse: the file cannot be read, does not name the stamp, or is wrong about it.
    """
    profiles = _profiles(path)
    if name not in profiles:
        listed = ", ".join(sorted(profiles)) or "none"
        raise WrongUse(f"{path} does not name a stamp {name}; it names {listed}.")
    try:
        profile = Profile.model_validate(profiles[name])
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise WrongUse(f"{path}, stamp {name}, {place}: {first['msg']}.") from None
    settings = Settings.read(profile.environment())
    host = f"https://{profile.host}"
    return Address(name, settings, host, app_insights=profile.app_insights, audit_account=profile.audit_account)


def _profiles(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongUse(f"The file of stamps {path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongUse(f"{path} is not TOML: {error}.") from None
