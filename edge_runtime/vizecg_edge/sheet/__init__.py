"""From a photograph to the sheet that networks see, and how far it can be trusted."""

from vizecg_edge.sheet.read import RECTIFIER_VERSION, lay, rectify
from vizecg_edge.sheet.rectified import Rectified

__all__ = ["RECTIFIER_VERSION", "Rectified", "lay", "rectify"]
