"""What can be seen on our side: record, keys, vault, token, gate and the callback's host."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import httpx

from admin import first_files, keys
from admin.billers import missing
from admin.billers.modes import stopped_for
from admin.check.finding import Finding, People, fails, passes, people, untold
from shared.billers.capabilities import MINIMUM_VERSION, at_least
from shared.billers.model import Biller, FormDefinition
from shared.payments.rules import paused
from shared.tokens.row import TokenRow

if TYPE_CHECKING:
    from admin.stamp import Stamp

_SECONDS: Final = 10
_SKEW: Final = timedelta(seconds=120)
_FEW_DAYS: Final = 30
_LISTED_ELSEWHERE: Final = ("licences.", "formDefinition", "connectVersion", "cowsVersion")


async def findings(stamp: "Stamp", biller: Biller) -> AsyncIterator[Finding]:
    """Every finding of our side, in the order of the project.

    Raises:
        Unavailable: tables or vault do not answer.
    """
    for finding in of_record(biller):
        yield finding
    yield await _key(stamp, biller)
    yield await _host(stamp, biller)
    yield await _client_secret(stamp, biller)
    row = await stamp.stores.tokens.read(biller.biller_id)
    for finding in _token(row, stamp, biller):
        yield finding
    yield await _sending(stamp, biller)
    yield _clock(stamp)


def of_record(biller: Biller) -> Iterator[Finding]:
    """What the record says."""
    who = people(biller)
    lacking = [each for each in missing.of_record(biller) if not each.field.startswith(_LISTED_ELSEWHERE)]
    if lacking:
        owed = "; ".join(f"{each.field} from {each.owed_by}" for each in lacking)
        yield fails("settings complete", f"missing: {owed}", "Ask for them, then `biller set`.", who.us)
    else:
        yield passes("settings complete", "subdomain, ClientID, codes, region and contacts are there")
    yield _release(biller, who)
    yield _cows_release(biller, who)
    yield _form_definition(biller, who)
    yield from _first_files(biller, who)


def _release(biller: Biller, who: People) -> Finding:
    check, version = "Connect release", biller.connect_version
    if version is None:
        return fails(check, "not recorded", "Ask which release runs, then set connectVersion.", who.csm)
    if not at_least(version, MINIMUM_VERSION):
        remedy = f"Update Caselle Connect to {MINIMUM_VERSION} or later on every workstation."
        return fails(check, f"{version} is recorded", remedy, who.clerk)
    return passes(check, f"{version} is recorded; {MINIMUM_VERSION} or later is needed")


def _cows_release(biller: Biller, who: People) -> Finding:
    check = "COWS release"
    if biller.cows_version is None:
        remedy = "Update COWS with the last general release; then set cowsVersion."
        return fails(check, "not recorded", remedy, who.cows_admin)
    return passes(check, f"{biller.cows_version} is recorded")


def _form_definition(biller: Biller, who: People) -> Finding:
    check = "form definition"
    if biller.form_definition is FormDefinition.OPEN_ITEMS_ONLY:
        return passes(check, "imported, and its file holds open items only")
    remedy = "Import it, and check its first file: `invoices check`; or set formDefinition=openItemsOnly."
    return fails(check, f"{biller.form_definition} is recorded", remedy, who.csm)


def _first_files(biller: Biller, who: People) -> Iterator[Finding]:
    for item in first_files.checklist(biller.first_files):
        if item.good:
            yield passes(item.name, item.shows)
        elif item.good is not None:
            yield fails(item.name, item.shows, item.remedy, who.clerk)
        elif item.name == first_files.FIRST_FILE and biller.form_definition is FormDefinition.OPEN_ITEMS_ONLY:
            yield passes(item.name, "recorded by a person")
        else:
            yield untold(item.name, item.shows, item.remedy, who.us)


async def _key(stamp: "Stamp", biller: Biller) -> Finding:
    found = await keys.active(stamp, biller.biller_id)
    if not found:
        remedy = "Make it in Invoice Cloud's biller portal, then `key add`."
        return fails("callback key active", "none is registered", remedy, people(biller).us)
    used = [key.last_used_at for key in found if key.last_used_at]
    last = f"last used {max(used):%Y-%m-%d %H:%M} UTC" if used else "not used yet"
    return passes("callback key active", f"{len(found)} active, {last}")


async def _host(stamp: "Stamp", biller: Biller) -> Finding:
    check, url = "callback host", f"{stamp.address.host_url}/api/health"
    if biller.callback_url and (note := keys.elsewhere(stamp, biller.callback_url)):
        return untold(check, note, "Confirm it: `biller confirm callbackHost`.", people(biller).us)
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=not stamp.address.local) as http:
            answer = await http.get(url)
    except httpx.HTTPError as error:
        return fails(check, f"{url}: {type(error).__name__}", "Start the functions.", people(biller).operations)
    if answer.is_success:
        return passes(check, f"{stamp.address.host_url} answers")
    return fails(check, f"{url}: HTTP {answer.status_code}", "Start the functions.", people(biller).operations)


async def _client_secret(stamp: "Stamp", biller: Biller) -> Finding:
    if await stamp.tokens.credentials.client_secret(biller.biller_id):
        return passes("ClientSecret in the vault", "it is there")
    remedy = "Ask for it through the secure channel, then `biller secret set`."
    return fails("ClientSecret in the vault", "it is not there", remedy, people(biller).csm)


def _token(row: TokenRow | None, stamp: "Stamp", biller: Biller) -> Iterator[Finding]:
    who = people(biller)
    if row is None:
        remedy = 'Set the callback URL at the third party "Invoice Cloud", enable it, and add an OAuth token.'
        yield fails("callback received", "no token was ever delivered", remedy, who.csm)
        yield untold("token lasts", "there is none")
        return
    yield passes("callback received", f"the token in force since {row.since:%Y-%m-%d %H:%M} UTC")
    days = (row.expires_at - stamp.clock.now()).days
    if row.expires_at <= stamp.clock.now():
        yield fails("token lasts", f"it expired on {row.expires_at:%Y-%m-%d}", "Add an OAuth token.", who.csm)
    elif days < _FEW_DAYS and row.supervised is None:
        remedy = "Add an OAuth token now; this one ends soon and is not renewed by itself."
        yield fails("token lasts", f"{days} days left", remedy, who.csm)
    else:
        yield passes("token lasts", f"{days} days left, until {row.expires_at:%Y-%m-%d}")


async def _sending(stamp: "Stamp", biller: Biller) -> Finding:
    check, gate = "sending allowed", await stamp.gates.look(biller.biller_id)
    if gate.blocked or gate.stops:
        return fails(check, f"stopped for {stopped_for(gate)}", "Mend it, then `biller unblock`.", people(biller).us)
    if gate.is_open:
        return fails(check, "the city's server kept failing", "Restart COWS.", people(biller).cows_admin)
    if paused(biller, stamp.clock.now()) and biller.paused:
        return fails(check, f"paused: {biller.paused.reason}", "`biller resume` when it is over.", people(biller).us)
    return passes(check, "not paused, not blocked")


def _clock(stamp: "Stamp") -> Finding:
    check, skew = "our clock", abs(stamp.stores.server_time.now() - stamp.clock.now())
    if skew > _SKEW:
        return fails(check, f"{skew.seconds} s off the storage's", "Set this machine's clock.", "you")
    return passes(check, f"within {_SKEW.seconds} s of the storage's")
