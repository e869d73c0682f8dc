"""How long a run will still train."""

from __future__ import annotations

import time
from collections.abc import Callable

FORWARD_SHARE = 1 / 3
"""Of a step's time, what a batch of validation takes: before one was measured, that of a pass without gradients."""


class TimeLeft:
    """From what the steps and validations of this start took; pictures that are drawn before do not count.

    The first step, in which workers start and compilers work, is not taken for the others; what is done between steps,
    as writing checkpoints, belongs to them.

    Args:
        steps: of an epoch.
        epochs: of the run.
        validate_every: epochs between validations.
        validation_batches: of one validation.
        last_step: ends the run within its last epoch; None where that is whole.
        clock: seconds.
    """

    def __init__(
        self,
        *,
        steps: int,
        epochs: int,
        validate_every: int = 1,
        validation_batches: int = 0,
        last_step: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.steps, self.epochs, self.validate_every = steps, epochs, validate_every
        self.validation_batches = validation_batches
        self.total = epochs * steps if last_step is None else last_step
        self._clock = clock
        self._validations: list[float] = []
        self.begin(done=0)

    def begin(self, *, done: int) -> None:
        """Training begins after so many steps of the run."""
        self._first = self._done = done
        self._validated_epochs = done // self.steps
        self._began = self._last = self._clock()
        self._warm: float | None = None
        self._validation_began = 0.0
        self._in_validation = 0.0

    def stepped(self, *, done: int) -> None:
        """So many steps of the run are done."""
        self._done, self._last = done, self._clock()
        if self._warm is None:
            self._warm = self._last

    def validation_began(self) -> None:
        self._validation_began = self._clock()

    def validated(self) -> None:
        now = self._clock()
        self._validations.append(now - self._validation_began)
        self._in_validation += now - self._validation_began
        # The last epoch may end before all of its steps.
        self._validated_epochs = -(-self._done // self.steps)
        self._last = now

    @property
    def step_s(self) -> float | None:
        """Seconds of a step, with its share of what stands between steps; None before the first."""
        if self._warm is None:
            return None
        warm_steps = self._done - self._first - 1
        if warm_steps < 1:
            return self._warm - self._began
        return (self._last - self._warm - self._in_validation) / warm_steps

    @property
    def validation_s(self) -> float | None:
        """Seconds of a validation."""
        if self._validations:
            return sum(self._validations) / len(self._validations)
        return None if self.step_s is None else self.validation_batches * self.step_s * FORWARD_SHARE

    @property
    def epoch_s(self) -> float | None:
        """Seconds of an epoch, with its share of the validations."""
        if self.step_s is None or self.validation_s is None:
            return None
        return self.steps * self.step_s + self.validation_s / self.validate_every

    @property
    def seconds(self) -> float | None:
        """Until the run ends; None before the first step."""
        if self.step_s is None or self.validation_s is None:
            return None
        validations = self.epochs // self.validate_every - self._validated_epochs // self.validate_every
        return max(0, self.total - self._done) * self.step_s + validations * self.validation_s
