"""The control API: sets up billers, breaks things, and tells what was recorded. No authentication: loopback only."""

from collections import Counter
from typing import Final

import httpx
from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulator.books import Account, Biller, Receipt, UnknownSubdomain, World
from local.simulator.listener import Listener
from local.simulator.wire import (
    AccountRow,
    BillerSetup,
    Delivery,
    ReceiptChange,
    ReceiptRow,
    RelaySwitch,
    Summary,
    Switches,
)

_SETUPS: Final = TypeAdapter(list[BillerSetup])


def control(world: World, relay: Listener, http: httpx.AsyncClient) -> Starlette:
    """The application behind ``controlUrl``; ``http`` delivers tokens."""
    api = _Control(world, relay, http)
    biller = "/billers/{subdomain}"
    return Starlette(
        routes=[
            Route("/billers", api.put_billers, methods=["PUT"]),
            Route(biller, api.put_biller, methods=["PUT"]),
            Route(biller, api.switch, methods=["PATCH"]),
            Route(f"{biller}/deliver-token", api.deliver_token, methods=["POST"]),
            Route(f"{biller}/update-payments", api.update_payments, methods=["POST"]),
            Route(f"{biller}/revoke-tokens", api.revoke_tokens, methods=["POST"]),
            Route(f"{biller}/authorization-codes", api.authorization_code, methods=["POST"]),
            Route(f"{biller}/receipts/{{number}}", api.change_receipt, methods=["PATCH"]),
            Route(f"{biller}/receipts/{{number}}", api.lose_receipt, methods=["DELETE"]),
            Route("/relay", api.switch_relay, methods=["PATCH"]),
            Route("/receipts", api.receipts),
            Route("/summary", api.summary),
            Route("/accounts", api.accounts),
            Route("/balances", api.balances),
            Route("/calls", api.calls),
            Route("/most-writing", api.most_writing),
            Route("/calls", api.forget_calls, methods=["DELETE"]),
        ],
        exception_handlers={ValidationError: _explain_invalid, UnknownSubdomain: _explain_unknown},
    )


class _Control:
    def __init__(self, world: World, relay: Listener, http: httpx.AsyncClient) -> None:
        self._world = world
        self._relay = relay
        self._http = http

    async def put_billers(self, request: Request) -> Response:
        self._world.replace(_SETUPS.validate_json(await request.body()))
        return Response(status_code=204)

    async def put_biller(self, request: Request) -> Response:
        setup = BillerSetup.model_validate_json(await request.body())
        if setup.subdomain != request.path_params["subdomain"]:
            raise HTTPException(422, "The path names another subdomain than the body.")
        self._world.put(setup)
        return Response(status_code=204)

    async def switch(self, request: Request) -> Response:
        biller = self._biller(request)
        asked = Switches.model_validate_json(await request.body())
        changes = {name: getattr(asked, name) for name in asked.model_fields_set}
        biller.switches = biller.switches.model_copy(update=changes)
        return Response(status_code=204)

    async def switch_relay(self, request: Request) -> Response:
        if RelaySwitch.model_validate_json(await request.body()).refused:
            await self._relay.stop()
        else:
            await self._relay.start()
        return Response(status_code=204)

    async def deliver_token(self, request: Request) -> Response:
        biller = self._biller(request)
        asked = Delivery.model_validate_json(await request.body() or b"{}")
        if biller.switches.callback_url is None:
            raise HTTPException(409, "The biller has no callbackUrl.")
        token = {
            "access_token": biller.tokens.mint(asked.expires_in),
            "token_type": "Bearer",
            "expires_in": asked.expires_in,
            "client_id": biller.client_id,
        }
        try:
            answer = await self._http.post(biller.switches.callback_url, json=token)
        except (httpx.HTTPError, httpx.InvalidURL):
            # The error's text may hold the URL, and that holds the key.
            raise HTTPException(502, "The callback did not answer.") from None
        return JSONResponse({"status": answer.status_code})

    async def update_payments(self, request: Request) -> Response:
        return JSONResponse({"updated": self._biller(request).update_payments()})

    async def revoke_tokens(self, request: Request) -> Response:
        self._biller(request).tokens.revoke()
        return Response(status_code=204)

    async def authorization_code(self, request: Request) -> Response:
        return JSONResponse({"code": self._biller(request).tokens.mint_code()})

    async def change_receipt(self, request: Request) -> Response:
        receipt = self._receipt(request)
        asked = ReceiptChange.model_validate_json(await request.body())
        if asked.voided is not None:
            receipt.voided = asked.voided
        if asked.amount is not None:
            receipt.amount = asked.amount
        return Response(status_code=204)

    async def lose_receipt(self, request: Request) -> Response:
        self._biller(request).receipts.remove(self._receipt(request))
        return Response(status_code=204)

    async def receipts(self, _: Request) -> Response:
        return JSONResponse({one.biller_id: [_row(receipt) for receipt in one.receipts] for one in self._billers()})

    async def summary(self, _: Request) -> Response:
        return JSONResponse({biller.biller_id: _summary(biller) for biller in self._billers()})

    async def accounts(self, _: Request) -> Response:
        return JSONResponse(
            {
                biller.biller_id: {number: _account(account) for number, account in biller.accounts.items()}
                for biller in self._billers()
            }
        )

    async def balances(self, _: Request) -> Response:
        return JSONResponse({biller.biller_id: _balances(biller) for biller in self._billers()})

    async def calls(self, _: Request) -> Response:
        return JSONResponse({biller.biller_id: dict(biller.calls) for biller in self._billers()})

    async def most_writing(self, _: Request) -> Response:
        return JSONResponse({biller.biller_id: biller.most_writing for biller in self._billers()})

    async def forget_calls(self, _: Request) -> Response:
        for biller in self._billers():
            biller.calls.clear()
        return Response(status_code=204)

    def _biller(self, request: Request) -> Biller:
        return self._world.at(request.path_params["subdomain"])

    def _receipt(self, request: Request) -> Receipt:
        number = request.path_params["number"]
        for receipt in self._biller(request).receipts:
            if receipt.number == number:
                return receipt
        raise HTTPException(404, "No receipt has this number.")

    def _billers(self) -> list[Biller]:
        return list(self._world.billers.values())


async def _explain_invalid(_: Request, error: Exception) -> Response:
    if not isinstance(error, ValidationError):
        raise error
    return JSONResponse({"detail": error.errors(include_url=False, include_context=False, include_input=False)}, 422)


async def _explain_unknown(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"detail": "No biller has this subdomain."}, 404)


def _row(receipt: Receipt) -> ReceiptRow:
    return {
        "receiptNumber": receipt.number,
        "reference": receipt.reference,
        "cents": receipt.amount,
        "status": receipt.status,
        "receiptDate": receipt.day.isoformat(),
        "createdAt": receipt.created_at.isoformat(),
        "paymentCode": receipt.payment_code,
        "customerNumber": receipt.customer.number,
    }


def _account(account: Account) -> AccountRow:
    return {"autopay": account.autopay, "effectiveOn": account.effective_on, "email": account.email}


def _balances(biller: Biller) -> dict[str, int]:
    return {customer.number: int(customer.balance) for customer in biller.customers.values()}


def _summary(biller: Biller) -> Summary:
    live = [receipt for receipt in biller.receipts if not receipt.voided]
    references = Counter(receipt.reference for receipt in live)
    return {
        "receipts": len(live),
        "cents": sum(receipt.amount for receipt in live),
        "doubled": len(live) - len(references),
    }
