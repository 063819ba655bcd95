"""A client of the simulator's control API."""

import ssl
from collections.abc import Mapping
from typing import Literal, Self, TypedDict, Unpack

import httpx

from local.simulator.wire import AccountRow, ReceiptRow, Summary

_SECONDS = 60  # setting up 30,000 customers takes a few; a delivery waits for the callback


class SwitchChanges(TypedDict, total=False):
    """What ``switch`` takes; ``closedThrough`` and ``ledgerUpdatedThrough`` are YYYY-MM-DD."""

    cows: Literal["up", "http_503", "graphql_error"]
    latencyMs: int
    licence: bool
    arLicence: bool
    onlinePayments: bool
    distributionOnline: bool
    thirdPartyEnabled: bool
    onlineWorkspaces: int
    workspaceThirdParty: bool
    newReceipts: bool
    manualAllocation: bool
    workspaceInUse: bool
    updateImmediately: bool
    receiptNumbersLeft: int | None
    connectVersion: str
    closedThrough: str | None
    ledgerUpdatedThrough: str | None
    voidUpdated: bool
    queryLagSeconds: float
    clockAheadSeconds: float
    callbackUrl: str | None
    dropAnswers: int
    throttled: str | None
    answersBecome: int | None
    refusalAfterAll: str | None
    numerals: bool
    referenceLength: int
    referenceInMemo: bool
    americanDates: bool
    introspection: bool
    customerUpdates: bool
    directPay: list[str]
    refusedEmails: list[str]


class SimulatorControl:
    """Sets up and breaks a running simulator: ``async with SimulatorControl(url) as control``.

    Every method raises httpx.HTTPStatusError when the simulator refuses: 404 unknown subdomain, 422 invalid body.
    """

    def __init__(self, control_url: str) -> None:
        no_certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loopback speaks http: spare the time to load them
        self._http = httpx.AsyncClient(base_url=control_url, trust_env=False, timeout=_SECONDS, verify=no_certificates)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def put_billers(self, setups: list[dict[str, object]]) -> None:
        """Replace all billers (``local.simulator.wire.BillerSetup``); receipts and tokens are forgotten."""
        await self._ask("PUT", "/billers", setups)

    async def put_biller(self, setup: Mapping[str, object]) -> None:
        """Add one biller (``local.simulator.wire.BillerSetup``), or begin it again; the others stay."""
        await self._ask("PUT", f"/billers/{setup['subdomain']}", dict(setup))

    async def switch(self, subdomain: str, **changes: Unpack[SwitchChanges]) -> None:
        """Change how a biller behaves."""
        await self._ask("PATCH", f"/billers/{subdomain}", changes)

    async def relay_refused(self, *, refused: bool) -> None:
        """Refuse connections to the relay, or take them again on the same port."""
        await self._ask("PATCH", "/relay", {"refused": refused})

    async def deliver_token(self, subdomain: str, expires_in: int | None = None) -> int:
        """Have a new token posted to the biller's callback; the callback's HTTP status."""
        body = {} if expires_in is None else {"expiresIn": expires_in}
        answer = await self._ask("POST", f"/billers/{subdomain}/deliver-token", body)
        status: int = answer.json()["status"]
        return status

    async def update_payments(self, subdomain: str) -> int:
        """Have the clerk hand the receipts to accounts receivable; how many there were."""
        updated: int = (await self._ask("POST", f"/billers/{subdomain}/update-payments")).json()["updated"]
        return updated

    async def revoke_tokens(self, subdomain: str) -> None:
        """Make every access token of the biller inactive; refresh tokens stay."""
        await self._ask("POST", f"/billers/{subdomain}/revoke-tokens")

    async def authorization_code(self, subdomain: str) -> str:
        """A code for the token endpoint, good for one use within ten minutes."""
        code: str = (await self._ask("POST", f"/billers/{subdomain}/authorization-codes")).json()["code"]
        return code

    async def void_by_clerk(self, subdomain: str, number: str) -> None:
        """A clerk voids a receipt at the city, behind our back."""
        await self._ask("PATCH", f"/billers/{subdomain}/receipts/{number}", {"voided": True})

    async def change_amount(self, subdomain: str, number: str, amount: str) -> None:
        """A receipt gets another amount, in decimal text."""
        await self._ask("PATCH", f"/billers/{subdomain}/receipts/{number}", {"amount": amount})

    async def lose_receipt(self, subdomain: str, number: str) -> None:
        """A receipt is gone, as after a restored backup."""
        await self._ask("DELETE", f"/billers/{subdomain}/receipts/{number}")

    async def receipts(self) -> dict[str, list[ReceiptRow]]:
        """Every receipt, by biller id."""
        rows: dict[str, list[ReceiptRow]] = (await self._ask("GET", "/receipts")).json()
        return rows

    async def summary(self) -> dict[str, Summary]:
        """Live receipts, their cents and doubled ones, by biller id."""
        summaries: dict[str, Summary] = (await self._ask("GET", "/summary")).json()
        return summaries

    async def accounts(self) -> dict[str, dict[str, AccountRow]]:
        """What Caselle was told about customers, by biller id and customer number."""
        accounts: dict[str, dict[str, AccountRow]] = (await self._ask("GET", "/accounts")).json()
        return accounts

    async def balances(self) -> dict[str, dict[str, int]]:
        """What every customer owes in cents, by biller id and customer number."""
        balances: dict[str, dict[str, int]] = (await self._ask("GET", "/balances")).json()
        return balances

    async def calls(self) -> dict[str, dict[str, int]]:
        """How often each operation reached the relay, whatever the answer, by biller id."""
        calls: dict[str, dict[str, int]] = (await self._ask("GET", "/calls")).json()
        return calls

    async def most_writing(self) -> dict[str, int]:
        """By biller id: the most calls that wrote at the same moment."""
        most: dict[str, int] = (await self._ask("GET", "/most-writing")).json()
        return most

    async def forget_calls(self) -> None:
        """Count calls from zero again."""
        await self._ask("DELETE", "/calls")

    async def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        answer = await self._http.request(method, path, json=body)
        return answer.raise_for_status()
