"""Records by name, and the sheets of the golden file."""

from __future__ import annotations

import numpy as np

from vizecg.data import registry
from vizecg.data.source import RecordSource, synthetic_source
from vizecg.render import sheet_under
from vizecg.spec import Condition, SheetSpec
from vizecg.spec.preprocess import PreprocessSpec, ink_map

SYNTHETIC_SEED, SYNTHETIC_SIZE = 101, 240
GOLDEN_SIZE = 16
GOLDEN_SEED = 20
"""The golden records are synthetic: a bundle can be given away without anybody's ECG in it."""


def parse_source(text: str, *, split: str) -> RecordSource:
    """``ptbxl:FOLDER``, ``store:FOLDER``, ``synthetic`` and so on -> the records of one split ('train' or 'val')."""
    return registry.parse_source(text, registry.SourceRequest(split=split, seed=SYNTHETIC_SEED, size=SYNTHETIC_SIZE))


def golden_inks(*, sheet: SheetSpec, preprocess: PreprocessSpec) -> np.ndarray:
    """uint8 (2 * GOLDEN_SIZE, height, width): synthetic records, clean and photographed."""
    source = synthetic_source(GOLDEN_SIZE, seed=GOLDEN_SEED)
    records = [source.read(item) for item in source.items]
    return np.stack(
        [
            ink_map(sheet_under(condition, record, seed=GOLDEN_SEED, spec=sheet), sheet_spec=sheet, spec=preprocess)
            for condition in (Condition.CLEAN, Condition.PHOTO)
            for record in records
        ]
    )
