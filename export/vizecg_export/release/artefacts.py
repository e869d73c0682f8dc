"""Artefacts that passed their gates, kept one by one: a killed export does not make and measure them again."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.spec.manifest import Artefact
from vizecg_export.attempts import Accepted, Wanted, accept
from vizecg_export.job import Made
from vizecg_export.pace import Say
from vizecg_export.release.work import Stage, WorkFolder
from vizecg_export.running import open_file
from vizecg_export.subject import Subject

ARTEFACT, GOLDEN_LOGITS = "artefact.json", "golden_logits.npy"
"""Beside the model files."""


class KeptArtefacts:
    """``vizecg_export.attempts.accept``, but for what was accepted before.

    Args:
        work: where they are kept.
        decided_by: everything that decides them beside their names; JSON.
    """

    def __init__(self, work: WorkFolder, *, decided_by: dict[str, Any]) -> None:
        self._work, self._decided_by = work, decided_by

    def __call__(self, wanted: Wanted, subject: Subject, folder: Path, *, say: Say) -> Accepted:
        """As ``accept``."""

        def make(into: Path, before: Path | None, say: Say) -> None:
            accepted = accept(wanted, subject, into, say=say)
            (into / ARTEFACT).write_text(json.dumps(asdict(accepted.artefact)) + "\n")
            np.save(into / GOLDEN_LOGITS, accepted.golden_logits)

        part = Stage(
            name=wanted.name(wanted.precision),
            does="an artefact that keeps to its gates",
            decided_by={**self._decided_by, "calibrators": list(wanted.calibrators)},
            seconds=0.0,
            run=make,
        )
        kept = self._work.keep(part, say=say)
        artefact = Artefact.from_dict(json.loads((kept / ARTEFACT).read_text()))
        for file in (artefact.file, *artefact.extra_files):
            shutil.copy2(kept / file, folder / file)
        made = Made(
            file=artefact.file,
            run=open_file(artefact, folder / artefact.file),
            runtime=artefact.runtime,
            extra_files=artefact.extra_files,
            details=artefact.details,
        )
        return Accepted(artefact=artefact, made=made, golden_logits=np.load(kept / GOLDEN_LOGITS))
