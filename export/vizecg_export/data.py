"""Records by name, and the sheets of the golden file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vizecg.data import registry
from vizecg.data.source import RecordSource, synthetic_source
from vizecg.render import sheet_under
from vizecg.spec import CODE6, Condition, LabelSet, SheetSpec, UsageError, VizecgError
from vizecg.spec.preprocess import PreprocessSpec, ink_map
from vizecg_export.defaults import DEFAULT_CHECKPOINT

SYNTHETIC_SEED, SYNTHETIC_SIZE = 101, 240
GOLDEN_SIZE = 16
GOLDEN_SEED = 20
"""The golden records are synthetic: a bundle can be given away without anybody's ECG in it."""


def parse_source(text: str, *, split: str, labels: LabelSet, option: str | None = None) -> RecordSource:
    """``ptbxl:FOLDER``, ``store:FOLDER``, ``synthetic`` and so on -> the records of one split ('train' or 'val') with
    these labels.

    Raises:
        UsageError, InputRefusedError: no such source, or none of its records can be used; ``option`` leads the message.
    """
    request = registry.SourceRequest(split=split, seed=SYNTHETIC_SEED, size=SYNTHETIC_SIZE, labels=labels)
    try:
        return registry.parse_source(text, request)
    except VizecgError as error:
        if option is None:
            raise
        raise type(error)(f"{option} {text}: {error}") from error


def checkpoint_labels(path: Path) -> LabelSet:
    """The labels of a checkpoint, for whoever names records for it; of a file that is not there (which is refused
    later) and of the shipped one, which are read without torch, those of ``code6``.

    Raises:
        CheckpointError: it is damaged.
    """
    if path == DEFAULT_CHECKPOINT or not path.is_file():
        return CODE6
    from vizecg.train.checkpoint import label_set_of

    return label_set_of(path)


def check_classes(labels: np.ndarray, *, names: Sequence[str], data: str) -> None:
    """Refuse evaluation records on which no threshold can be fitted.

    Args:
        labels: (n, labels) of 0 and 1.
        names: of the labels.
        data: name of the records.

    Raises:
        UsageError: a class is in none of them, or in all.
    """
    for label, positives in zip(names, labels.sum(axis=0), strict=True):
        if not 0 < positives < len(labels):
            raise UsageError(
                f"--eval {data}: {int(positives)} of {len(labels)} records have {label}; a threshold needs records with"
                " and without it: take more of them (a larger --limit), or other records"
            )


def golden_sheet(row: int, sheet: SheetSpec) -> np.ndarray:
    """uint8 RGB sheet of one golden record: of the first ``GOLDEN_SIZE`` rows clean, of as many more photographed."""
    condition, place = (Condition.CLEAN, Condition.PHOTO)[row // GOLDEN_SIZE], row % GOLDEN_SIZE
    source = synthetic_source(GOLDEN_SIZE, seed=GOLDEN_SEED)
    return sheet_under(condition, source.read(source.items[place]), seed=GOLDEN_SEED, spec=sheet)


def golden_inks(*, sheet: SheetSpec, preprocess: PreprocessSpec) -> np.ndarray:
    """uint8 (2 * GOLDEN_SIZE, height, width): ink maps of all golden sheets."""
    rows = range(2 * GOLDEN_SIZE)
    return np.stack([ink_map(golden_sheet(row, sheet), sheet_spec=sheet, spec=preprocess) for row in rows])
