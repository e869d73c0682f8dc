"""Find the grid of a photographed page and lay the page flat. numpy and OpenCV only."""

from vizecg_edge.rectify.reasons import Reason, refusal

__all__ = ["Reason", "refusal"]
