"""Reads the paper speed and the gain that a sheet states in print, such as ``25 mm/s  10 mm/mV``."""

from vizecg_edge.printed.read import Printed, read_photo, read_printed
from vizecg_edge.printed.views import view_scale, views_of

__all__ = ["Printed", "read_photo", "read_printed", "view_scale", "views_of"]
