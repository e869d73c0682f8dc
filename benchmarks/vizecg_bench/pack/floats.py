"""The float network's logits of a section, in torch, kept in a cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.parity import LIMITS
from vizecg.spec.preprocess import PreprocessSpec, normalise
from vizecg_bench.pack.sheets import Sheets

BATCH, PROBE = 16, 4
"""Sheets that the network takes at once, and by which stored logits are checked."""


@dataclass(frozen=True, kw_only=True)
class FloatNetwork:
    """``run``: float32 (n, 1, H, W) -> logits (n, labels). ``sha256``: of the checkpoint. ``cache``: folder."""

    run: Callable[[np.ndarray], np.ndarray]
    sha256: str
    preprocess: PreprocessSpec
    cache: Path

    def logits(self, sheets: Sheets) -> np.ndarray:
        """float32 (n, labels), from the cache where this code still computes the same."""
        name = sha256_bytes(f"{sheets.key} {self.sha256}".encode())[:32]
        known = self.cache / f"float-{name}.npy"
        if known.is_file():
            logits = np.asarray(np.load(known))
            same = logits.shape == sheets.labels.shape
            if same and np.allclose(
                self._some(islice(sheets.inks(), PROBE)), logits[:PROBE], atol=LIMITS["fp32"].max_abs
            ):
                return logits
        inks = sheets.inks()
        parts = []
        console = Console(stderr=True)
        # In a log a bar is blank lines.
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task(f"float network, {sheets.header.name}", total=sheets.header.n)
            while batch := list(islice(inks, BATCH)):
                parts.append(self._some(batch))
                bar.advance(task, len(batch))
        logits = np.concatenate(parts)
        self.cache.mkdir(parents=True, exist_ok=True)
        unfinished = known.with_name(f".{known.name}")
        np.save(unfinished, logits)
        unfinished.replace(known)
        return logits

    def _some(self, inks: Iterable[np.ndarray]) -> np.ndarray:
        return np.asarray(self.run(normalise(np.stack(list(inks)), self.preprocess)), np.float32)
