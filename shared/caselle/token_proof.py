"""A read that shows whether a token is good; implements ``shared.tokens.prove.Proof``."""

import asyncio

import httpx
from pydantic import SecretStr

from shared.billers.model import Biller
from shared.caselle import customer
from shared.caselle.client import Wire
from shared.caselle.errors import AmbiguousError
from shared.caselle.protocol import build, read, token_refused
from shared.tokens.prove import Verdict


class CustomerRead:
    """Asks for one customer of the biller's subdomain, over one fresh connection, once."""

    def __init__(self, wire: Wire, deadline: float) -> None:
        """``deadline``: seconds for one read in all."""
        self._wire = wire
        self._deadline = deadline

    async def verdict(self, biller: Biller, token: SecretStr) -> Verdict:
        """What the answer says of the token; without a subdomain there is nobody to ask."""
        if biller.subdomain is None:
            return Verdict.UNDECIDED
        request = build(customer.OPERATION, customer.variables(customer.NOBODY), token, biller.subdomain)
        try:
            async with asyncio.timeout(self._deadline):
                found = await self._wire.post(request, self._deadline)
                reply = read(found.status, found.body)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, AmbiguousError, UnicodeEncodeError):
            return Verdict.UNDECIDED
        if customer.answered(reply):
            return Verdict.ACCEPTED
        return Verdict.REFUSED if token_refused(reply) else Verdict.UNDECIDED
