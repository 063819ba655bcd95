"""Settings of one stamp, read from the environment on first use. A missing one is named; no secret has a default."""

import math
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from pydantic import SecretStr

from shared.console.sign_in import SignIn
from shared.ledger.times import Times
from shared.runtime.urls import azure_url, checked_url
from shared.vocabulary.errors import Misconfigured

RELAY: Final = "https://ranchero1.caselleconnect.com"
_TABLE_URI: Final = "AzureWebJobsStorage__tableServiceUri"
_QUEUE_URI: Final = "AzureWebJobsStorage__queueServiceUri"
_RELAY_HOSTS: Final = "ranchero1.caselleconnect.com"
_REGION: Final = re.compile(r"[a-z0-9-]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What differs between stamps. Two forms of storage: a connection string (local), or URIs and an identity."""

    storage_connection: SecretStr | None
    table_uri: str | None
    queue_uri: str | None
    client_id: str | None
    """Of the user-assigned identity."""
    vault_url: str
    vault_ca_file: str | None
    """Certificate authority of a vault on this machine; nowhere else."""
    regions: frozenset[str]
    """Billers at home in these are posted here; the others' payments are held."""
    caselle_base_url: str
    caselle_token_url: str | None
    """Complete; without it no token is renewed and no code exchanged."""
    callback_stamps: Mapping[str, str]
    """Base URL by region: where the callback hands on what is delivered for billers at home there."""
    times: Times
    biller_cache_seconds: float
    token_cache_seconds: float
    retention_years: int
    """How long state and events are kept; ids, amounts and fingerprints stay for ever."""
    key_cache_seconds: float
    """Infinite where it is not set: callback keys are never remembered longer than they allow."""
    open_items_seconds: float
    """For one question about open items in all."""
    console_sign_in: SignIn

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read and check every setting.

        Raises:
            Misconfigured: naming the setting that is missing or wrong; never its value.
        """
        local = environ.get("CASELLE_ALLOW_LOOPBACK") == "1"
        hosts = frozenset(host.lower() for host in _words(environ.get("CASELLE_ALLOWED_HOSTS", _RELAY_HOSTS)))
        base_url = environ.get("CASELLE_BASE_URL", RELAY)
        connection = environ.get("AzureWebJobsStorage")
        table_uri, queue_uri = environ.get(_TABLE_URI), environ.get(_QUEUE_URI)
        if not connection and not table_uri:
            raise Misconfigured(f"setting {_TABLE_URI} is missing")
        return cls(
            storage_connection=SecretStr(connection) if connection else None,
            table_uri=azure_url(_TABLE_URI, table_uri, allow_loopback=local) if table_uri else None,
            queue_uri=azure_url(_QUEUE_URI, queue_uri, allow_loopback=local) if queue_uri else None,
            client_id=environ.get("AZURE_CLIENT_ID"),
            vault_url=azure_url("KEY_VAULT_URL", _required(environ, "KEY_VAULT_URL"), allow_loopback=local),
            vault_ca_file=_only_local(environ, "KEY_VAULT_CA_FILE", local=local),
            regions=_regions(environ),
            caselle_base_url=checked_url("CASELLE_BASE_URL", base_url, hosts, allow_loopback=local),
            caselle_token_url=_token_url(environ, hosts, local=local),
            callback_stamps=_stamps(environ, local=local),
            times=_times(environ, local=local),
            biller_cache_seconds=_number(environ, "BILLER_CACHE_SECONDS", 60),
            token_cache_seconds=_number(environ, "TOKEN_CACHE_SECONDS", 300),
            retention_years=_years(environ, "RETENTION_YEARS", 7),
            key_cache_seconds=_number(environ, "KEY_CACHE_SECONDS", math.inf),
            open_items_seconds=_positive(environ, "OPEN_ITEMS_SECONDS", 10),
            console_sign_in=_sign_in(environ, local=local),
        )


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise Misconfigured(f"setting {name} is missing")
    return value


def _regions(environ: Mapping[str, str]) -> frozenset[str]:
    regions = frozenset(_words(_required(environ, "STAMP_REGIONS")))
    if not regions:
        raise Misconfigured("setting STAMP_REGIONS names no region; every payment would be held")
    return regions


def _only_local(environ: Mapping[str, str], name: str, *, local: bool) -> str | None:
    value = environ.get(name)
    if value and not local:
        raise Misconfigured(f"setting {name} is for one machine only and needs CASELLE_ALLOW_LOOPBACK=1")
    return value


def _token_url(environ: Mapping[str, str], hosts: Container[str], *, local: bool) -> str | None:
    url = environ.get("CASELLE_TOKEN_URL")
    if url:
        checked_url("CASELLE_TOKEN_URL", url, hosts, allow_loopback=local)
    return url or None


def _stamps(environ: Mapping[str, str], *, local: bool) -> dict[str, str]:
    stamps: dict[str, str] = {}
    for word in _words(environ.get("CALLBACK_STAMPS", "")):
        region, separator, url = word.partition("=")
        if not separator or not _REGION.fullmatch(region) or region in stamps:
            raise Misconfigured("setting CALLBACK_STAMPS lists region=https://host, each region once")
        stamps[region] = azure_url("CALLBACK_STAMPS", url, allow_loopback=local).rstrip("/")
    return stamps


def _sign_in(environ: Mapping[str, str], *, local: bool) -> SignIn:
    """App Service's header is believed only where the platform itself says that it writes it."""
    if local:
        return SignIn.DEVELOPMENT
    wanted = environ.get("CONSOLE_SIGN_IN", SignIn.OFF)
    if wanted not in {SignIn.OFF, SignIn.APP_SERVICE}:
        raise Misconfigured("setting CONSOLE_SIGN_IN is off or app-service")
    stands_before = environ.get("WEBSITE_AUTH_ENABLED", "").lower() == "true"
    return SignIn.APP_SERVICE if wanted == SignIn.APP_SERVICE and stands_before else SignIn.OFF


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name)
    return default if text is None else _seconds(name, text)


