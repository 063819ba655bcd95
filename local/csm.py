"""Plays a city's Customer System Manager at Caselle, for a biller that is being set up on this machine."""

import secrets
import uuid
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from local.private_files import write_private
from local.simulator.client import SimulatorControl
from local.wrong_use import WrongUse

CUSTOMER: Final = "000001"
"""The one customer of a new city; owes one invoice of 50.00."""

_RELEASE: Final = "2025.11.014"
_CODES: Final = {"categoryCode": "12", "distributionCode": "1201"}
_PAYMENT_CODES: Final = {"ACH": "7", "CC": "8"}
_OWNER_ONLY: Final = 0o700


def new_city(biller_id: str, callback_url: str, *, release: str = _RELEASE) -> dict[str, Any]:
    """A city as the simulator takes it (``local.simulator.wire.BillerSetup``)."""
    return {
        "billerId": biller_id,
        "subdomain": f"city{biller_id}",
        "connectVersion": release,
        "applications": {"AR": {**_CODES, "paymentCodes": _PAYMENT_CODES}},
        "clientId": str(uuid.uuid4()),
        "clientSecret": secrets.token_urlsafe(32),
        "callbackUrl": callback_url,
        "customers": {CUSTOMER: {"name": "Ada Byron", "invoices": {"10023": "50.00"}}},
    }


async def set_up(control_url: str, city: dict[str, Any]) -> None:
    """Configure Caselle for the city, and have its first token delivered to the callback URL.

    Raises:
        WrongUse: the callback does not take the token: it is not ours, or its key is wrong.
    """
    async with SimulatorControl(control_url) as control:
        await control.put_biller(city)
        status = await control.deliver_token(city["subdomain"])
    if status != HTTPStatus.OK:
        raise WrongUse(f"The callback answered {status} to the token: is the key registered, and the URL right?")


def write_answer(folder: Path, city: dict[str, Any]) -> tuple[Path, Path]:
    """What the CSM sends back: values in the words of ``biller set``, and the ClientSecret in a file of its own."""
    folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
    values, secret = folder / "values.txt", folder / "client-secret.txt"
    codes = [f"applications.AR.{name}={code}" for name, code in _CODES.items()]
    tenders = [f"applications.AR.paymentCodes.{tender}={code}" for tender, code in _PAYMENT_CODES.items()]
    named = [f"{name}={city[name]}" for name in ("subdomain", "clientId", "connectVersion")]
    named.append(f"cowsVersion={city['connectVersion']}")
    write_private(values, "\n".join([*named, *codes, *tenders, ""]).encode())
    write_private(secret, f"{city['clientSecret']}\n".encode())
    return values, secret
