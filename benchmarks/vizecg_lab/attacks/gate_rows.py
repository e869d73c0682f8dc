"""Spoilt pages as ``vizecg-export fit-gate --spoilt`` takes them: figures of merit, and logits beside those of the
unspoilt page."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from vizecg.records import EcgRecord
from vizecg.spec import UsageError
from vizecg.spec.preprocess import preprocess
from vizecg_edge.judge.quality import merits_of
from vizecg_edge.pipeline import Result
from vizecg_export.quality_gate.rows import GateRow
from vizecg_lab.attacks.edges import Edge, ThisEdge
from vizecg_lab.attacks.plan import Drawing
from vizecg_lab.attacks.studio import Studio


class GateRows:
    """A file that takes a row of every page that is answered while it is open.

    Pages of another heart are left out: their truth is not that of the unspoilt page.

    Args:
        path: the file; rows are added to those that it has.
        edge: who answers; it must be this checkout's, since another one's figures of merit are others.

    Raises:
        UsageError: it is another checkout's.
    """

    def __init__(self, path: Path, edge: Edge) -> None:
        if not isinstance(edge, ThisEdge):
            raise UsageError("--gate-rows are of this checkout's edge, not of --checkout")
        self._path, self._edge = path, edge
        self._clean: dict[str, list[float]] = {}

    def add(self, drawing: Drawing, record: EcgRecord) -> None:
        """The page that was answered last, which is this drawing of this record."""
        result = self._edge.result
        if result is None or drawing.kind.benign or drawing.kind.other_heart:
            return
        artefact = self._edge.pipeline.artefact.name
        seen = result.rectified
        row = GateRow(
            record=record.record_id,
            kind=drawing.kind.name,
            strength=1.0,
            reason=None if seen is not None else result.answer.reasons[0],
            merits={} if seen is None else {name: round(float(one), 6) for name, one in merits_of(seen).items()},
            error_mm=None,
            logits={} if seen is None else {artefact: self._logits(result)},
            clean={artefact: self._clean_logits(record)},
        )
        with self._path.open("a") as handle:
            handle.write(json.dumps(asdict(row)) + "\n")

    def _clean_logits(self, record: EcgRecord) -> list[float]:
        if record.record_id not in self._clean:
            shown = Studio.of(record, record, photographed=False).control()
            assert isinstance(shown, np.ndarray)
            self._clean[record.record_id] = self._logits(self._edge.pipeline.run_image(shown))
        return self._clean[record.record_id]

    def _logits(self, result: Result) -> list[float]:
        """Of the sheet, also where the page is refused for its figures of merit."""
        assert result.rectified is not None
        pipeline, manifest = self._edge.pipeline, self._edge.pipeline.bundle.manifest
        image = preprocess(result.rectified.sheet, sheet_spec=manifest.sheet, spec=manifest.preprocess)
        return [float(value) for value in pipeline.backend.logits(image)]
