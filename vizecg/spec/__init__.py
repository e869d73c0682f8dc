"""What training and the edge must agree on. numpy and OpenCV only: never torch.

``vizecg.spec.preprocess`` and ``vizecg.spec.manifest`` are imported by name: they load OpenCV, and the command line
tools must be able to say in one line that it cannot be loaded.
"""

from vizecg.spec.code6 import CODE6
from vizecg.spec.condition import Condition
from vizecg.spec.decide import DecisionRule, RuleSource
from vizecg.spec.errors import (
    AccuracyError,
    BundleError,
    CheckpointError,
    ExitCode,
    InputRefusedError,
    MissingToolError,
    OutOfMemoryError,
    OutputError,
    ParityError,
    StoreError,
    UsageError,
    VizecgError,
)
from vizecg.spec.labels import INTENDED_USE, LEADS, Label, LabelSet
from vizecg.spec.sheet import GAIN_MM_MV, LAYOUT_3X4_R, PAPER_SPEED_MM_S, SheetSpec

__all__ = [
    "AccuracyError",
    "BundleError",
    "CODE6",
    "CheckpointError",
    "Condition",
    "DecisionRule",
    "RuleSource",
    "ExitCode",
    "GAIN_MM_MV",
    "INTENDED_USE",
    "InputRefusedError",
    "LAYOUT_3X4_R",
    "LEADS",
    "Label",
    "LabelSet",
    "MissingToolError",
    "OutOfMemoryError",
    "OutputError",
    "PAPER_SPEED_MM_S",
    "ParityError",
    "SheetSpec",
    "StoreError",
    "UsageError",
    "VizecgError",
]