def _years(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, str(default))
    if not re.fullmatch(r"[1-9][0-9]?", text, re.ASCII):
        raise Misconfigured(f"setting {name} is a number of years from 1 to 99")
    return int(text)


def _positive(environ: Mapping[str, str], name: str, default: float) -> float:
    number = _number(environ, name, default)
    if not number:
        raise Misconfigured(f"setting {name} is more than no time at all")
    return number


def _seconds(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise Misconfigured(f"setting {name} is a number of seconds")
    return number


def _several(name: str, text: str) -> tuple[float, ...]:
    numbers = tuple(_seconds(name, word) for word in _words(text))
    if not numbers:
        raise Misconfigured(f"setting {name} is a list of seconds, separated by commas")
    return numbers


def _times(environ: Mapping[str, str], *, local: bool) -> Times:
    """Each time of the ledger may be set as LEDGER_<NAME>_SECONDS; TIME_DIVISOR shortens all, on one machine only."""
    given: dict[str, Any] = {}
    known = {field: f"LEDGER_{field.name.upper()}_SECONDS" for field in fields(Times)}
    strange = sorted(name for name in environ if name.startswith("LEDGER_") and name not in known.values())
    if strange:
        raise Misconfigured(f"setting {strange[0]} is none that this app knows")
    for field, name in known.items():
        if name in environ:
            several = isinstance(field.default, tuple)
            given[field.name] = _several(name, environ[name]) if several else _seconds(name, environ[name])
    times = Times(**given)
    if times.lease <= times.deadline + times.lease_margin:
        raise Misconfigured("LEDGER_LEASE_SECONDS must exceed LEDGER_DEADLINE_SECONDS plus LEDGER_LEASE_MARGIN_SECONDS")
    divisor = _seconds("TIME_DIVISOR", _only_local(environ, "TIME_DIVISOR", local=local) or "1")
    if divisor < 1:
        raise Misconfigured("setting TIME_DIVISOR is 1 or more")
    return times.divided(divisor)
