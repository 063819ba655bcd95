"""An error that nobody caught: the host gets its type alone, and what may be told is an event."""

import asyncio
import json
import secrets
import traceback

import pytest

from functions.entry import Failed, entry
from shared.vocabulary.errors import Unavailable

CANARY = secrets.token_urlsafe(24)


def failing(error):
    @entry
    async def some_function():
        try:
            {}[CANARY]  # what the host would show as its context
        except KeyError:
            raise error from ValueError(CANARY)

    return some_function


async def raised(error):
    with pytest.raises(Failed) as caught:
        await failing(error)()
    return caught.value


@pytest.mark.parametrize("error", [ValueError(CANARY), Unavailable(f"https://h/?BK={CANARY}"), OSError(5, CANARY)])
async def test_the_host_gets_the_type_and_nothing_else(error):
    failed = await raised(error)
    assert str(failed) == type(error).__name__
    assert (failed.__cause__, failed.__context__) == (None, None)
    # As the worker spells it, and as a debugger would.
    assert CANARY not in "".join(traceback.format_exception(failed)) + repr(vars(failed))


async def test_type_and_place_are_told(caplog):
    await raised(ValueError(CANARY))
    [told] = map(json.loads, caplog.messages)
    assert {name: told[name] for name in ("event", "function", "error")} == {
        "event": "function.failed",
        "function": "some_function",
        "error": "ValueError",
    }
    assert told["place"].startswith("some_function:")
    assert "detail" not in told


async def test_an_error_of_ours_tells_its_words_without_what_follows_a_secret_s_name(caplog):
    await raised(Unavailable(f"no answer from https://h/?BK={CANARY}"))
    [told] = map(json.loads, caplog.messages)
    assert told["detail"] == "no answer from https://h/?BK=***"


async def test_an_answer_passes_and_so_does_the_end_of_the_process():
    @entry
    async def answering(word):
        return word

    assert await answering("yes") == "yes"
    with pytest.raises(asyncio.CancelledError):
        await failing(asyncio.CancelledError())()
