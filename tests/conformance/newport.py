"""Newport before the simulator: what it is set up with, one order, and its token."""

from datetime import date

from pydantic import SecretStr

from shared.billers.model import Biller
from shared.payments.gateway import ReceiptOrder, Share
from shared.vocabulary.money import Money
from tests.fakes.token_source import TrustedToken
from tests.payments.world import NEWPORT

CITY = Biller.model_validate(NEWPORT)
DAY = date(2026, 11, 20)
SETUP = {
    **{name: NEWPORT[name] for name in ("billerId", "subdomain", "applications")},
    "connectVersion": "2025.11",
    "clientId": "client",
    "customers": {"000412": {"name": "Ada", "invoices": {"10023": "100.00", "10044": "25.40"}}},
}
ORDER = ReceiptOrder(
    customer_number="000412",
    category_code="12",
    distribution_code="1201",
    payment_code="7",
    amount=Money(12540),
    receipt_date=DAY,
    reference="IC1",
    payer="Zoë Ito",
    shares=(Share("10023", Money(10000)), Share("10044", Money(2540))),
)


class Token(TrustedToken):
    """What the simulator's token endpoint gave."""

    def __init__(self, token):
        self.now = token

    async def token(self, biller_id):
        return SecretStr(self.now)

    async def instead_of(self, biller, refused):
        return None
