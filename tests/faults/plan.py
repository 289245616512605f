"""What a round is to do, and what came of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from tests.faults.rebuilding import FAULTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What happens in a round; all of it follows from seed and number, but for how fast the machine is."""

    seed: str
    number: int
    only: Sequence[str] = ()
    load: int = 6
    seconds: float = 8
    faults: int = 4

    def strikes(self) -> list[tuple[float, str]]:
        """When what strikes: seconds from the start of the load, and the fault's name. Rounds that follow
        one another deal the faults out like a shuffled deck, so that none is left out for long."""
        names = list(self.only or sorted(FAULTS))
        chance = Random(f"{self.seed}/{self.number}")
        places = range(self.number * self.faults, (self.number + 1) * self.faults)
        dealt = [self._deck(names, place // len(names))[place % len(names)] for place in places]
        return sorted((chance.uniform(0.5, self.seconds - 1), name) for name in dealt)

    def _deck(self, names: list[str], number: int) -> list[str]:
        return Random(f"{self.seed}/deck {number}").sample(names, len(names))


@dataclass(slots=True)
class Report:
    """How a round went."""

    plan: Plan
    began: float = field(default_factory=time.monotonic)
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    timeline: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Note and print something that happened now."""
        line = f"round {self.plan.number} {time.monotonic() - self.began:7.2f} s  {text}"
        self.timeline.append(line)
        print(line, flush=True)

    def wrong(self, finding: str) -> None:
        """Note that something does not hold."""
        self.findings.append(finding)
        self.say(f"WRONG {finding}")
