"""Signal -> printed sheet -> photographed sheet. numpy and OpenCV only."""

from vizecg.render.conditions import condition_rng, sheet_under
from vizecg.render.layout import RENDERER_VERSION, LeadBox, layout_3x4
from vizecg.render.photograph import PHOTOGRAPHER_VERSION, Photo, PhotoCondition, photograph
from vizecg.render.register import NO_ERROR, RegistrationError, register
from vizecg.render.sheet import render_sheet
from vizecg.render.style import PALETTES, PrintStyle, random_style

__all__ = [
    "LeadBox",
    "NO_ERROR",
    "PALETTES",
    "PHOTOGRAPHER_VERSION",
    "Photo",
    "PhotoCondition",
    "PrintStyle",
    "RENDERER_VERSION",
    "RegistrationError",
    "condition_rng",
    "layout_3x4",
    "photograph",
    "random_style",
    "register",
    "render_sheet",
    "sheet_under",
]
