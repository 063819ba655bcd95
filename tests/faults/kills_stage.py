"""The one-machine stack with a tripwire around its functions host, and the payments that are sent through it."""

import json
import os
import signal
import uuid
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

from local.azurite import Azurite
from local.billers_file import read_billers
from local.processes import ROOT
from local.stack import Stack
from tests.faults.kills_courses import CASELLE, QUEUE, TABLE
from tests.faults.kills_points import Point
from tests.faults.tripwire import Tripwire
from tests.waiting import until_now

_SAMPLES = ROOT / "local/samples"
_DIVISOR: Final = 50
_QUEUE_LEASE: Final = 3
_OF_THE_BILLER: Final = 4
_SETTINGS: Final = {
    "LEDGER_DEADLINE_SECONDS": "100",
    "LEDGER_LEASE_SECONDS": "175",
    "LEDGER_SETTLE_SECONDS": "225",
    "LEDGER_ABSENCE_GAP_SECONDS": "100",
    "LEDGER_UNSEEN_LAG_SECONDS": "100",
    "LEDGER_AFTER_MARGIN_SECONDS": "25",
    "LEDGER_ASKS_SECONDS": "60,235,345",
    "LEDGER_ASK_EVERY_SECONDS": "100",
    "TOKEN_CACHE_SECONDS": "0",
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
    "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.500",
}
"""Divided like all the others: a deadline of 2 s and a lease of 3.5, which leave a new host the time to load its
libraries, and doubts that are settled after 4.5, later than any lease as ever. Every send reads its token. A
message that failed comes again after the fiftieth part of host.json's minute, too; and since a host does not notice
what it writes to its own queues, it looks into them more often."""


class Stage(Stack):
    """A stack whose hosts reach Azurite and Caselle through the tripwire."""

    def __init__(self, state: Path) -> None:
        billers = read_billers(_SAMPLES / "billers.json")
        lines = (_SAMPLES / "payments.jsonl").read_text().splitlines()
        super().__init__(
            state, billers, lines, time_divisor=_DIVISOR, queue_lease=_QUEUE_LEASE, settings=dict(_SETTINGS)
        )

    @property
    def host_storage(self) -> str:
        text = self.storage
        for service, port in (("Queue", self.azurite.ports.queue), ("Table", self.azurite.ports.table)):
            direct = f"{service}Endpoint=http://127.0.0.1:{port}"
            text = text.replace(direct, f"{service}Endpoint={self.wires.urls[service.lower()]}")
        return text

    def arm(self, point: Point, passing: int) -> Future[None]:
        """Have the running host killed at the point, after so many; the future is done when the signal is sent."""
        host = self.hosts[0].pid
        if point.outlived:
            return self.wires.arm(point.trap(passing), lambda: os.kill(host, signal.SIGKILL), cuts=False)
        return self.wires.arm(point.trap(passing), lambda: os.killpg(host, signal.SIGKILL))

    def arm_outage(self, point: Point, passing: int) -> Future[None]:
        """Have the running host lose its storage at the point; it lives on, and Caselle answers it."""
        return self.wires.arm(point.trap(passing), lambda: None, wires={QUEUE, TABLE})

    def renew_storage(self) -> None:
        """End Azurite, start it again with what it had, and let the host reach it."""
        # In good order: after SIGKILL it lacks what it acknowledged, which a storage account never does.
        self.azurite.stop()
        self.azurite = self._part(Azurite(self._folder.path / "azurite", self.azurite.ports))
        self.azurite.wait_ready()
        self.wires.restore()

    def bury(self, point: Point) -> None:
        """Wait until the kernel has ended the host that was killed; where its worker has, too, mend the wires.

        Raises:
            AssertionError: something else ended it.
        """
        host = self.hosts[0]
        if point.outlived:
            until_now(lambda: host.exit_code is not None)
            self.hosts.remove(host)
        else:
            self.kill_host()
            self.wires.mend()
        assert host.exit_code == -signal.SIGKILL, f"the host ended by itself ({host.exit_code})"

    def _start_services(self) -> None:
        super()._start_services()
        ports, caselle = self.azurite.ports, str(self._caselle_url)
        azurite = {QUEUE: f"http://127.0.0.1:{ports.queue}", TABLE: f"http://127.0.0.1:{ports.table}"}
        self.wires = self._running.enter_context(Tripwire(azurite | {CASELLE: caselle}))
        self._caselle_url = self.wires.urls[CASELLE]


class Payments:
    """Fresh payments in the shape of the samples; the same ones from the same seed, but for when they were paid."""

    def __init__(self, random: Random) -> None:
        lines = (_SAMPLES / "payments.jsonl").read_text().splitlines()
        expected = json.loads((_SAMPLES / "expected.json").read_text())["lines"]
        self._random = random
        self._patterns: dict[str, list[dict[str, object]]] = {}
        for line, outcome in zip(lines, expected, strict=True):
            if outcome["outcome"] == "posted":
                payment = json.loads(line)
                self._patterns.setdefault(payment["billerId"], []).append(payment)

    def handful(self, biller: str) -> list[str]:
        """More than the slots of one biller, so that some must wait, and one of each other biller."""
        others = [each for each in self._patterns if each != biller]
        return [self._fresh(each) for each in [biller] * _OF_THE_BILLER + others]

    def several(self, biller: str, number: int) -> list[str]:
        """So many of one biller."""
        return [self._fresh(biller) for _ in range(number)]

    def one_each(self) -> list[str]:
        """One payment of every biller; a later receipt is what proves that one in doubt is absent."""
        return [self._fresh(biller) for biller in self._patterns]

    def _fresh(self, biller: str) -> str:
        identity = uuid.UUID(int=self._random.getrandbits(128), version=4)
        # Paid now: a receipt of an earlier day would lie outside the days that are searched, and be no control.
        now = datetime.now(UTC).isoformat(timespec="seconds")
        reference = f"IC{identity.int % 10**12:012}"
        fresh = {"paymentId": str(identity), "confirmationNumber": reference, "paidAt": now}
        return json.dumps(self._random.choice(self._patterns[biller]) | fresh, ensure_ascii=False)
