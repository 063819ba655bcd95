"""A city whose set-up is complete, here and at Caselle, for tests that then break one thing."""

import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import SecretStr

from admin.address import of_stack
from admin.stamp import opened
from local.csm import new_city, set_up
from local.simulator.client import SimulatorControl
from shared.billers.model import Biller
from tests.fakes.billers import overwrite

RELEASE = "2025.11.014"


@dataclass(frozen=True)
class City:
    """One biller, and what the simulator was told of it."""

    record: Biller
    at_caselle: dict[str, Any]
    key: str

    @property
    def biller_id(self) -> str:
        return self.record.biller_id

    @property
    def subdomain(self) -> str:
        return self.at_caselle["subdomain"]


def record_of(at_caselle: dict[str, Any], **changes: Any) -> Biller:
    """A draft with everything that posting needs."""
    fields = {
        "billerId": at_caselle["billerId"],
        "name": "Astoria OR",
        "timeZone": "America/Los_Angeles",
        "region": "westus2",
        "subdomain": at_caselle["subdomain"],
        "clientId": at_caselle["clientId"],
        "connectVersion": at_caselle["connectVersion"],
        "cowsVersion": at_caselle["connectVersion"],
        "applications": at_caselle["applications"],
        "contacts": {
            "csm": {"name": "Jane", "phone": "555-0101"},
            "cowsAdmin": {"name": "Pat", "phone": "555-0102", "hours": "8 to 17"},
            "clerk": {"name": "Kim", "phone": "555-0103"},
            "crm": {"name": "Lee", "phone": "555-0104"},
        },
        "licences": {"CRW40000": date(2026, 5, 1), "ARW4000": date(2026, 5, 1)},
        "formDefinition": "openItemsOnly",
        "confirmed": {"billImages": date(2026, 5, 1)},
    }
    return Biller.model_validate(fields | changes)


async def complete(stack, state, biller_id: str, release: str = RELEASE) -> City:
    """A complete city, with a token that Caselle delivered to the callback."""
    key = secrets.token_urlsafe(40)
    at_caselle = new_city(biller_id, f"{stack.functions_url}/api/ICOAuthTokenProcessor?BK={key}", release=release)
    record = record_of(at_caselle)
    async with at_stamp(state) as stamp:
        await overwrite(stamp.billers, record)
        await stamp.callback_keys.add(biller_id, SecretStr(key))
        await stamp.tokens.credentials.keep_client_secret(biller_id, SecretStr(at_caselle["clientSecret"]))
    await set_up(stack.control_url, at_caselle)
    return City(record, at_caselle, key)


def at_stamp(state):
    """The stamp of the running stack."""
    return opened(of_stack(state / "stack.json"))


async def put(state, record: Biller) -> None:
    """Write a record as it is."""
    async with at_stamp(state) as stamp:
        await overwrite(stamp.billers, record)


async def switch(stack, city: City, **changes: Any) -> None:
    """Change how the city's Caselle behaves."""
    async with SimulatorControl(stack.control_url) as control:
        await control.switch(city.subdomain, **changes)
