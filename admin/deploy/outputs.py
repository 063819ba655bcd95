"""What a deployment made, by the names that the template gives out; and the profile that opens it for admins."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from admin.address import CALLBACK_ROUTE, Address, Profile
from admin.deploy.region import Region
from admin.errors import WrongUse
from shared.runtime.settings import Settings


class Outputs(BaseModel):
    """Names and addresses of one stamp; none is a secret."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    resource_group_name: str
    function_app_name: str
    function_app_host_name: str
    callback_base_url: str
    key_vault_name: str
    storage_account_name: str
    audit_account_name: str

    @classmethod
    def read(cls, found: dict[str, Any] | None) -> Self:
        """From what ``az`` says of a deployment: ``{"name": {"type": ..., "value": ...}}``.

        Raises:
            WrongUse: there is no such deployment, or it was another template's.
        """
        try:
            return cls.model_validate({name: each["value"] for name, each in (found or {}).items()})
        except ValidationError:
            raise WrongUse("The deployment has no outputs of this template: deploy it first.") from None

    @classmethod
    def unknown(cls, region: Region) -> Self:
        """Stands for what only Azure will know, in a dry run."""
        return cls(
            resource_group_name=region.group,
            function_app_name="<functionAppName>",
            function_app_host_name="<functionAppHostName>",
            callback_base_url="<callbackBaseUrl>",
            key_vault_name="<keyVaultName>",
            storage_account_name="<storageAccountName>",
            audit_account_name="<auditAccountName>",
        )

    @property
    def callback_url(self) -> str:
        """What the cities' records carry, up to the key."""
        return f"{self.callback_base_url}/{CALLBACK_ROUTE}?BK=<API key>"

    def address(self, region: Region) -> Address:
        """Opens the stores."""
        settings = Settings.read(self._profile(region).environment())
        host = f"https://{self.function_app_host_name}"
        return Address(region.name, settings, host, audit_account=self.audit_account_name)

    def toml(self, region: Region, app_insights: str | None) -> str:
        """The stamp as the file of profiles names it."""
        profile = self._profile(region, app_insights).model_dump(exclude_none=True, exclude_defaults=True)
        lines = [f'["{region.name}"]', *(f"{name} = {_toml(value)}" for name, value in profile.items())]
        return "\n".join(lines)

    def _profile(self, region: Region, app_insights: str | None = None) -> Profile:
        return Profile(
            storage_account=self.storage_account_name,
            audit_account=self.audit_account_name,
            key_vault=self.key_vault_name,
            regions=[region.region],
            host=self.callback_base_url.removeprefix("https://"),
            app_insights=app_insights,
        )


def _toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_toml(each) for each in value)}]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
