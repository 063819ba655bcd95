"""From a command on payments to the use cases of the stamp that its options name."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from admin.session import at_stamp

if TYPE_CHECKING:
    from admin.payments.parts import Parts
    from admin.stamp import Stamp


def with_parts[T](work: Callable[["Parts"], Awaitable[T]]) -> T:
    """Open the stamp, do the work with its use cases, close it.

    Raises:
        WrongUse: no stamp is named, or nobody is signed in.
        Unavailable: the stamp does not answer.
    """

    async def opened(stamp: "Stamp") -> T:
        from admin.payments.parts import parts  # noqa: PLC0415 - what calls Caselle loads on first use

        async with parts(stamp) as made:
            return await work(made)

    return at_stamp(opened)
