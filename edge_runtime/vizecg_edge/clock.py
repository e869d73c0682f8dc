"""How long the stages of an answer take."""

from __future__ import annotations

import time

from vizecg_edge.answer import Timings


class Clock:
    """Wall time per stage, in milliseconds. ``decode``: what was spent on reading before."""

    def __init__(self, *, decode: float = 0.0) -> None:
        self.last = time.perf_counter()
        self.start = self.last - decode / 1000
        self.before = {"decode": decode}
        self.stages: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.add({stage: (now - self.last) * 1000 + self.before.pop(stage, 0.0)})
        self.last = now

    def add(self, stages: dict[str, float]) -> None:
        """A stage that runs twice counts twice."""
        for stage, value in stages.items():
            self.stages[stage] = self.stages.get(stage, 0.0) + value

    def add_timings(self, timings: Timings) -> None:
        """What another clock measured, within this one's time."""
        self.add({stage: value for stage, value in vars(timings).items() if value is not None and stage != "total"})
        self.skip()

    def skip(self) -> None:
        """Start the next stage now: the ones before were timed by themselves."""
        self.last = time.perf_counter()

    def timings(self) -> Timings:
        total = (time.perf_counter() - self.start) * 1000
        return Timings(**{stage: round(value, 2) for stage, value in self.stages.items()}, total=round(total, 2))
