"""Who looks at the console, and whether they may."""

import base64
import binascii
from dataclasses import dataclass
from typing import Final, NoReturn

from pydantic import BaseModel, ValidationError

from shared.console.sign_in import SignIn
from shared.vocabulary.errors import CaselleError

READER: Final = "reader"
"""The role, as the app registration in Entra names it."""

_OBJECT_ID: Final = ("http://schemas.microsoft.com/identity/claims/objectidentifier", "oid")
_ROLE: Final = ("roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role")
_NAME: Final = ("name", "preferred_username")


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in: the object id in the tenant, and the name that Entra shows."""

    object_id: str
    name: str
    roles: frozenset[str]


class NotSignedIn(CaselleError):
    """Nobody is signed in, or nobody who can be believed."""


class NotAReader(CaselleError):
    """Somebody is signed in who has not the role."""

    def __init__(self, person: Person) -> None:
        """Carry who it is."""
        super().__init__("the role reader is missing")
        self.person = person


def admitted(sign_in: SignIn, principal: str | None, cookie: str | None) -> Person:
    """The person who may look.

    Args:
        sign_in: how people sign in here.
        principal: the header ``X-MS-CLIENT-PRINCIPAL``; without App Service before the app, anybody's invention.
        cookie: the role that the development sign-in gave.

    Raises:
        NotSignedIn: nobody is signed in.
        NotAReader: the one who is has not the role.
    """
    match sign_in:
        case SignIn.APP_SERVICE:
            person = of_principal(principal or "")
        case SignIn.DEVELOPMENT:
            person = _developer(cookie or "")
        case SignIn.OFF:
            raise NotSignedIn("the console is not switched on")
    if READER not in person.roles:
        raise NotAReader(person)
    return person


class _Claim(BaseModel):
    typ: str
    val: str


class _Principal(BaseModel):
    role_typ: str | None = None
    claims: tuple[_Claim, ...] = ()

    def values(self, *types: str | None) -> list[str]:
        return [claim.val for claim in self.claims if claim.typ in types and claim.val]


def of_principal(header: str) -> Person:
    """The person in App Service's header: base64 of JSON with claims.

    Raises:
        NotSignedIn: there is none, or it does not say who.
    """
    try:
        principal = _Principal.model_validate_json(base64.b64decode(header, validate=True))
    except (ValidationError, binascii.Error, ValueError):
        _nobody()
    object_ids = principal.values(*_OBJECT_ID)
    if len(set(object_ids)) != 1:
        _nobody()
    names = principal.values(*_NAME)
    return Person(object_ids[0], names[0] if names else "", frozenset(principal.values(*_ROLE, principal.role_typ)))


def _developer(cookie: str) -> Person:
    if not cookie:
        _nobody()
    return Person("development", "signed in for development", frozenset({cookie}))


def _nobody() -> NoReturn:
    # Without the original: it may hold what the header held.
    raise NotSignedIn("nobody is signed in") from None
