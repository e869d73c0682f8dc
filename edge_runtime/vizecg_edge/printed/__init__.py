"""Reads what a page states in print: speed, gain and heart rate (``25 mm/s  10 mm/mV``), and the names of its leads."""

from vizecg_edge.printed.read import Printed, read_printed

__all__ = ["Printed", "read_printed"]
