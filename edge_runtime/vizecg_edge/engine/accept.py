"""An engine is accepted when it answers the bundle's golden sheets as the float network did."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from vizecg.spec import BundleError
from vizecg.spec.manifest import GOLDEN, Artefact, Bundle
from vizecg.spec.parity import Parity, ParityLimits, compare
from vizecg.spec.preprocess import normalise

WARM_UP = 3


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The engine against the float network, and the time of one sheet to the GPU and back."""

    parity: Parity
    p50_ms: float
    p90_ms: float

    def to_dict(self) -> dict[str, Any]:
        return {**self.parity.to_dict(), "p50_ms": self.p50_ms, "p90_ms": self.p90_ms}


def limits_of(artefact: Artefact) -> ParityLimits:
    """What the exporter held the artefact to.

    Raises:
        BundleError: the manifest does not say.
    """
    return ParityLimits.from_dict(artefact.parity.get("limits", {}))


def golden_sheets(bundle: Bundle) -> tuple[np.ndarray, np.ndarray]:
    """Preprocessed golden sheets float32 (n, 1, H, W), and the float network's logits (n, 6).

    Raises:
        BundleError: the bundle has none.
    """
    try:
        with np.load(bundle.file(GOLDEN), allow_pickle=False) as data:
            inks, logits = data["inks"], data["float_logits"]
    except (OSError, KeyError, ValueError) as error:
        raise BundleError(f"{bundle.path}: no usable golden data in {GOLDEN}: {error}") from error
    if len(inks) == 0 or len(inks) != len(logits):
        raise BundleError(f"{bundle.path}: {len(inks)} golden sheets and {len(logits)} rows of logits in {GOLDEN}")
    return normalise(inks, bundle.manifest.preprocess), logits


def measure(
    run: Callable[[np.ndarray], np.ndarray], images: np.ndarray, expected: np.ndarray, artefact: Artefact
) -> Figures:
    """Run the golden sheets one by one and compare.

    Raises:
        ParityError: a logit is not finite.
    """
    for image in images[:WARM_UP]:
        run(image[None])
    rows, times = [], []
    for image in images:
        start = time.perf_counter()
        rows.append(run(image[None]))
        times.append((time.perf_counter() - start) * 1000)
    return Figures(
        parity=compare(expected, np.stack(rows), rule=artefact.decision),
        p50_ms=round(float(np.percentile(times, 50)), 3),
        p90_ms=round(float(np.percentile(times, 90)), 3),
    )
