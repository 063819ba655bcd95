"""What harmless reads show: the layers between us and the city's books, and which of them is the one that fails."""

from collections.abc import Iterator
from datetime import date, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from admin.check.finding import Finding, fails, passes, people, untold
from shared.billers import capabilities
from shared.billers.model import Biller, Capability
from shared.caselle import customer, open_items, receipt
from shared.caselle.cash_receipting import CaselleCashReceipting
from shared.caselle.errors import BARE_STATUSES, COWS_DOWN, AmbiguousError, NotSentError
from shared.caselle.protocol import Operation, Reply, refusal
from shared.exchange.reasons import REASONS
from shared.ledger.answer import Ambiguous, Refused
from shared.payments.evidence.shown import number_of
from shared.vocabulary.errors import Unavailable

if TYPE_CHECKING:
    from admin.stamp import Stamp

DEADLINE: Final = 15.0
"""Seconds for one read."""

NOBODY: Final = "0"
"""Nobody's number in any city we know of; that there is no such customer is an answer, too."""

ANSWERED: Final = "answered"


class _Layer(NamedTuple):
    """One thing that must work before the next can be seen."""

    check: str
    seen: str
    who: str
    codes: frozenset[str]


_LAYERS: Final = (
    _Layer(
        "relay reachable",
        "Caselle's relay takes connections",
        "caselle",
        frozenset({"ConnectError", "ConnectTimeout", "ProxyError"}),
    ),
    _Layer(
        "subdomain known",
        "the relay knows it",
        "csm",
        frozenset({"subdomain_unknown", "no_subdomain", "endpoint_missing"}),
    ),
    _Layer("COWS answering", "the city's server answers", "cows_admin", frozenset({"cows_down", "too_slow"})),
    _Layer(
        "token accepted", "Caselle accepts it", "csm", frozenset({"token_refused", "no_token", "token_unavailable"})
    ),
    _Layer("third party enabled", "Invoice Cloud is enabled", "csm", frozenset({"third_party_disabled"})),
    _Layer("cr0 authorised", "cash receipting answers: CRW40000 is there", "crm", frozenset({"licence_missing"})),
)

_WORDS: Final = MappingProxyType(
    {
        "ConnectError": "Caselle's relay refuses connections.",
        "ConnectTimeout": "Caselle's relay does not answer.",
        "ProxyError": "A proxy between here and Caselle's relay fails.",
        "endpoint_missing": "Caselle's relay has no such address.",
        "no_subdomain": "No subdomain is recorded.",
        "cows_down": "Caselle's relay answers; Connect Online Web Service behind it does not.",
        "too_slow": f"No answer within {DEADLINE:.0f} seconds.",
        "token_unavailable": "Our own tables or vault did not give the token.",
    }
)
_REMEDIES: Final = MappingProxyType(
    {
        "relay reachable": "See Caselle's status and this machine's network; call Caselle if it lasts.",
        "subdomain known": "Ask for the Customer SUBDomain, then `biller set subdomain=...`.",
        "COWS answering": "Log in to the Caselle server, and restart Connect Online Web Service.",
        "token accepted": 'Third-party access: "Active" must be checked at the token; or add an OAuth token.',
        "third party enabled": 'Third-party access: check "Enabled" for Invoice Cloud.',
        "cr0 authorised": "Have licence CRW40000 added to the security file; it takes a couple of days.",
        "ar0 authorised": "Have licence ARW4000 added to the security file; it takes a couple of days.",
    }
)
_SLOW: Final = frozenset({"TimeoutError", "ReadTimeout", "WriteTimeout", "deadline_passed"})
_NO_SERVER: Final = frozenset(
    {"http_502_no_json", "http_503_no_json", "http_504_no_json", "http_503", "RemoteProtocolError"}
)


