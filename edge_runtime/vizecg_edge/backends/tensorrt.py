"""TensorRT on an NVIDIA GPU: the engine that ``vizecg-edge build`` made on this device."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np

from vizecg.spec.manifest import Artefact, Bundle
from vizecg_edge.backends.pool import Pool
from vizecg_edge.engine.builder import Workshop, load_engine, open_workshop
from vizecg_edge.engine.store import find_engine


class TensorRTBackend:
    """An artefact's engine, loaded; ``close`` gives its memory back.

    TensorRT's contexts serve one thread each: as many are made as threads ask at once. TensorRT has no use for a
    number of computation threads.

    Args:
        bundle: opened.
        artefact: one of its, for TensorRT.
        folder: of engines; None takes the default.
        workshop: TensorRT and CUDA; None loads those of this machine.

    Raises:
        MissingToolError: TensorRT is not installed.
        BundleError: no GPU, or no engine that fits; the message names the command that builds it.
    """

    def __init__(
        self, *, bundle: Bundle, artefact: Artefact, folder: Path | None = None, workshop: Workshop | None = None
    ) -> None:
        workshop = workshop or open_workshop()
        path, self.record = find_engine(bundle, artefact, environment=workshop.environment, folder=folder)
        self._engines = Pool(make=partial(load_engine, workshop, path.read_bytes(), bundle))
        gpu = re.sub(r"[^a-z0-9]+", "-", workshop.environment.gpu.lower()).strip("-")
        self._name = f"tensorrt-{workshop.environment.tensorrt}-{gpu}"

    @property
    def name(self) -> str:
        """Engine and device, for example ``tensorrt-10.3.0-orin``."""
        return self._name

    def logits(self, image: np.ndarray) -> np.ndarray:
        """Preprocessed sheet float32 (1, 1, H, W) -> logits float32 (labels,)."""
        with self._engines.lend() as engine:
            return engine.logits(image)

    def close(self) -> None:
        """Give the GPU's memory back."""
        self._engines.close()
