"""What every recipe takes and gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vizecg.models import ImageOnly
from vizecg_export.targets import Machine, Precision, Scope, Target

Run = Callable[[np.ndarray], np.ndarray]
"""Preprocessed sheets float32 (n, 1, H, W) -> logits float32 (n, labels)."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One artefact to make.

    Attributes:
        network: float32, on the CPU, in evaluation mode; a recipe leaves it as it is.
        input_shape: (1, 1, H, W).
        folder: exists; the recipe writes its files here and nothing elsewhere.
        images: preprocessed calibration sheets float32 (n, 1, H, W); None unless ``precision`` is int8.
        scope: what int8 reaches.
        calibrator: one of the recipe's ``calibrators``.
        qat_epochs: epochs of quantisation-aware training on ``images``; 0 for none.
        seed: of whatever is random.
    """

    network: ImageOnly
    input_shape: tuple[int, int, int, int]
    folder: Path
    precision: Precision
    machine: Machine = Machine.ANY
    images: np.ndarray | None = None
    scope: Scope = Scope.FULL
    calibrator: str | None = None
    qat_epochs: int = 0
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Made:
    """A model file, and how to run it.

    Attributes:
        file: its name in the job's folder.
        run: the file itself in its target's runtime, or in ``runtime`` where that cannot run here.
        runtime: what ``run`` runs in, with its version.
        extra_files: names of files that belong to it.
        details: whatever the manifest should tell of it (delegation, build settings ...); JSON types only.
    """

    file: str
    run: Run
    runtime: str
    extra_files: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


class Recipe(Protocol):
    """Float network in, model file out, for one target."""

    @property
    def target(self) -> Target: ...

    @property
    def precisions(self) -> tuple[Precision, ...]: ...

    @property
    def calibrators(self) -> tuple[str, ...]:
        """Ways to choose the ranges of activations for int8, the plainest first."""

    @property
    def machines(self) -> tuple[Machine, ...]:
        """The processors that want an int8 file of their own."""

    def make(self, job: Job) -> Made:
        """Write the file."""
