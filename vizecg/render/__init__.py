"""Signal -> printed sheet -> photographed sheet. numpy and OpenCV only."""

from vizecg.render.conditions import (
    PictureDraft,
    PicturePlan,
    condition_rng,
    draft_under,
    plan_under,
    record_key,
    sheet_under,
)
from vizecg.render.effects import CONDITIONS, EFFECT_NAMES, Effects
from vizecg.render.layout import (
    LAYOUTS,
    Arrangement,
    Layout,
    LeadBox,
    LeadGroup,
    LeadOrder,
    Timing,
    random_layout,
    stacked,
)
from vizecg.render.mapping import Displacement, SheetToPhoto
from vizecg.render.photograph import PHOTOGRAPHER_VERSION, Photo, photograph
from vizecg.render.register import NO_ERROR, RegistrationError, register
from vizecg.render.sheet import RENDERER_VERSION, PrintedSheet, render_sheet
from vizecg.render.style import PALETTES, MinorGrid, NamePlace, PrintStyle, Pulse, Separator, random_style
from vizecg.render.text import Font

__all__ = [
    "Arrangement",
    "CONDITIONS",
    "Displacement",
    "EFFECT_NAMES",
    "Effects",
    "Font",
    "LAYOUTS",
    "Layout",
    "LeadBox",
    "LeadGroup",
    "LeadOrder",
    "MinorGrid",
    "NO_ERROR",
    "NamePlace",
    "PALETTES",
    "PHOTOGRAPHER_VERSION",
    "Photo",
    "PictureDraft",
    "PicturePlan",
    "PrintStyle",
    "PrintedSheet",
    "Pulse",
    "RENDERER_VERSION",
    "RegistrationError",
    "Separator",
    "SheetToPhoto",
    "Timing",
    "condition_rng",
    "draft_under",
    "photograph",
    "plan_under",
    "random_layout",
    "random_style",
    "record_key",
    "register",
    "render_sheet",
    "sheet_under",
    "stacked",
]
