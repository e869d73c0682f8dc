"""Pages drawn by a design: a record, in one combination of everything that a reader must tell apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from vizecg.spec import Condition, SheetSpec
from vizecg_lab.leads.design import Row
from vizecg_lab.leads.reading import SQUARE_MM
from vizecg_lab.leads.truth import PlacedLead, PrintedPage

if TYPE_CHECKING:
    from vizecg.records import EcgRecord
    from vizecg.render import Layout, LeadBox, PrintStyle

SEED = 20
FACTORS: dict[str, tuple[str, ...]] = {
    "layout": (
        "3x4", "3x4+R", "3x4+2R", "3x4+3R", "R+3x4", "6x2", "6x2+R", "12x1", "4x3", "4x3+R", "6x1 limb", "6x1 chest",
    ),
    "speed": ("12.5", "25", "50", "100"),
    "gain": ("2.5", "5", "10", "20", "10/5"),
    "timing": ("sequential", "simultaneous"),
    "order": ("standard", "cabrera"),
    "names": ("above", "close", "below", "left", "on", "none"),
    "pulse": ("none", "left every", "right every", "both every", "left first", "left strip", "left margin"),
    "condition": ("clean", "scan", "photo", "bw_scan"),
}  # fmt: skip
"""``R+3x4``: the strip is above the block; 10/5: mm/mV of the limb and of the chest leads."""
BLOCK_MM, LONG_BLOCK_MM, SHORT_BLOCK_MM = 250.0, 500.0, 125.0
_STRIPS = {
    1: (("II",), ("V1",), ("III",)),
    2: (("II", "V1"), ("V1", "II")),
    3: (("II", "V1", "V5"), ("V1", "II", "V6")),
}
SHEET_PX_PER_MM = (5.0, 8.0)
PHOTO_PX_PER_MM = (5.0, 8.0)
"""Of the photograph's width; the page fills half of it to all of it."""
_MOST_PX = 4000


@dataclass(frozen=True, kw_only=True)
class DrawnPage:
    """A picture, uint8 RGB, what is on it, and the stretches of the record that were drawn, in the order of the page's
    ``placed``."""

    image: np.ndarray
    page: PrintedPage
    boxes: tuple[LeadBox, ...]


def draw_page(row: Row, record: EcgRecord, *, number: int) -> DrawnPage:
    """The picture of a row of a design over ``FACTORS``; the same for the same arguments.

    Args:
        row: a value of each factor.
        record: what is printed.
        number: of the page, which decides everything that the row leaves open.
    """
    from vizecg.render import photograph, random_style, render_sheet

    rng = np.random.default_rng([SEED, number])
    layout = layout_of(row, rng).fitting(record.duration_s)
    spec = layout.sheet(px_per_mm=float(rng.uniform(*SHEET_PX_PER_MM)))
    printed = render_sheet(record, spec=spec, style=_style(row, random_style(rng)), layout=layout)
    condition, image, to_photo = Condition(row["condition"]), printed.image, lambda points: points
    if condition is not Condition.CLEAN:
        width = tuple(min(_MOST_PX, round(spec.width_mm * scale)) for scale in PHOTO_PX_PER_MM)
        photo = photograph(image, rng=rng, spec=spec, condition=condition, width_px=(width[0], width[1]))
        image, to_photo = photo.image, photo.mapping.to_photo
    page = printed_page(f"{number}", printed.boxes, layout, spec, to_photo)
    return DrawnPage(image=image, page=page, boxes=tuple(printed.boxes))


def layout_of(row: Row, rng: np.random.Generator) -> Layout:
    """The layout of a row: strips of any leads, columns as long as recorders print them."""
    from vizecg.render import Arrangement, Layout, LeadOrder, Timing
    from vizecg.render.layout import LeadGroup

    name, _, group = row["layout"].partition(" ")
    above = name.startswith("R+")
    arrangement, _, strips = name.removeprefix("R+").partition("+")
    count = 1 if above or strips == "R" else int(strips[:1] or 0)
    rhythm = () if count == 0 else _STRIPS[count][int(rng.integers(len(_STRIPS[count])))]
    speed = float(row["speed"])
    limb, _, chest = row["gain"].partition("/")
    columns = int(arrangement.partition("x")[2])
    whole = columns == 1 or bool(rhythm) or row["timing"] == "sequential"
    block = _block_mm(speed, whole, rng)
    return Layout(
        arrangement=Arrangement(arrangement), rhythm=rhythm, order=LeadOrder(row["order"]),
        timing=Timing(row["timing"]), speed_mm_s=speed, gain_mm_mv=float(limb),
        chest_gain_mm_mv=float(chest) if chest else None, group=LeadGroup(group or "all"), strips_above=above,
        column_mm=block / columns, row_spacing_mm=float(rng.uniform(14, 30)) if columns > 1 else None,
    )  # fmt: skip


def _block_mm(speed: float, whole: bool, rng: np.random.Generator) -> float:
    """A record of 10 s must last where the ``whole`` block is one stretch of time; what is printed fast is often
    printed long."""
    block = BLOCK_MM
    if speed < 25 and whole:
        block = SHORT_BLOCK_MM
    elif speed > 25 and rng.random() < 0.5:
        block = LONG_BLOCK_MM
    return block * float(rng.uniform(0.94, 1.0) if rng.random() < 0.5 else 1.0)


def _style(row: Row, style: PrintStyle) -> PrintStyle:
    from vizecg.render import NamePlace, Pulse
    from vizecg.render.style import PulseRows

    side, _, rows = row["pulse"].partition(" ")
    changes: dict[str, Any] = {"names": NamePlace(row["names"]), "pulse": Pulse(side)}
    if rows:
        changes["pulse_rows"] = PulseRows(rows)
    return replace(style, **changes)


def printed_page(name: str, boxes: Any, layout: Layout, spec: SheetSpec, to_photo: Any) -> PrintedPage:
    """What a drawn sheet shows, in the pixels of its picture.

    Args:
        name: of the picture.
        boxes: of ``PrintedSheet``.
        layout: it was drawn by.
        spec: the sheet.
        to_photo: sheet pixels (n, 2) -> pixels of the picture.
    """
    ends = [[[box.x_mm, box.baseline_mm], [box.x_mm + box.width_mm, box.baseline_mm]] for box in boxes]
    points = np.reshape(np.array(ends, np.float64), (-1, 2))
    middle = (points.max(axis=0) + points.min(axis=0)) / 2
    square = middle + SQUARE_MM * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    seen = to_photo(spec.mm_to_px(np.concatenate([points, square])))
    placed = tuple(
        PlacedLead(
            lead=box.lead, start=tuple(seen[2 * k].tolist()), end=tuple(seen[2 * k + 1].tolist()), row=box.row,
            strip=box.strip, inverted=box.inverted,
        )
        for k, box in enumerate(boxes)
    )  # fmt: skip
    sides = np.linalg.norm(seen[-2:] - seen[-3], axis=1)
    return PrintedPage(
        image=name, readable=True, arrangement=layout.arrangement.value,
        timing="unknown" if layout.columns == 1 else layout.timing.value, placed=placed,
        square_px=(float(sides[0]), float(sides[1])), speed_mm_s=layout.speed_mm_s, gain_mm_mv=layout.gain_mm_mv,
        chest_gain_mm_mv=layout.chest_gain_mm_mv, strips=layout.rhythm,
    )  # fmt: skip
