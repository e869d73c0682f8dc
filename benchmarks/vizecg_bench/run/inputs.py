"""What every run begins with: the bundle, and its golden sheets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vizecg.spec.manifest import Bundle, open_bundle
from vizecg_edge.engine.accept import golden_sheets


@dataclass(frozen=True, kw_only=True)
class GoldenSheets:
    """Preprocessed sheets float32 (n, 1, H, W), and the float network's logits (n, 6) of them."""

    images: np.ndarray
    logits: np.ndarray


def read_golden(bundle: Bundle) -> GoldenSheets:
    """The sheets that travel with a bundle; they are synthetic or public. Raises BundleError: it has none."""
    images, logits = golden_sheets(bundle)
    return GoldenSheets(images=images, logits=logits)


def bundle_or_shipped(path: Path | None) -> Bundle:
    """Open a bundle; None takes the edge's own. Raises BundleError where it is damaged."""
    from vizecg_edge.pipeline import DEFAULT_BUNDLE

    return open_bundle(path or DEFAULT_BUNDLE)
