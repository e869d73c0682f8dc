"""The float network, and the sheets on which everything made of it is compared with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from vizecg.data.cache import build_cache
from vizecg.data.source import RecordSource
from vizecg.models import ImageOnly
from vizecg.models.logits import torch_logits
from vizecg.records.packing import unpack_labels
from vizecg.spec import CheckpointError, DecisionRule, LabelSet, SheetSpec
from vizecg.spec.deployment import Deployment
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.parity import LIMITS
from vizecg.spec.preprocess import PreprocessSpec, normalise
from vizecg.train.checkpoint import Checkpoint
from vizecg_export.accuracy import Evaluation
from vizecg_export.calibration import CalibrationSet
from vizecg_export.carried import check_network
from vizecg_export.data import check_classes, golden_inks
from vizecg_export.job import Run
from vizecg_export.targets import CONDITIONS

_BATCH = 16
PROBE = 4
"""Sheets by which stored logits are checked against the code that would use them."""
SELECTION = 64
"""Calibration sheets by which ways to calibrate are compared."""


@dataclass(frozen=True, kw_only=True)
class Sheets:
    """uint8 ink maps (n, height, width), and the float network's logits (n, labels) of them."""

    inks: np.ndarray
    logits: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is exported, and what its artefacts are held against.

    ``golden`` travels in the bundle; ``selection`` decides between ways to calibrate, None without calibration;
    ``evaluation`` is the accuracy gate's.
    """

    checkpoint: Checkpoint
    network: ImageOnly
    sheet: SheetSpec
    preprocess: PreprocessSpec
    golden: Sheets
    calibration: CalibrationSet | None = None
    selection: Sheets | None = None
    evaluation: Evaluation | None = None

    @property
    def rule(self) -> DecisionRule:
        """The float network's, by which flips of decisions are counted."""
        if self.evaluation is not None:
            return self.evaluation.rule
        return DecisionRule.plain(len(self.labels)) if self.deployment is None else self.deployment.rule

    @property
    def labels(self) -> LabelSet:
        return self.checkpoint.config.label_set()

    @property
    def deployment(self) -> Deployment | None:
        return self.checkpoint.deployment

    @property
    def float_run(self) -> Run:
        return partial(torch_logits, self.network)

    def logits(self, run: Run, inks: np.ndarray, *, told: str | None = None, batch: int = 1) -> np.ndarray:
        """Logits (n, labels) of ink maps (n, height, width), ``batch`` at a time; ``told`` names a progress bar."""
        return logits_of(run, inks, self.preprocess, told=told, batch=batch)


def logits_of(
    run: Run, inks: np.ndarray, preprocess: PreprocessSpec, *, told: str | None = None, batch: int = 1
) -> np.ndarray:
    """As ``Subject.logits``."""
    starts = range(0, len(inks), batch)
    console = Console(stderr=True)
    # In a log a bar is blank lines.
    hidden = told is None or not console.is_terminal
    shown = track(starts, description=told or "", console=console, transient=True, disable=hidden)
    return np.concatenate([run(normalise(inks[start : start + batch], preprocess)) for start in shown])


def make_subject(
    checkpoint: Checkpoint,
    *,
    calibration: CalibrationSet | None,
    evaluation: RecordSource | None,
    cache: Path,
    workers: int,
) -> Subject:
    """Draw the sheets and run the float network on them; what ``cache`` holds already is taken from there.

    Raises:
        CheckpointError: the network is not the one that its calibration was fitted to.
        UsageError: ``evaluation`` has a class without records that show it, or without others.
    """
    if evaluation is not None:
        evaluation.check_labels(checkpoint.config.label_set().names)
        _check_known_classes(evaluation)
    network = ImageOnly(network=checkpoint.vizecgnet())
    sheet, preprocess = checkpoint.config.sheet_spec(), checkpoint.config.preprocess_spec()
    floating = partial(logits_of, partial(torch_logits, network), preprocess=preprocess, batch=_BATCH)

    def sheets(inks: np.ndarray) -> Sheets:
        return Sheets(inks=inks, logits=floating(inks=inks))

    if checkpoint.deployment is not None:
        _check_stored(checkpoint, checkpoint.deployment, preprocess, floating)
    chosen = None
    if calibration is not None:
        chosen = sheets(calibration.inks[:: max(1, len(calibration.inks) // SELECTION)])
    judged = None
    if evaluation is not None:
        judged = _evaluation(checkpoint, floating, evaluation, cache=cache, workers=workers)
    return Subject(
        checkpoint=checkpoint,
        network=network,
        sheet=sheet,
        preprocess=preprocess,
        golden=sheets(golden_inks(sheet=sheet, preprocess=preprocess)),
        calibration=calibration,
        selection=chosen,
        evaluation=judged,
    )


def _check_stored(
    checkpoint: Checkpoint, deployment: Deployment, preprocess: PreprocessSpec, floating: partial[np.ndarray]
) -> None:
    if deployment.inks.shape[1:] != (preprocess.height, preprocess.width):
        raise CheckpointError(
            f"{checkpoint.path}: the sheets stored with its calibration are {deployment.inks.shape[1:]} pixels, the"
            f" network's {(preprocess.height, preprocess.width)}"
        )
    check_network(deployment, floating(inks=deployment.inks), checkpoint=checkpoint)


def _check_known_classes(evaluation: RecordSource) -> None:
    """Before hours of drawing, where the source's index tells the labels; after it, ``_evaluation`` looks again."""
    packed = [] if evaluation.packed_labels is None else list(evaluation.packed_labels)
    known = [labels for one in packed if (labels := unpack_labels(one, len(evaluation.labels))) is not None]
    if known:
        check_classes(np.array(known), names=evaluation.labels, data=evaluation.name)


def _evaluation(
    checkpoint: Checkpoint, floating: partial[np.ndarray], source: RecordSource, *, cache: Path, workers: int
) -> Evaluation:
    spec = checkpoint.config.cache_spec(CONDITIONS)
    key = spec.key([source.fingerprint, *source.record_ids])
    drawn = build_cache(cache / f"evaluation-{key[:32]}", source=source, spec=spec, workers=workers)
    check_classes(np.array(drawn.labels[drawn.rows]), names=source.labels, data=source.name)
    inks = tuple(drawn.inks[drawn.rows, column] for column in range(len(CONDITIONS)))
    known = cache / f"float-{sha256_bytes(f'{key} {checkpoint.trained_sha256}'.encode())[:32]}.npy"
    logits = _known_logits(known, inks, floating)
    if logits is None:
        logits = np.stack([floating(inks=part, told="float network") for part in inks])
        partial_file = known.with_name(f".{known.name}")
        np.save(partial_file, logits)
        partial_file.replace(known)
    return Evaluation.of_float(
        data=source.name,
        names=source.labels,
        labels=np.array(drawn.labels[drawn.rows]),
        inks=inks,
        logits=tuple(logits),
    )


def _known_logits(file: Path, inks: tuple[np.ndarray, ...], floating: partial[np.ndarray]) -> np.ndarray | None:
    """The float network's logits of an earlier export; None where there are none, or this code computes others."""
    if not file.is_file():
        return None
    logits = np.load(file)
    if logits.shape[:2] != (len(inks), len(inks[0])):
        return None
    again = np.stack([floating(inks=part[:PROBE]) for part in inks])
    return logits if np.allclose(again, logits[:, :PROBE], atol=LIMITS["fp32"].max_abs) else None
