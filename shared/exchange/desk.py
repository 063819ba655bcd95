"""What the use cases of every kind work with."""

from collections.abc import Container
from dataclasses import dataclass

from shared.billers.registry import BillerRegistry
from shared.exchange.intake import Intake
from shared.exchange.quarantine import Quarantine
from shared.ledger.book import Ledger
from shared.ledger.chain import Chain
from shared.ledger.send_once import SendOnce
from shared.ledger.times import Times


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One per process; each kind adds its port to Caselle."""

    billers: BillerRegistry
    ledger: Ledger
    send_once: SendOnce
    chain: Chain
    quarantine: Quarantine
    times: Times
    regions: Container[str]

    def intake(self) -> Intake:
        """The ends that every new message comes to."""
        return Intake(self.ledger, self.send_once, self.chain, self.quarantine)
