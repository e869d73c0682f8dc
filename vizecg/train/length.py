"""How long a run is."""

from __future__ import annotations

from dataclasses import dataclass

from vizecg.train.config import TrainConfig


@dataclass(frozen=True, kw_only=True)
class RunLength:
    """``epochs`` of ``steps_per_epoch``; ``steps`` end the run within the last of them, None with it."""

    epochs: int
    steps_per_epoch: int
    steps: int | None = None

    @classmethod
    def of(cls, config: TrainConfig, *, steps_per_epoch: int) -> RunLength:
        """What a configuration asks for: ``steps``, if it says how many, and as many epochs as these take."""
        if config.steps is None:
            return cls(epochs=config.epochs, steps_per_epoch=steps_per_epoch)
        return cls(epochs=-(-config.steps // steps_per_epoch), steps_per_epoch=steps_per_epoch, steps=config.steps)

    @property
    def most_steps(self) -> int:
        """As Lightning has it: -1 where epochs alone end the run."""
        return -1 if self.steps is None else self.steps
