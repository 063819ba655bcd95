"""The read that shows whether a token is good, over real sockets: only a clear answer counts."""

from contextlib import aclosing

import pytest
from pydantic import SecretStr

from local.processes import Child
from local.simulator.client import SimulatorControl
from shared.caselle.client import Wire
from shared.caselle.protocol import SUBDOMAIN_HEADER
from shared.caselle.token_proof import CustomerRead
from shared.tokens.prove import Verdict
from tests.caselle.calls import CITY, HASTY, IN_DOUBT, NOBODY, PATIENT, REFUSED, THROTTLED
from tests.caselle.raw_server import RawServer, answer, hangs
from tests.caselle.test_renewal import SETUP

TOKEN = SecretStr("token-a")


def _error(code):
    return b'{"data": null, "errors": [{"message": "no", "extensions": {"code": "%s"}}]}' % code.encode()


async def _verdict(*behaviours, biller=CITY, deadline=PATIENT):
    async with RawServer(*behaviours) as server, aclosing(Wire(server.url, deadline)) as wire:
        return await CustomerRead(wire, deadline).verdict(biller, TOKEN), server


@pytest.mark.parametrize("body", [NOBODY, b'{"data": {"customer": {"customer_number": "0"}}}'])
async def test_an_answer_about_a_customer_is_proof_for_the_billers_own_subdomain(body):
    verdict, server = await _verdict(answer(body))
    assert verdict is Verdict.ACCEPTED
    assert server.header(0, "Authorization") == "Bearer token-a"
    assert server.header(0, SUBDOMAIN_HEADER) == "newportor"
    assert b"create_receipt" not in server.requests[0]


@pytest.mark.parametrize(
    "behaviour", [answer(REFUSED), answer(REFUSED, "401 Unauthorized"), answer(b"", "401 Unauthorized")]
)
async def test_a_refusal_of_the_token_is_one(behaviour):
    verdict, server = await _verdict(behaviour)
    assert verdict is Verdict.REFUSED
    assert len(server.requests) == 1


OTHERS = {
    "licence": answer(_error("LICENSE_MISSING"), "403 Forbidden"),
    "forbidden": answer(b"", "403 Forbidden"),
    "third party": answer(_error("THIRD_PARTY_DISABLED"), "403 Forbidden"),
    "COWS down": answer(_error("COWS_UNREACHABLE")),
    "subdomain": answer(_error("SUBDOMAIN_UNKNOWN"), "404 Not Found"),
    "throttled": answer(THROTTLED, "429 Too Many Requests"),
    "redirect": answer(NOBODY, "302 Found", "Location: http://127.0.0.1:1/"),
    "proof with an error": answer(b'{"data": {"customer": null}, "errors": [{"message": "no"}]}'),
    "refusal behind a gateway": answer(REFUSED, "502 Bad Gateway"),
}


@pytest.mark.parametrize("name", [*OTHERS, *IN_DOUBT])
async def test_anything_else_decides_nothing(name):
    verdict, server = await _verdict((OTHERS | IN_DOUBT)[name])
    assert verdict is Verdict.UNDECIDED
    assert server.connections == 1


@pytest.mark.slow
async def test_a_city_that_hangs_decides_nothing_within_the_deadline():
    assert (await _verdict(hangs, deadline=HASTY))[0] is Verdict.UNDECIDED


async def test_nobody_is_asked_for_a_biller_without_a_subdomain():
    verdict, server = await _verdict(answer(NOBODY), biller=CITY.model_copy(update={"subdomain": None}))
    assert (verdict, server.connections) == (Verdict.UNDECIDED, 0)


async def test_a_relay_that_refuses_connections_decides_nothing():
    async with aclosing(Wire("http://127.0.0.1:1", PATIENT)) as wire:
        assert await CustomerRead(wire, PATIENT).verdict(CITY, TOKEN) is Verdict.UNDECIDED


@pytest.mark.slow
async def test_the_simulator_accepts_its_own_city_s_token_alone(tmp_path):
    with Child.module("simulator", "local.simulator", log=tmp_path / "simulator.log") as child:
        addresses = child.wait_ready()
        other = SETUP | {"billerId": "3180", "subdomain": "cedarflats", "clientId": "other"}
        async with (
            SimulatorControl(addresses["controlUrl"]) as control,
            RawServer(answer(b"{}")) as callback,
            aclosing(Wire(addresses["caselleUrl"], PATIENT)) as wire,
        ):
            await control.put_billers([SETUP, other])
            for subdomain in ("newportor", "cedarflats"):
                await control.switch(subdomain, callbackUrl=callback.url)
                await control.deliver_token(subdomain)
            own, foreign = (SecretStr(_delivered(request)) for request in callback.requests)
            proof = CustomerRead(wire, PATIENT)
            assert [await proof.verdict(CITY, token) for token in (own, foreign, TOKEN)] == [
                Verdict.ACCEPTED,
                Verdict.REFUSED,
                Verdict.REFUSED,
            ]
            await control.switch("newportor", cows="graphql_error")
            assert await proof.verdict(CITY, foreign) is Verdict.UNDECIDED


def _delivered(request):
    return request.split(b'"access_token":')[1].split(b'"')[1].decode()
