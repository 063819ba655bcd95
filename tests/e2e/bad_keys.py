"""Every kind of bad key, on a running stack of ``BILLERS``."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from local.stack import Stack
from local.stack_setup import add_callback_key
from shared.billers.model import Biller, Mode
from tests.payments.world import NEWPORT

CITY = Biller.model_validate(NEWPORT)
RETIRED = CITY.model_copy(update={"biller_id": "11", "subdomain": "retired", "mode": Mode.RETIRED})
BILLERS = [CITY, RETIRED]


def key_of(stack: Stack, biller: Biller) -> str:
    """The key in the biller's callback URL."""
    return stack.callback_urls[biller.biller_id].partition("=")[2]


def bad_queries(stack: Stack) -> dict[str, str]:
    """Queries by kind of key. The host is started anew, so that it has read the keys and never knew them otherwise."""
    revoked, expired = [_ended(stack, ago) for ago in (timedelta(seconds=1), timedelta(days=30))]
    stack.kill_host()
    stack.start_host()
    return {
        "missing": "",
        "malformed": "BK=%00%ff%zz",
        "unknown": f"BK={secrets.token_urlsafe(32)}",
        "revoked": f"BK={revoked}",
        "expired": f"BK={expired}",
        "of a retired biller": f"BK={key_of(stack, RETIRED)}",
    }


def _ended(stack: Stack, ago: timedelta) -> str:
    key = SecretStr(secrets.token_urlsafe(32))
    asyncio.run(add_callback_key(stack.storage, stack.vault, CITY.biller_id, key, datetime.now(UTC) - ago))
    return key.get_secret_value()
