"""What is trained: the systems of the paper's tables and the variants of VizECGNet that its gaps ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from vizecg.models import Modality
from vizecg.models.peers import PEERS
from vizecg.models.systems import VIZECGNET


@dataclass(frozen=True, kw_only=True)
class PaperFigures:
    """A line of the paper's Table 1 or 2: percent, on CODE-15% with a split that is not stated."""

    precision: float
    recall: float
    f1: float
    parameters_m: float | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One training run per seed.

    ``changes`` are settings over the budget's, by dotted names. ``paper`` has the paper's figures for each modality
    that the trained network is tried with; where the paper has none, None.
    """

    name: str
    title: str
    architecture: str = VIZECGNET
    changes: Mapping[str, Any] = field(default_factory=dict)
    paper: Mapping[Modality, PaperFigures | None]


def _figures(precision: float, recall: float, f1: float, parameters_m: float | None = None) -> PaperFigures:
    return PaperFigures(precision=precision, recall=recall, f1=f1, parameters_m=parameters_m)


_FULL = _figures(61.23, 56.72, 58.89, 11.17)
_TABLE1: dict[str, dict[Modality, PaperFigures | None]] = {
    "inception_time": {Modality.SIGNAL: _figures(46.13, 39.98, 42.84, 0.49)},
    "xresnet1d101": {Modality.SIGNAL: _figures(49.26, 42.96, 45.89, 13.94)},
    "transformer": {Modality.SIGNAL: _figures(51.34, 41.73, 46.04, 24.17)},
    "acnet": {Modality.SIGNAL: _figures(53.83, 45.12, 49.09, 262.00)},
    "ranet": {Modality.SIGNAL: _figures(57.73, 48.51, 51.51, 3.93)},
    "resnet18": {Modality.IMAGE: _figures(52.62, 47.14, 49.73, 11.64)},
    "mobilenet_v3": {Modality.IMAGE: _figures(39.56, 31.83, 35.28, 18.20)},
    "mhm": {
        Modality.SIGNAL: _figures(44.16, 39.42, 41.68, 15.44),
        Modality.IMAGE: _figures(37.18, 32.71, 34.83, 15.44),
    },
}

VIZECGNET_ROW = Row(
    name="vizecgnet",
    title="VizECGNet",
    paper={Modality.SIGNAL: _figures(63.20, 59.11, 61.09, 11.17), Modality.IMAGE: _FULL},
)


def _variant(
    name: str, title: str, changes: Mapping[str, Any], paper: PaperFigures | None = None, *, signal: bool = True
) -> Row:
    tried: dict[Modality, PaperFigures | None] = {Modality.SIGNAL: None} if signal else {}
    return Row(name=name, title=title, changes=changes, paper={**tried, Modality.IMAGE: paper})


TABLE1 = (
    *(
        Row(name=name, title=PEERS[name].title, architecture=name, paper=paper)
        for name, paper in _TABLE1.items()
    ),
    VIZECGNET_ROW,
)  # fmt: skip
WITHOUT_KD = _variant("without_kd", "VizECGNet w/o distillation", {"distillation_weight": 0.0})
TABLE2 = (
    VIZECGNET_ROW,
    _variant("without_smam", "w/o SMAM", {"model.smam": False}, _figures(59.53, 49.06, 53.83)),
    _variant("without_cmam", "w/o CMAM", {"model.cmam": False}, _figures(60.12, 53.72, 56.70)),
    _variant(
        "without_attention", "w/o SMAM and CMAM", {"model.smam": False, "model.cmam": False},
        _figures(57.85, 47.90, 52.37),
    ),
    WITHOUT_KD,
)  # fmt: skip
DISTILLATION = (
    WITHOUT_KD,
    VIZECGNET_ROW,
    _variant("kd_t2", "temperature 2", {"temperature": 2.0}),
    _variant("kd_t4", "temperature 4", {"temperature": 4.0}),
    _variant("kd_symmetric", "both ways", {"distillation_direction": "symmetric"}),
    _variant("kd_reversed", "image teaches signal", {"distillation_direction": "image_to_signal"}),
    _variant(
        "image_alone",
        "image stream trained alone",
        {"model.streams": "image", "distillation_weight": 0.0},
        signal=False,
    ),
)
CMAM = (
    VIZECGNET_ROW,
    _variant("cmam_self", "self: its own tokens", {"model.cmam_without_signal": "self"}),
    _variant("cmam_memory", "memory: learned tokens", {"model.cmam_without_signal": "memory"}),
    _variant("cmam_always", "skip, without modality dropout", {"modality_dropout": 0.0}),
)


class Study(str, Enum):
    """A question that the paper leaves open.

    ``distillation``: is it worth anything, which way, at which temperature? ``cmam``: what should CMAM attend to
    without a signal? ``saliency``: does distillation change where the model looks? ``agreement``: how far apart are
    the streams during training? ``robustness``: what does each print condition cost?
    """

    DISTILLATION = "distillation"
    CMAM = "cmam"
    SALIENCY = "saliency"
    AGREEMENT = "agreement"
    ROBUSTNESS = "robustness"


STUDIES: dict[Study, tuple[Row, ...]] = {
    Study.DISTILLATION: DISTILLATION,
    Study.CMAM: CMAM,
    Study.SALIENCY: (VIZECGNET_ROW, WITHOUT_KD),
    Study.AGREEMENT: (VIZECGNET_ROW, WITHOUT_KD),
    Study.ROBUSTNESS: (VIZECGNET_ROW, WITHOUT_KD),
}
"""The rows that each is answered from."""
