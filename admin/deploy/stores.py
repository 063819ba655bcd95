"""What a deployment does in the stamp's own stores: billers pause while the app is replaced, and the pepper is made."""

import base64
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from shared.billers.callback_keys import PEPPER_SECRET
from shared.billers.model import Mode
from shared.payments.switch import PostingSwitch

if TYPE_CHECKING:
    from admin.stamp import Stamp

REASON: Final = "a deployment"
LONGEST_PAUSE: Final = timedelta(minutes=45)
"""Should the deployment break off, posting goes on by itself after this."""
_PEPPER_BYTES: Final = 32
_SENDING: Final = frozenset({Mode.TEST, Mode.LIVE})


async def pause_all(stamp: "Stamp") -> float:
    """Pause every biller that sends.

    Returns:
        Seconds until nothing is under way any more: what remembers a biller has forgotten it, and every send has ended.
    """
    until = stamp.clock.now() + LONGEST_PAUSE
    switch = PostingSwitch(stamp.billers, stamp.gates)
    for biller in await stamp.billers.all():
        if biller.mode in _SENDING and biller.paused is None:
            async with stamp.audit.change("biller.pause", biller.biller_id, why=REASON):
                await switch.pause(biller.biller_id, REASON, until)
    settings = stamp.address.settings
    return settings.biller_cache_seconds + settings.times.lease


async def resume_all(stamp: "Stamp") -> None:
    """Resume those that a deployment paused, and nobody else's."""
    switch = PostingSwitch(stamp.billers, stamp.gates)
    for biller in await stamp.billers.all():
        if biller.paused is not None and biller.paused.reason == REASON:
            async with stamp.audit.change("biller.resume", biller.biller_id, why=REASON):
                await switch.resume(biller.biller_id)


async def ensure_pepper(stamp: "Stamp") -> bool:
    """Make the pepper of the callback keys where there is none; whether it was made. It is never replaced."""
    if await stamp.stores.vault.get(PEPPER_SECRET) is not None:
        return False
    async with stamp.audit.change("vault.pepper", PEPPER_SECRET):
        pepper = base64.b64encode(secrets.token_bytes(_PEPPER_BYTES)).decode()
        await stamp.stores.vault.set(PEPPER_SECRET, SecretStr(pepper))
    return True
