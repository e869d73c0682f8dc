"""A bundle's TensorRT engine, built before it is measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vizecg.spec.manifest import Bundle
from vizecg_edge.engine.builder import Workshop, build, open_workshop
from vizecg_edge.engine.settings import TARGET


def ensure_engine(
    bundle: Bundle,
    artefact: str,
    *,
    workshop: Workshop | None = None,
    folder: Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> float | None:
    """Build the engine of an artefact if none that fits is there.

    Args:
        bundle: opened.
        artefact: its name.
        workshop: TensorRT and CUDA; None loads those of this machine.
        folder: of engines; None takes the default.
        say: told of each step; a build takes minutes.

    Returns:
        Seconds that its build took, now or then; None for an artefact that is not for TensorRT.

    Raises:
        MissingToolError: TensorRT is not installed.
        BundleError: no GPU, or TensorRT refuses the artefact.
        ParityError: the engine does not compute what the float network computes; it is not kept.
    """
    chosen = bundle.manifest.artefact(artefact)
    if chosen.target != TARGET:
        return None
    return build(bundle, chosen, workshop=workshop or open_workshop(), folder=folder, say=say).record.build_s
