"""What every timer does at its end."""

from contextlib import suppress

from shared.runtime import process
from shared.vocabulary.errors import Unavailable


async def note_run(timer: str) -> None:
    """Note when a run ended, for ``icadmin status``."""
    # The run itself is done; doing it again for the sake of a note would help nobody.
    with suppress(Unavailable):
        stores = process.app().stores
        await stores.runs.note(timer, stores.server_time.now())
