"""Fit calibration and thresholds to a float network, and write them into its checkpoint for everything made of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.data.source import RecordSource, synthetic_source
from vizecg.models import ImageOnly
from vizecg.models.logits import torch_logits
from vizecg.render import sheet_under
from vizecg.spec import Condition, SheetSpec, UsageError
from vizecg.spec.checkout import git_state
from vizecg.spec.deployment import Deployment, DrawnCalibration
from vizecg.spec.fingerprint import sha256_ids
from vizecg.spec.gate import QualityGate
from vizecg.spec.manifest import Bundle
from vizecg.spec.preprocess import PreprocessSpec, ink_map
from vizecg.train.checkpoint import Checkpoint, load_checkpoint, read_raw
from vizecg.train.deploying import SECTION, to_section
from vizecg.train.storage import save_atomically
from vizecg_export.subject import logits_of, make_subject
from vizecg_export.targets import CONDITIONS

STORED_CLEAN, STORED_PHOTO = 32, 4
"""Sheets whose scores are stored: photographs take ten times the room of clean sheets."""
STORED_SEED = 41


@dataclass(frozen=True, kw_only=True)
class Bands:
    """Gate, and each class's undecided margin, in calibrated logits, as fitted on photographs."""

    gate: QualityGate
    undecided_margin: tuple[float, ...]
    source: dict[str, Any]


def bands_of(bundle: Bundle) -> Bands:
    """Those of a bundle's default artefact; the copies of one network differ by far less than two photographs do.

    Raises:
        UsageError: they were not fitted for it.
    """
    manifest = bundle.manifest
    if not manifest.gate_source:
        raise UsageError(f"{bundle.path} has no fitted gate: `vizecg-export gate` puts one there")
    artefact = manifest.artefact()
    source = {**manifest.gate_source, "bands_of": artefact.name}
    return Bands(gate=manifest.gate, undecided_margin=artefact.decision.undecided_margin, source=source)


def calibrated(
    checkpoint: Checkpoint,
    evaluation: RecordSource,
    *,
    bands: Bands | None,
    drawn_calibration: DrawnCalibration | None,
    cache: Path,
    workers: int,
) -> Deployment:
    """Fit calibration and thresholds to the network's answers to ``evaluation``, clean and photographed.

    Raises:
        UsageError: a class has no positive or no negative record.
    """
    bare = replace(checkpoint, deployment=None)
    subject = make_subject(bare, calibration=None, evaluation=evaluation, cache=cache, workers=workers)
    assert subject.evaluation is not None
    rule = subject.evaluation.rule
    if bands is not None:
        rule = replace(rule, undecided_margin=bands.undecided_margin)
    inks = stored_inks(sheet=subject.sheet, preprocess=subject.preprocess)
    return Deployment(
        rule=rule,
        rule_source={
            "data": evaluation.name,
            "kind": "validation: thresholds were fitted on it",
            "conditions": [condition.value for condition in CONDITIONS],
            "records": len(evaluation),
            "records_sha256": sha256_ids(evaluation.record_ids),
            "written_by": asdict(git_state()),
        },
        inks=inks,
        logits=logits_of(partial(torch_logits, ImageOnly(network=checkpoint.vizecgnet())), inks, subject.preprocess),
        gate=QualityGate() if bands is None else bands.gate,
        gate_source={} if bands is None else bands.source,
        drawn_calibration=drawn_calibration,
    )


def stored_inks(*, sheet: SheetSpec, preprocess: PreprocessSpec) -> np.ndarray:
    """uint8 (STORED_CLEAN + STORED_PHOTO, height, width): synthetic records, most clean, some photographed."""
    source = synthetic_source(STORED_CLEAN, seed=STORED_SEED)
    records = [source.read(item) for item in source.items]
    drawn = [(Condition.CLEAN, record) for record in records]
    drawn += [(Condition.PHOTO, record) for record in records[:STORED_PHOTO]]
    return np.stack(
        [
            ink_map(sheet_under(condition, record, seed=STORED_SEED, spec=sheet), sheet_spec=sheet, spec=preprocess)
            for condition, record in drawn
        ]
    )


def write_calibrated(source: Path, deployment: Deployment, target: Path) -> Checkpoint:
    """The checkpoint with its deployment section; ``target`` may be ``source`` itself.

    Raises:
        CheckpointError: there is no room, or no right to write.
    """
    save_atomically({**read_raw(source), SECTION: to_section(deployment)}, target)
    return load_checkpoint(target)
