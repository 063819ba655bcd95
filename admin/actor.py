"""Who gives the commands: by the Entra token that the stores see, never by the machine's user name."""

import base64
import binascii
import json
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from admin.errors import WrongUse

STORAGE_SCOPE: Final = "https://storage.azure.com/.default"


class Actor(BaseModel):
    """One identity: its object id in the tenant, and the name that Entra shows."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    object_id: str
    name: str


LOCAL: Final = Actor(object_id="local", name="one-machine stack, nobody signed in")
"""On the one-machine stack there is no directory to be known in."""


def of_token(access_token: str) -> Actor:
    """Who a token was issued to. Its signature is the stores' to check; here it is only read.

    Raises:
        WrongUse: the token does not say.
    """
    claims = _claims(access_token)
    object_id = claims.get("oid")
    if not isinstance(object_id, str) or not object_id:
        raise WrongUse("The Azure token does not say who you are; sign in again with `az login`.")
    name = claims.get("name") or claims.get("app_displayname") or claims.get("appid") or object_id
    return Actor(object_id=object_id, name=str(name))


def _claims(access_token: str) -> dict[str, Any]:
    try:
        body = access_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}
