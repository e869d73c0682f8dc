"""What training and the edge must agree on. numpy and OpenCV only: never torch.

``vizecg.spec.preprocess`` and ``vizecg.spec.manifest`` are imported by name: they load OpenCV, and the command line
tools must be able to say in one line that it cannot be loaded.
"""

from vizecg.spec.condition import Condition
from vizecg.spec.decide import DecisionRule, RuleSource
from vizecg.spec.errors import (
    AccuracyError,
    BundleError,
    CheckpointError,
    ExitCode,
    InputRefusedError,
    MissingToolError,
    ParityError,
    StoreError,
    UsageError,
    VizecgError,
)
from vizecg.spec.labels import INTENDED_USE, LABELS, LEADS, Label, label_vector
from vizecg.spec.sheet import GAIN_MM_MV, LAYOUT_3X4_R, PAPER_SPEED_MM_S, SheetSpec

__all__ = [
    "AccuracyError",
    "BundleError",
    "CheckpointError",
    "Condition",
    "DecisionRule",
    "RuleSource",
    "ExitCode",
    "GAIN_MM_MV",
    "INTENDED_USE",
    "InputRefusedError",
    "LABELS",
    "LAYOUT_3X4_R",
    "LEADS",
    "Label",
    "MissingToolError",
    "PAPER_SPEED_MM_S",
    "ParityError",
    "SheetSpec",
    "StoreError",
    "UsageError",
    "VizecgError",
    "label_vector",
]
