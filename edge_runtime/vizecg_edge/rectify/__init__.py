"""Find and rectify the ECG sheet in a photograph. numpy, OpenCV and vizecg.spec only."""

from vizecg_edge.rectify.reasons import Reason, refusal
from vizecg_edge.rectify.result import LAYOUT_UNKNOWN, Rectified
from vizecg_edge.rectify.sheet import RECTIFIER_VERSION, rectify

__all__ = ["LAYOUT_UNKNOWN", "RECTIFIER_VERSION", "Reason", "Rectified", "rectify", "refusal"]
