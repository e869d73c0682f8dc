"""Does an engine answer a bundle's golden sheets as the float network did? Asked of files, engines and contenders."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vizecg.spec.arrays import MOST_BYTES, read_arrays
from vizecg.spec.checks import first_line
from vizecg.spec.decide import DecisionRule
from vizecg.spec.errors import BundleError
from vizecg.spec.manifest import GOLDEN, Artefact, Bundle
from vizecg.spec.parity import WIDEST, Parity, ParityLimits, check, compare
from vizecg.spec.preprocess import normalise

WARM_UP = 3
_ACCEPTED = "logits_"
"""Before the name of an artefact: the logits that the exporter accepted it with."""


@dataclass(frozen=True, kw_only=True)
class GoldenSheets:
    """What travels with a bundle; the sheets are synthetic or public.

    Attributes:
        images: preprocessed, float32 (n, 1, H, W).
        logits: (n, labels) of the float network.
        accepted: artefact -> (n, labels) that the exporter accepted it with.
    """

    images: np.ndarray
    logits: np.ndarray
    accepted: Mapping[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class GoldenAnswers:
    """An engine's logits (n, labels) of the golden sheets against the float network's, and the time of one sheet."""

    logits: np.ndarray
    parity: Parity
    p50_ms: float
    p90_ms: float

    def to_dict(self) -> dict[str, Any]:
        return {**self.parity.to_dict(), "p50_ms": self.p50_ms, "p90_ms": self.p90_ms}

    def check(self, *, limits: ParityLimits, artefact: str) -> None:
        """Raise ParityError, which names ``artefact``, when they are outside ``limits``."""
        check(self.parity, limits=limits, artefact=artefact)

    def from_accepted(self, golden: GoldenSheets, artefact: str) -> float | None:
        """Largest difference from the logits that the exporter accepted it with; None where there are none."""
        accepted = golden.accepted.get(artefact)
        same = accepted is not None and accepted.shape == self.logits.shape
        return float(np.abs(self.logits - accepted).max()) if same else None


def read_golden(bundle: Bundle) -> GoldenSheets:
    """The golden sheets of a bundle.

    Raises:
        BundleError: the bundle has none.
    """
    unusable = f"{bundle.path}: no usable golden data in {GOLDEN}"
    if GOLDEN not in bundle.manifest.files:
        raise BundleError(f"{unusable}: the manifest lists no such file")
    try:
        data = read_arrays(bundle.read(GOLDEN, most=MOST_BYTES))
        inks, logits = data["inks"], data["float_logits"]
        accepted = {n.removeprefix(_ACCEPTED): array for n, array in data.items() if n.startswith(_ACCEPTED)}
        if inks.ndim != 3 or logits.ndim != 2 or len(inks) == 0 or len(inks) != len(logits):
            raise ValueError(f"{len(inks) if inks.ndim else 0} golden sheets and logits {logits.shape}")
        if logits.shape[1] != len(bundle.manifest.labels) or not np.isfinite(logits).all():
            raise ValueError(f"expected finite logits (n, {len(bundle.manifest.labels)}), found {logits.shape}")
        images = normalise(inks, bundle.manifest.preprocess)
    except (KeyError, ValueError) as error:
        raise BundleError(f"{unusable}: {first_line(error)}") from error
    return GoldenSheets(images=images, logits=logits, accepted=accepted)


def limits_of(artefact: Artefact) -> ParityLimits:
    """What the exporter held the artefact to.

    Raises:
        BundleError: the manifest does not say, or says that it may compute anything.
    """
    limits = ParityLimits.from_dict(artefact.parity.get("limits", {}))
    if not limits.within(WIDEST):
        raise BundleError(f"limits of parity of {artefact.name} are wider than any export's: {limits.to_dict()}")
    return limits


def answer_golden(
    run: Callable[[np.ndarray], np.ndarray], golden: GoldenSheets, *, rule: DecisionRule, warm_up: int = 0
) -> GoldenAnswers:
    """Run the golden sheets one by one and compare.

    Args:
        run: a sheet (1, 1, H, W) -> logits (labels,) or (1, labels).
        golden: of ``read_golden``.
        rule: decides, to count the decisions that differ.
        warm_up: sheets to run before, for the times.

    Raises:
        ParityError: a logit is not finite, or there are not as many as the float network's.
    """
    for image in golden.images[:warm_up]:
        run(image[None])
    rows, times = [], []
    for image in golden.images:
        start = time.perf_counter()
        rows.append(np.ravel(run(image[None])))
        times.append((time.perf_counter() - start) * 1000)
    logits = np.stack(rows)
    return GoldenAnswers(
        logits=logits,
        parity=compare(golden.logits, logits, rule=rule),
        p50_ms=round(float(np.percentile(times, 50)), 3),
        p90_ms=round(float(np.percentile(times, 90)), 3),
    )
