"""The cities of a plan, and what each is there for."""

from typing import Any, Final

from shared.billers.model import Biller

REGION: Final = "westus2"
ASKED: Final = "2493"
"""Release 2025.11: shows its receipts when asked; two slots."""
SILENT: Final = "3100"
"""Release 2025.02: cannot be asked; two slots."""
OLD: Final = "2137"
"""Release 2021.02: cannot be asked; one slot."""
BYSTANDER: Final = "4001"
"""As ``ASKED``, but no fault of a city's server ever strikes it."""
DRAFT: Final = "5005"
"""Not live yet."""
UNKNOWN: Final = "9999"
"""Nobody has set it up."""

STRUCK: Final = (ASKED, SILENT, OLD)
LIVE: Final = (*STRUCK, BYSTANDER)
SHARES: Final = (50, 18, 14, 18)
"""Of a hundred payments, those of each live biller."""

_RELEASES: Final = {ASKED: "2025.11.014", SILENT: "2025.02.003", OLD: "2021.02.160", BYSTANDER: "2025.11.014"}
_ZONES: Final = {ASKED: "America/Los_Angeles", SILENT: "America/Denver", OLD: "America/Chicago"}


def biller(number: str, **changes: Any) -> Biller:
    """One of the billers as an admin has set it up."""
    codes = {"categoryCode": "12", "distributionCode": "1201", "paymentCodes": {"ACH": "7", "CC": "8"}}
    fields = {
        "billerId": number,
        "name": f"City {number}",
        "mode": "draft" if number == DRAFT else "live",
        "timeZone": _ZONES.get(number, "America/New_York"),
        "region": REGION,
        "subdomain": f"city{number}",
        "connectVersion": _RELEASES.get(number, "2025.11"),
        "applications": {"AR": codes},
        "clientId": f"client-{number}",
        "tokenStrategy": "client_credentials" if number == ASKED else "callback",
        "rejectStrategy": "void",
    }
    return Biller.model_validate(fields | changes)
