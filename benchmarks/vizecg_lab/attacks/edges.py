"""Who is shown the pages: the edge of this checkout, or that of another one."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from vizecg.spec.checkout import git_state
from vizecg_lab.attacks.studio import Picture
from vizecg_lab.edge.checkout import CheckoutEdge
from vizecg_lab.used import bundle_used

if TYPE_CHECKING:
    from vizecg_edge.answer import Answer
    from vizecg_edge.pipeline import Result

WORKER = """
import json, sys
import cv2, numpy
cv2.setNumThreads(1)
from vizecg_edge.pipeline import Pipeline

pipeline = Pipeline(threads=1)
for line in sys.stdin:
    path = line.rstrip("\\n")
    if path == "bundle":
        print(json.dumps({name: str(getattr(pipeline.bundle_id, name)) for name in ("name", "sha256", "artefact")}))
    else:
        shown = numpy.load(path) if path.endswith(".npy") else open(path, "rb").read()
        answer = pipeline.run_image(shown).answer if path.endswith(".npy") else pipeline.run(shown).answer
        print(json.dumps({
            "reasons": list(answer.reasons), "decisions": answer.decisions,
            "doubts": [doubt.code for doubt in answer.doubts], "quality": answer.quality.score,
            "undecided": {name: why.code for name, why in getattr(answer, "undecided", {}).items()},
        }))
    sys.stdout.flush()
"""
"""Written for every version of the edge: one JSON object a page."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What was said to a page.

    Attributes:
        reasons: of a refusal; empty where it was answered.
        decisions: by label, None for one that is undecided; None when refused.
        doubts: codes.
        undecided: why, by label.
        quality: its score.
    """

    reasons: tuple[str, ...] = ()
    decisions: dict[str, bool | None] | None = None
    doubts: tuple[str, ...] = ()
    undecided: dict[str, str] = field(default_factory=dict)
    quality: float | None = None

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Said:
        """Of ``to_dict``; further keys are left out."""
        return cls(
            reasons=tuple(told["reasons"]), decisions=told["decisions"], doubts=tuple(told["doubts"]),
            undecided=told["undecided"], quality=told["quality"],
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


class Edge(Protocol):
    """What answers pages. ``about`` tells a result which bundle and code it is."""

    about: dict[str, Any]

    def ask(self, picture: Picture) -> Said:
        """One page."""

    def close(self) -> None:
        """No more pages come."""


class ThisEdge:
    """The edge of this checkout, with a bundle; None takes the shipped one."""

    def __init__(self, bundle: Path | None) -> None:
        from vizecg_edge.pipeline import Pipeline

        self.pipeline = Pipeline(bundle=bundle)
        self.about: dict[str, Any] = {"bundle": bundle_used(self.pipeline)}
        self.result: Result | None = None
        """All of the last answer."""

    def ask(self, picture: Picture) -> Said:
        """One page."""
        if isinstance(picture, bytes):
            self.result = self.pipeline.run(picture)
        else:
            self.result = self.pipeline.run_image(picture)
        return _said(self.result.answer)

    def close(self) -> None:
        """Nothing is held open."""


class OtherEdge:
    """The edge of another checkout, with the bundle that it ships.

    Raises:
        UsageError: ``tree`` is not a checkout whose edge runs here.
    """

    def __init__(self, tree: Path) -> None:
        self._edge = CheckoutEdge(tree.resolve(), WORKER)
        self._folder = tempfile.TemporaryDirectory()
        answering = git_state(tree.resolve() / "edge_runtime" / "vizecg_edge")
        self.about: dict[str, Any] = {"bundle": json.loads(self._edge.ask("bundle")), "answering": asdict(answering)}

    def ask(self, picture: Picture) -> Said:
        """One page."""
        path = Path(self._folder.name) / ("page" if isinstance(picture, bytes) else "page.npy")
        if isinstance(picture, bytes):
            path.write_bytes(picture)
        else:
            np.save(path, picture)
        return Said.from_dict(json.loads(self._edge.ask(str(path))))

    def close(self) -> None:
        """End the process of the checkout."""
        self._edge.close()
        self._folder.cleanup()


def _said(answer: Answer) -> Said:
    return Said(
        reasons=tuple(answer.reasons), decisions=answer.decisions, doubts=tuple(doubt.code for doubt in answer.doubts),
        undecided={name: why.code for name, why in answer.undecided.items()}, quality=answer.quality.score,
    )  # fmt: skip
