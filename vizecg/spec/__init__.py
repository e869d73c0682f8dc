"""What training and the edge must agree on. numpy and OpenCV only: never torch."""

from vizecg.spec.decide import DecisionRule
from vizecg.spec.errors import (
    AccuracyError,
    BundleError,
    CheckpointError,
    ExitCode,
    InputRefusedError,
    MissingToolError,
    ParityError,
    UsageError,
    VizecgError,
)
from vizecg.spec.labels import INTENDED_USE, LABELS, LEADS, Label, label_vector
from vizecg.spec.preprocess import PreprocessSpec, ink_map, normalise, preprocess
from vizecg.spec.sheet import GAIN_MM_MV, PAPER_SPEED_MM_S, SheetSpec

__all__ = [
    "AccuracyError",
    "BundleError",
    "CheckpointError",
    "DecisionRule",
    "ExitCode",
    "GAIN_MM_MV",
    "INTENDED_USE",
    "InputRefusedError",
    "LABELS",
    "LEADS",
    "Label",
    "MissingToolError",
    "PAPER_SPEED_MM_S",
    "ParityError",
    "PreprocessSpec",
    "SheetSpec",
    "UsageError",
    "VizecgError",
    "ink_map",
    "label_vector",
    "normalise",
    "preprocess",
]
