"""Instances, deliveries and the token endpoint in any order: never two renewals at once, the newest delivery wins, and
a forged token never serves.
"""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.tokens.endpoint import ANSWER_WITHIN, RenewalRefused
from shared.tokens.row import LATEST_LOOK, MOST_CANDIDATES, fingerprint
from shared.vocabulary.errors import Unavailable
from tests.tokens.instances import Shop

INSTANCES = 3
_HOPS = 60
"""More than any call of ours awaits between two waits."""

ACTIONS = st.one_of(
    st.tuples(st.just("refused"), st.integers(0, INSTANCES - 1)),
    st.tuples(st.just("answered"), st.sampled_from(["granted", "refused", "lost"])),
    st.tuples(st.just("delivered"), st.none()),
    st.tuples(st.just("forged"), st.none()),
    st.tuples(st.just("city"), st.booleans()),
    st.tuples(st.just("timer"), st.integers(0, INSTANCES - 1)),
    st.tuples(st.just("restarted"), st.integers(0, INSTANCES - 1)),
    st.tuples(st.just("passed"), st.sampled_from([0.3, 2, 9, 21, 31, 301, 601])),
)


class _Theatre(Shop):
    """Nothing goes on by itself: sleepers wake as time is moved, requests end as an action says or at their deadline."""

    def __init__(self):
        super().__init__()
        self.sleepers, self.requests, self.calls = [], [], []
        self.asked_at = {}
        self.instances = [self.instance() for _ in range(INSTANCES)]
        self.delivered, self.serving = ["first"], 0

    async def sleep(self, seconds):
        woken = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.clock.monotonic() + seconds, woken))
        await woken

    async def _request(self, granted):
        self.asked_at[granted.token.get_secret_value()] = (await self.row()).generation
        ending = asyncio.get_running_loop().create_future()
        self.requests.append((self.clock.monotonic() + ANSWER_WITHIN, ending, granted))
        return await ending

    async def act(self, action, argument):
        await getattr(self, f"_{action}")(argument)
        await self._quiet()
        await self._check()

    async def _refused(self, number):
        """A call of this instance is refused whatever it was sent with."""
        self.endpoint.script = [self._request]
        token = await self.instances[number].token()
        self.calls.append(asyncio.create_task(self.instances[number].instead_of(token)))

    async def _answered(self, how):
        if self.requests:
            _, ending, granted = self.requests.pop(0)
            self._end(ending, granted, how)

    async def _delivered(self, _):
        self.delivered.append(f"delivered {len(self.delivered)}")
        await self.deliver(self.delivered[-1])

    async def _forged(self, _):
        if len((await self.row()).candidates) < MOST_CANDIDATES - 2:  # with more, true ones have to go, too
            junk = f"junk {len(self.proof.refused)}"
            self.proof.refused.add(junk)
            await self.deliver(junk)

    async def _city(self, down):
        self.proof.down = down

    async def _timer(self, number):
        instance = self.instances[number]
        for due in await instance.sweep():
            self.calls.append(asyncio.create_task(instance.look_after(due)))

    async def _restarted(self, number):
        """A process with an empty memory takes over; the one before it still ends what it has under way."""
        self.instances[number] = self.instance()

    async def _passed(self, seconds):
        self.clock.advance(seconds)
        now = self.clock.monotonic()
        for request in [each for each in self.requests if each[0] <= now]:
            self.requests.remove(request)
            self._end(*request[1:], "lost")
        await self._quiet()
        for sleeper in [each for each in self.sleepers if each[0] <= now]:
            self.sleepers.remove(sleeper)
            sleeper[1].set_result(None)

    @staticmethod
    def _end(ending, granted, how):
        if how == "granted":
            ending.set_result(granted)
        else:
            error = RenewalRefused("invalid_grant") if how == "refused" else Unavailable("token endpoint: ReadError")
            ending.set_exception(error)

    async def _quiet(self):
        self.endpoint.script = [self._request]
        for _ in range(_HOPS):
            await asyncio.sleep(0)

    async def _check(self):
        assert self.endpoint.most_in_flight <= 1
        row = await self.row()
        renewed = {name: at for name, at in self.asked_at.items() if fingerprint(SecretStr(name)) == row.fingerprint}
        if renewed:
            # It took the place of the very token that was refused, not of one that came meanwhile.
            [asked_at] = renewed.values()
            assert row.generation == asked_at + 1
        else:
            prints = [fingerprint(SecretStr(token)) for token in self.delivered]
            serving = prints.index(row.fingerprint)
            assert serving >= self.serving
            self.serving = serving
            if not any(each.fingerprint in prints for each in row.candidates):
                assert serving == len(prints) - 1
        kept = {version for version, _ in enumerate(self.vault.versions("oauth-token-"))}
        assert {int(row.version), int(row.previous_version or row.version)} <= kept

    async def heal(self):
        """Everybody comes to an end, and the next delivery serves everywhere."""
        while not all(call.done() for call in self.calls):
            await self.act("passed", 9)
        await asyncio.gather(*self.calls)
        self.proof.down = False
        await self.deliver("last")
        self.clock.advance(LATEST_LOOK.total_seconds())
        for due in await self.instance().sweep():
            await self.instance().look_after(due)
        for instance in [*self.instances, self.instance()]:
            assert await instance.token() == "last"


async def _play(actions):
    theatre = _Theatre()
    await theatre.set_up("first")
    for action in actions:
        await theatre.act(*action)
    await theatre.heal()


@settings(max_examples=300)
@given(st.lists(ACTIONS, max_size=30))
@pytest.mark.slow
def test_no_order_of_events_makes_two_renewals_at_once_or_brings_an_older_token_back(actions):
    """I15 of the invariants."""
    asyncio.run(_play(actions))
