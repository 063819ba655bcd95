"""Clients of the tests' own, closed at their end."""

import pytest

from shared.caselle.cash_receipting import CaselleCashReceipting
from shared.caselle.client import CaselleClient, Wire
from tests.caselle.calls import PATIENT, Tokens


@pytest.fixture
async def opened():
    """Makes a city's cash receipting at a URL."""
    clients = []

    def make(url, *, deadline=PATIENT, tokens=None):
        wire = Wire(url, PATIENT)
        clients.append(wire)
        return CaselleCashReceipting(CaselleClient(wire, tokens or Tokens(), deadline))

    yield make
    for client in clients:
        await client.aclose()
