"""The ways to Caselle, each with connections of its own: questions never take those of payments."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AsyncExitStack

    from shared.caselle.accounts_receivable import CaselleAccountsReceivable
    from shared.caselle.cash_receipting import CaselleCashReceipting
    from shared.caselle.client import CaselleClient, Wire
    from shared.caselle.customer_records import CaselleCustomerRecords
    from shared.runtime.settings import Settings
    from shared.runtime.token_parts import TokenParts
    from shared.vocabulary.clock import Clock


class CaselleWays:
    """Made from one stamp's settings; httpx is imported with the first of them."""

    def __init__(
        self, settings: "Settings", tokens: "Callable[[], TokenParts]", clock: "Clock", *, closing: "AsyncExitStack"
    ) -> None:
        """``tokens`` gives the same ones each time; ``closing`` gets what must be closed at the end."""
        self._settings = settings
        self._tokens = tokens
        self._clock = clock
        self._closing = closing

    @cached_property
    def receipting(self) -> "CaselleCashReceipting":
        """Receipts of payments."""
        return self.receipting_within(self._settings.times.deadline)

    def receipting_within(self, seconds: float) -> "CaselleCashReceipting":
        """Receipts of payments, with so many seconds for each call in all."""
        from shared.caselle.cash_receipting import CaselleCashReceipting

        return CaselleCashReceipting(self.client(seconds))

    def receivable(self, within: float) -> "CaselleAccountsReceivable":
        """Open invoices, with so many seconds for each question in all."""
        from shared.caselle.accounts_receivable import CaselleAccountsReceivable

        return CaselleAccountsReceivable(self.client(within))

    @cached_property
    def customer_records(self) -> "CaselleCustomerRecords":
        """AutoPay and email addresses of customers."""
        from shared.caselle.customer_records import CaselleCustomerRecords

        return CaselleCustomerRecords(self.client(self._settings.times.deadline))

    def client(self, within: float, most_bytes: int | None = None) -> "CaselleClient":
        """A client with connections of its own.

        Args:
            within: seconds for each call in all.
            most_bytes: of one answer; None for what every operation gets by.
        """
        from shared.caselle.client import CaselleClient

        return CaselleClient(self._wire(within, most_bytes), self._tokens().serve, within)

    def _wire(self, within: float, most_bytes: int | None) -> "Wire":
        from shared.caselle.client import MOST_BYTES, Wire

        wire = Wire(self._settings.caselle_base_url, within, most_bytes or MOST_BYTES, clock=self._clock)
        self._closing.push_async_callback(wire.aclose)
        return wire
