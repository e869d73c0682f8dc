"""Which steps there are, and how the minutes are shared out among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vizecg.spec import UsageError

_FILES_S = 8.0
"""Kept for packing what is there into files."""
_LEAST_S = 5.0
"""A step that would have less is not begun."""
_STEPS = "vizecg_lab.gpu.steps"


@dataclass(frozen=True, kw_only=True)
class PlannedStep:
    """One step.

    Attributes:
        name: as it is told.
        target: ``module:function``, called with a ``Request`` in a process of its own; it returns a dictionary.
        most_s: its time limit.
        share: of all minutes, which is its limit where they are few.
        kept: of all minutes, which the steps before it leave to it.
        needs: the step whose result it measures: it is done anew with it.
    """

    name: str
    target: str
    most_s: float = float("inf")
    share: float = 1.0
    kept: float = 0.0
    needs: str | None = None

    def limit_s(self, total_s: float) -> float:
        return min(self.most_s, self.share * total_s)

    def kept_s(self, total_s: float) -> float:
        return min(self.most_s, self.kept * total_s)


STEPS = (
    PlannedStep(name="environment", target=f"{_STEPS}.environment:look", most_s=45, share=0.12),
    PlannedStep(name="tests", target=f"{_STEPS}.device_tests:run_tests", most_s=80, share=0.17),
    PlannedStep(name="agreement", target=f"{_STEPS}.agreement:compare", most_s=90, share=0.2),
    # Compiling takes a minute or two; what it has compiled is there for the steps after it.
    PlannedStep(name="fusing", target=f"{_STEPS}.fusing:measure", most_s=300, share=0.16),
    PlannedStep(name="train-step", target=f"{_STEPS}.step_speed:measure", most_s=75, share=0.2),
    PlannedStep(name="train", target=f"{_STEPS}.training:train_for_the_rest", kept=0.25),
    PlannedStep(
        name="evaluate",
        target=f"{_STEPS}.evaluation:evaluate_weights",
        most_s=120,
        share=0.17,
        kept=0.17,
        needs="train",
    ),
)


def steps_without(names: Iterable[str]) -> tuple[PlannedStep, ...]:
    """``STEPS`` but those of these names.

    Raises:
        UsageError: there is no such step, or none is left.
    """
    left_out, known = set(names), [step.name for step in STEPS]
    for name in left_out - set(known):
        raise UsageError(f"--skip {name}: expected one of {', '.join(known)}")
    steps = tuple(step for step in STEPS if step.name not in left_out)
    if not steps:
        raise UsageError("--skip: no step is left")
    return steps


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The steps within ``total_s`` seconds from ``began`` (seconds since the epoch)."""

    steps: Sequence[PlannedStep]
    began: float
    total_s: float

    @property
    def ends(self) -> float:
        """When the last step must be over: what is left is for the files."""
        return self.began + self.total_s - _FILES_S

    def limit_s(self, step: PlannedStep, *, now: float) -> float | None:
        """Seconds that ``step`` may take from now on; None where there are too few."""
        later = self.steps[self.steps.index(step) + 1 :]
        kept = sum(other.kept_s(self.total_s) for other in later)
        limit = min(step.limit_s(self.total_s), self.ends - kept - now)
        return limit if limit >= _LEAST_S else None
