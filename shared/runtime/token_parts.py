"""The parts that concern tokens, each made once, on first use."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.runtime.late import LateProof
from shared.tokens.credentials import Credentials
from shared.tokens.keep import TokenKeeper
from shared.tokens.prove import PROOF_WITHIN, ProveToken
from shared.tokens.renew import RenewToken

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from shared.caselle.token_endpoint import HttpTokenEndpoint
    from shared.caselle.token_proof import CustomerRead
    from shared.runtime.settings import Settings
    from shared.runtime.stores import Stores
    from shared.tokens.grants import Grants
    from shared.tokens.look import LookAfterToken
    from shared.tokens.serve import ServeToken
    from shared.tokens.supervise import SuperviseRenewal
    from shared.tokens.take import TakeDelivery
    from shared.vocabulary.clock import Clock


class TokenParts:
    """What receives, keeps, serves and renews tokens, over one table and one vault."""

    def __init__(
        self,
        settings: "Settings",
        stores: "Stores",
        clock: "Clock",
        *,
        shared: "Clock",
        closing: "AsyncExitStack",
    ) -> None:
        """``shared``: for what instances compare with one another; ``closing`` gets what must be closed at the end."""
        self._settings = settings
        self._stores = stores
        self._clock = clock
        self._shared = shared
        self._closing = closing

    @cached_property
    def take(self) -> "TakeDelivery":
        from shared.tokens.take import TakeDelivery

        return TakeDelivery(self.keeper, self.credentials, self._prove)

    @cached_property
    def serve(self) -> "ServeToken":
        from shared.tokens.serve import ServeToken

        return ServeToken(self.keeper, self._prove, self._renew, self._clock)

    @cached_property
    def look_after(self) -> "LookAfterToken":
        from shared.tokens.look import LookAfterToken

        parts = self._stores.billers, self.keeper, self._stores.tokens
        return LookAfterToken(*parts, prove=self._prove, renew=self._renew, clock=self._shared)

    @cached_property
    def supervise(self) -> "SuperviseRenewal":
        from shared.tokens.supervise import SuperviseRenewal

        return SuperviseRenewal(self.keeper, self._renew, self._proof)

    @cached_property
    def endpoint(self) -> "HttpTokenEndpoint | None":
        from shared.caselle.token_endpoint import HttpTokenEndpoint
        from shared.tokens.endpoint import ANSWER_WITHIN

        url = self._settings.caselle_token_url
        if url is None:
            return None
        endpoint = HttpTokenEndpoint(url, ANSWER_WITHIN, self._clock)
        self._closing.push_async_callback(endpoint.aclose)
        return endpoint

    @cached_property
    def keeper(self) -> TokenKeeper:
        return TokenKeeper(self._stores.vault, self._stores.tokens, self._shared, self._settings.token_cache_seconds)

    @cached_property
    def credentials(self) -> Credentials:
        return Credentials(self._stores.vault)

    @cached_property
    def _prove(self) -> ProveToken:
        return ProveToken(self.keeper, self._stores.tokens, LateProof(lambda: self._proof), self._shared)

    @cached_property
    def _renew(self) -> RenewToken:
        return RenewToken(self.keeper, self._stores.tokens, self._grants(), self._shared)

    @cached_property
    def _proof(self) -> "CustomerRead":
        from shared.caselle.client import Wire
        from shared.caselle.token_proof import CustomerRead

        wire = Wire(self._settings.caselle_base_url, PROOF_WITHIN)
        self._closing.push_async_callback(wire.aclose)
        return CustomerRead(wire, PROOF_WITHIN)

    def _grants(self) -> "Grants | None":
        from shared.tokens.grants import Grants

        return Grants(self.credentials, self.endpoint) if self.endpoint else None
