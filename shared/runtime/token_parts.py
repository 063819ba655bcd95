"""The parts that concern tokens, each made once, on first use."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.azure_stores.table_tokens import TableTokens
from shared.runtime.clock import SharedClock, SystemClock
from shared.runtime.late import LateProof
from shared.runtime.settings import Settings
from shared.tokens.credentials import Credentials
from shared.tokens.keep import TokenKeeper
from shared.tokens.prove import PROOF_WITHIN, ProveToken
from shared.tokens.renew import RenewToken

if TYPE_CHECKING:
    from shared.billers.registry import BillerRegistry
    from shared.caselle.token_endpoint import HttpTokenEndpoint
    from shared.caselle.token_proof import CustomerRead
    from shared.tokens.grants import Grants
    from shared.tokens.look import LookAfterToken
    from shared.tokens.serve import ServeToken
    from shared.tokens.supervise import SuperviseRenewal
    from shared.tokens.take import TakeDelivery
    from shared.tokens.vault import SecretVault


class TokenParts:
    """What receives, keeps, serves and renews tokens, over one table and one vault."""

    def __init__(
        self,
        settings: Settings,
        billers: "BillerRegistry",
        rows: TableTokens,
        *,
        vault: "SecretVault",
        clock: SystemClock,
        shared: SharedClock,
    ) -> None:
        """``shared``: the clock for what instances compare with one another."""
        self._settings = settings
        self._billers = billers
        self._rows = rows
        self._vault = vault
        self._clock = clock
        self._shared = shared

    @cached_property
    def take(self) -> "TakeDelivery":
        from shared.tokens.take import TakeDelivery

        return TakeDelivery(self._keeper, self.credentials, self._prove)

    @cached_property
    def serve(self) -> "ServeToken":
        from shared.tokens.serve import ServeToken

        return ServeToken(self._keeper, self._prove, self._renew, self._clock)

    @cached_property
    def look_after(self) -> "LookAfterToken":
        from shared.tokens.look import LookAfterToken

        return LookAfterToken(
            self._billers, self._keeper, self._rows, prove=self._prove, renew=self._renew, clock=self._shared
        )

    @cached_property
    def supervise(self) -> "SuperviseRenewal":
        from shared.tokens.supervise import SuperviseRenewal

        return SuperviseRenewal(self._keeper, self._renew, self._proof)

    @cached_property
    def endpoint(self) -> "HttpTokenEndpoint | None":
        from shared.caselle.token_endpoint import HttpTokenEndpoint
        from shared.tokens.endpoint import ANSWER_WITHIN

        url = self._settings.caselle_token_url
        return HttpTokenEndpoint(url, ANSWER_WITHIN, self._clock) if url else None

    @cached_property
    def _keeper(self) -> TokenKeeper:
        return TokenKeeper(self._vault, self._rows, self._shared, self._settings.token_cache_seconds)

    @cached_property
    def credentials(self) -> Credentials:
        return Credentials(self._vault)

    @cached_property
    def _prove(self) -> ProveToken:
        return ProveToken(self._keeper, self._rows, LateProof(lambda: self._proof), self._shared)

    @cached_property
    def _renew(self) -> RenewToken:
        return RenewToken(self._keeper, self._rows, self._grants(), self._shared)

    @cached_property
    def _proof(self) -> "CustomerRead":
        from shared.caselle.client import Wire
        from shared.caselle.token_proof import CustomerRead

        return CustomerRead(Wire(self._settings.caselle_base_url, PROOF_WITHIN), PROOF_WITHIN)

    def _grants(self) -> "Grants | None":
        from shared.tokens.grants import Grants

        return Grants(self.credentials, self.endpoint) if self.endpoint else None
