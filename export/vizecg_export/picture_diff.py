"""Two bundles on the same photographs: what one answers or decides otherwise than the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.spec.manifest import Artefact, Bundle
from vizecg_edge.answer import Answer
from vizecg_edge.backends.choose import Opened
from vizecg_edge.capture.folders import find_files
from vizecg_edge.pipeline import Pipeline
from vizecg_export.job import Run
from vizecg_export.running import open_artefact


class ArtefactBackend:
    """An artefact in the exporter's runtime of it, where no device of its kind is at hand."""

    def __init__(self, run: Run, *, artefact: Artefact) -> None:
        self._run = run
        self._name = f"exporter's {artefact.target}"

    @property
    def name(self) -> str:
        return self._name

    def logits(self, image: np.ndarray) -> np.ndarray:
        """Preprocessed sheet float32 (1, 1, H, W) -> logits float32 (labels,)."""
        return np.asarray(self._run(image)[0])

    def close(self) -> None:
        """There is nothing to give back."""


@dataclass(frozen=True, kw_only=True)
class PictureDiff:
    """One picture. ``status`` holds what the two said of it; ``turned`` the labels that one decides present and the
    other absent, ``undecided`` those that only one decides; ``largest`` is the greatest difference of a probability,
    None where not both answered."""

    picture: str
    status: tuple[str, str]
    turned: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    largest: float | None = None

    @property
    def same(self) -> bool:
        return self.status[0] == self.status[1] and not self.turned and not self.undecided


@dataclass(frozen=True, kw_only=True)
class PicturesDiff:
    """All pictures; ``artefacts`` names what ran of each bundle. Of ``decisions``, both decide ``decided``."""

    artefacts: tuple[str, str]
    pictures: tuple[PictureDiff, ...] = field(default=())
    decisions: int = 0
    decided: int = 0

    def to_dict(self) -> dict[str, Any]:
        return {
            "artefacts": list(self.artefacts),
            "pictures": len(self.pictures),
            "answered": [sum(one.status[side] == "answered" for one in self.pictures) for side in (0, 1)],
            "status_differs": sum(one.status[0] != one.status[1] for one in self.pictures),
            "decisions": self.decisions,
            "decided_by_both": self.decided,
            "turned_over": sum(len(one.turned) for one in self.pictures),
            "undecided_by_one": sum(len(one.undecided) for one in self.pictures),
            "largest_probability_difference": max((one.largest or 0.0 for one in self.pictures), default=0.0),
            "differing": [asdict(one) for one in self.pictures if not one.same],
        }


def diff_pictures(first: Bundle, second: Bundle, paths: Sequence[Path]) -> PicturesDiff:
    """Read pictures (files, folders) with the default artefact of each bundle, by its own gate and decision rule.

    Raises:
        UsageError: a path leads nowhere, or a folder has no pictures.
        MissingToolError: the runtime of an artefact is not installed.
        BundleError: a file of a bundle does not load.
    """
    files = find_files(paths).files
    pipelines = [_pipeline(bundle) for bundle in (first, second)]
    told, decisions, decided = [], 0, 0
    for path in files:
        a, b = (pipeline.run(path).answer for pipeline in pipelines)
        told.append(_compared(path.name, a, b))
        if a.decisions is not None and b.decisions is not None:
            decisions += len(a.decisions)
            decided += sum(a.decisions[label] is not None and b.decisions[label] is not None for label in a.decisions)
    names = [pipeline.artefact.name for pipeline in pipelines]
    return PicturesDiff(artefacts=(names[0], names[1]), pictures=tuple(told), decisions=decisions, decided=decided)


def _pipeline(bundle: Bundle) -> Pipeline:
    artefact = bundle.manifest.artefact()
    backend = ArtefactBackend(open_artefact(bundle, artefact), artefact=artefact)
    return Pipeline(bundle=bundle.path, opened=Opened(backend=backend, artefact=artefact, reason="compared"))


def _compared(name: str, a: Answer, b: Answer) -> PictureDiff:
    status = tuple(one.status if one.answered else ", ".join(one.reasons) for one in (a, b))
    if a.decisions is None or b.decisions is None or a.probabilities is None or b.probabilities is None:
        return PictureDiff(picture=name, status=(status[0], status[1]))
    pairs = {label: (a.decisions[label], b.decisions[label]) for label in a.decisions}
    return PictureDiff(
        picture=name,
        status=(status[0], status[1]),
        turned=tuple(label for label, (x, y) in pairs.items() if x is not None and y is not None and x is not y),
        undecided=tuple(label for label, (x, y) in pairs.items() if (x is None) is not (y is None)),
        largest=round(max(abs(p - b.probabilities[label]) for label, p in a.probabilities.items()), 6),
    )
