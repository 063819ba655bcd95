"""From a command to the stamp that its options name. Azure's SDKs load here, so that ``--help`` needs none of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from admin.address import Address, find
from admin.options import options

if TYPE_CHECKING:
    from admin.stamp import Stamp


def at_stamp[T](work: Callable[["Stamp"], Awaitable[T]]) -> T:
    """Open the stamp that the options name, do the work there, and close it.

    Raises:
        WrongUse: no stamp is named, or nobody is signed in.
        Unavailable: the stamp does not answer.
    """
    return asyncio.run(_worked(find(options()), work))


async def _worked[T](address: Address, work: Callable[["Stamp"], Awaitable[T]]) -> T:
    from admin.stamp import opened  # noqa: PLC0415 - on first use

    async with opened(address) as stamp:
        return await work(stamp)