class Reads:
    """Asks one city."""

    def __init__(self, stamp: "Stamp", biller: Biller) -> None:
        """Uses the token that the functions would use."""
        self.client = stamp.caselle.client(DEADLINE)
        self._stamp = stamp
        self._biller = biller
        self._who = people(biller)

    async def findings(self, customer_number: str) -> list[Finding]:
        """Every layer, ar0, and what the release can do."""
        code = await self.asked(customer.OPERATION, customer.variables(customer_number), "customer")
        found = list(self._layers(code))
        if code != ANSWERED:
            first = next((each.check for each in found if each.verdict == "fail"), "an answer that is on no list")
            return [*found, *(untold(check, f"not reached: {first}") for check in ("ar0 authorised", "capabilities"))]
        return [*found, await self._ar0(customer_number), await self._capabilities()]

    async def asked(self, operation: Operation, variables: dict[str, Any], field: str) -> str:
        """``ANSWERED``, or the code of what went wrong."""
        try:
            reply = await self.client.call(self._biller, operation, variables)
        except (NotSentError, AmbiguousError) as error:
            return _grouped(error.code)
        return _code(reply, field)

    def _layers(self, code: str) -> Iterator[Finding]:
        failing = next((layer for layer in _LAYERS if code in layer.codes), None)
        reached = code == ANSWERED
        listed = failing is not None or reached
        for layer in _LAYERS:
            if layer is failing:
                yield self._failed(layer.check, layer.who, code)
                failing, listed = None, False
            elif listed:
                yield passes(layer.check, layer.seen)
            else:
                yield untold(layer.check, f"not reached: {words(code)}")

    def _failed(self, check: str, who: str, code: str) -> Finding:
        return fails(check, words(code), _REMEDIES[check], str(getattr(self._who, who)))

    async def _ar0(self, customer_number: str) -> Finding:
        code = await self.asked(open_items.OPEN_ITEMS, open_items.variables(customer_number), "customer")
        if code == ANSWERED:
            return passes("ar0 authorised", "accounts receivable answers: ARW4000 is there")
        if code in {"licence_missing", "forbidden"}:
            return self._failed("ar0 authorised", "crm", code)
        return untold("ar0 authorised", words(code), "Try again.", self._who.us)

    async def _capabilities(self) -> Finding:
        """The recorded release against what the city's server understands."""
        check, version = "capabilities", self._biller.connect_version
        today = self._stamp.clock.now().astimezone(self._biller.zone).date()
        code = await self.asked(receipt.OPERATION, receipt.variables(receipt.of_days(today, today), None), "receipt")
        understood, expected = code == ANSWERED, capabilities.can_query_receipts(self._biller)
        if understood and expected:
            return await self._readable(today)
        if code == "contract_mismatch" and not expected:
            return passes(check, f"release {version} has no receipt query; {self._means()}")
        overridden = Capability.RECEIPT in self._biller.capability_overrides
        recorded = "an override says otherwise" if overridden else f"{version} is recorded"
        remedy, who = (_OVERRIDE, self._who.us) if overridden else (_RELEASE, self._who.csm)
        if understood:
            return fails(check, f"{recorded}, but the receipt query of 2025.11 answers", remedy, who)
        if code == "contract_mismatch":
            return fails(check, f"{recorded}, but the server does not know the receipt query of 2025.11", remedy, who)
        return untold(check, words(code), "Try again.", self._who.us)

    async def _readable(self, today: date) -> Finding:
        """Whether the reader that settles lost answers can read what the city shows of the last week."""
        try:
            found = await CaselleCashReceipting(self.client).receipts(self._biller, today - _WEEK, today)
        except Unavailable as error:
            evidence = f"the list of receipts is answered, but cannot be read ({error.code})"
            return fails("capabilities", evidence, _UNREADABLE, self._who.us)
        odd = [each.receipt_number for each in found if number_of(each.receipt_number) is None]
        if odd:
            evidence = f"receipt numbers are written in a form that is not known, such as {odd[0]}"
            return fails("capabilities", evidence, _UNREADABLE, self._who.us)
        return passes("capabilities", f"the receipt query answers, and is read; {self._means()}")

    def _means(self) -> str:
        return "; ".join(each.means for each in capabilities.abilities(self._biller))


_WEEK: Final = timedelta(days=7)
_UNREADABLE: Final = "`contract check` says what is different: until it is read, every lost answer is for a person."
_RELEASE: Final = "Ask which release of Connect and COWS runs, then `biller set connectVersion=...`."
_OVERRIDE: Final = "`biller set BILLER capabilityOverrides.receipt=` takes the override away."


def words(code: str) -> str:
    """A code in words."""
    if code in _WORDS:
        return _WORDS[code]
    return REASONS[code].message if code in REASONS else f"An answer that is on no list: {code}."


def _grouped(code: str) -> str:
    if code in _SLOW:
        return "too_slow"
    return "cows_down" if code in _NO_SERVER else code


def _code(reply: Reply, field: str) -> str:
    """A null customer is an answer: there is no such customer."""
    if customer.answered(reply):
        return ANSWERED
    if any(failure.code == COWS_DOWN for failure in reply.errors):
        return "cows_down"
    match refusal(reply, field):
        case Refused(code=code):
            return code
        case Ambiguous(code=code):
            return code if code in BARE_STATUSES.values() else _grouped(f"http_{reply.status}")
