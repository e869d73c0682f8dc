"""Signal -> printed sheet -> photographed sheet. numpy, OpenCV and Pillow only."""

from vizecg.render.conditions import (
    PictureDraft,
    PicturePlan,
    condition_rng,
    draft_under,
    plan_under,
    record_key,
    sheet_under,
)
from vizecg.render.cut import cut_sheet
from vizecg.render.effects import CONDITIONS, EFFECT_NAMES, Effects
from vizecg.render.furniture import PrintedText
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
from vizecg.render.pulses import PrintedPulse
from vizecg.render.register import NO_ERROR, RegistrationError, register
from vizecg.render.sheet import RENDERER_VERSION, PrintedSheet, render_sheet, trace_mask
from vizecg.render.style import (
    PALETTES,
    MajorGrid,
    MinorGrid,
    NamePlace,
    PrintStyle,
    Pulse,
    PulseRows,
    Separator,
    Shape,
    Text,
    random_style,
)
from vizecg.render.text import Font, faces

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
    "MajorGrid",
    "MinorGrid",
    "NO_ERROR",
    "NamePlace",
    "PALETTES",
    "PHOTOGRAPHER_VERSION",
    "Photo",
    "PictureDraft",
    "PicturePlan",
    "PrintStyle",
    "PrintedPulse",
    "PrintedSheet",
    "PrintedText",
    "Pulse",
    "PulseRows",
    "RENDERER_VERSION",
    "RegistrationError",
    "Separator",
    "Shape",
    "SheetToPhoto",
    "Text",
    "Timing",
    "condition_rng",
    "cut_sheet",
    "draft_under",
    "faces",
    "photograph",
    "plan_under",
    "random_layout",
    "random_style",
    "record_key",
    "register",
    "render_sheet",
    "sheet_under",
    "stacked",
    "trace_mask",
]
