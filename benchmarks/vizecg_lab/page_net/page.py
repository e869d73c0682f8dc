"""Pages with their truth: the renderer's paper and traces, and everything else that printers put on them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from vizecg.records import EcgRecord
from vizecg.render.layout import LAYOUTS, LeadBox
from vizecg.render.sheet import plan_sheet
from vizecg.render.strokes import inked_pixels, widen
from vizecg.render.style import Colour, NamePlace, Pulse, Separator, random_style
from vizecg.spec import SheetSpec
from vizecg_edge.printed.names import NAMES
from vizecg_lab.page_net.canvas import PRINT_PX_PER_MM, Canvas, DrawnPage, TrueName
from vizecg_lab.page_net.faces import STROKED, Face, word_mask
from vizecg_lab.page_net.words import random_line

TRACE, PULSES, RULES = range(3)
SPEC = SheetSpec(width_mm=280.0, height_mm=180.0, block_x_mm=17.0, block_y_mm=90.0, px_per_mm=PRINT_PX_PER_MM)
GAINS = (5.0, 10.0, 20.0)
LETTERS_MM = (1.6, 5.2)
STROKED_SHARE, DOTTED_SHARE = 0.15, 0.15


@dataclass(frozen=True, kw_only=True)
class Lettering:
    """How the names of a page are written. ``dots``: rows of dots of the capitals, for coarse printers; 0 for none."""

    face: Face
    height_mm: float
    ink: Colour
    lowered: bool = False
    capitals: bool = False
    dots: int = 0

    def mask(self, name: str) -> np.ndarray:
        """uint8 (h, w) opacity at ``PRINT_PX_PER_MM``."""
        word = name.upper() if self.capitals else name
        number = self.lowered and name[-1].isdigit()
        height_px = self.height_mm * PRINT_PX_PER_MM
        if not self.dots:
            return word_mask(word, self.face, height_px, lowered=int(number))
        small = word_mask(word, self.face, self.dots, lowered=int(number))
        small = np.where(small > 100, 255, 0).astype(np.uint8)
        grow = height_px / self.dots
        return cv2.resize(small, None, fx=grow, fy=grow, interpolation=cv2.INTER_NEAREST)


def random_page(
    record: EcgRecord,
    rng: np.random.Generator,
    faces: tuple[Face, ...],
    *,
    spare_names: bool = True,
    height_mm: float | None = None,
) -> DrawnPage:
    """Any layout, in any style.

    Args:
        record: what is drawn.
        rng: decides.
        faces: of type.
        spare_names: whether names that belong to no trace are strewn over some pages, so that there is more to learn.
        height_mm: of the names; any when None.
    """
    canvas, boxes, ink, pen_mm = _traces(record, rng)
    _rules(canvas, boxes, rng, ink, pen_mm)
    _pulses(canvas, boxes, rng, ink, pen_mm)
    lettering = _lettering(rng, faces, ink, height_mm)
    _lead_names(canvas, boxes, rng, lettering)
    if spare_names:
        for _ in range(int(rng.choice([0, 8, 30, 60], p=[0.35, 0.15, 0.25, 0.25]))):
            one = lettering if rng.random() < 0.5 else _lettering(rng, faces, ink, height_mm)
            width, height = canvas.size_mm
            _name(canvas, str(rng.choice(NAMES)), (rng.uniform(0, width), rng.uniform(0, height)), one)
    _texts(canvas, rng, faces, ink)
    _scribbles(canvas, rng)
    return DrawnPage(
        image=canvas.image,
        masks=canvas.masks,
        ignored=canvas.ignored,
        names=tuple(canvas.names),
        px_per_mm=canvas.px_per_mm,
    )


def _traces(record: EcgRecord, rng: np.random.Generator) -> tuple[Canvas, tuple[LeadBox, ...], Colour, float]:
    layout = LAYOUTS[int(rng.integers(len(LAYOUTS)))]
    widest = 150.0 / layout.rows
    layout = replace(
        layout,
        row_spacing_mm=max(6.0, float(rng.uniform(0.6, 1.0)) * min(widest, 42.0)),
        speed_mm_s=float(rng.choice([25.0, 50.0], p=[0.85, 0.15])),
        gain_mm_mv=float(rng.choice(GAINS, p=[0.15, 0.75, 0.1])),
        shift_x_mm=float(rng.uniform(-12, 12)),
        shift_y_mm=float(rng.uniform(-6, 14)),
    ).fitting(record.duration_s)
    style = replace(
        random_style(rng),
        pulse=Pulse.NONE,
        separator=Separator.NONE,
        names=NamePlace.NONE,
        header=(),
        footer="",
        trace_mm=float(np.exp(rng.uniform(np.log(0.14), np.log(0.75)))),
    )
    plan = plan_sheet(record, spec=SPEC, style=style, layout=layout)
    image = plan.paper.image()
    faint = rng.random()
    if faint < 0.5:
        paper = np.array(style.paper, np.float32)
        templates = plan.paper.templates
        strength = 0.0 if faint < 0.06 else rng.uniform(0.1, 1.0)
        templates = (paper + (templates - paper) * strength + 0.5).astype(np.uint8)
        image = plan.paper._replace(templates=templates).image()
    cover = np.zeros(image.shape[0] * image.shape[1], np.float32)
    strokes = widen(plan.spans, plan.radius_px)
    for low, high in zip(strokes.low, strokes.high, strict=True):
        place, opacity = inked_pixels(low, high, image.shape[0])
        cover[place] = np.maximum(cover[place], opacity)
    cover = (cover.reshape(image.shape[:2]) * 255 + 0.5).astype(np.uint8)
    if rng.random() < 0.04:  # a printer that skips
        cover[:, rng.random(image.shape[1]) < 0.25] //= 3
    pale = int(rng.integers(40, 130)) if rng.random() < 0.2 else 0
    red, green, blue = (min(190, level + pale) for level in style.ink)
    ink = (red, green, blue)
    canvas = Canvas(
        image=np.ascontiguousarray(image),
        masks=np.zeros(image.shape, np.uint8),
        ignored=np.zeros(image.shape[:2], np.uint8),
    )
    canvas.blend(cover, (0, 0), ink)
    canvas.masks[..., TRACE] = cover
    return canvas, plan.boxes, ink, style.trace_mm


def _lettering(rng: np.random.Generator, faces: tuple[Face, ...], ink: Colour, height_mm: float | None) -> Lettering:
    face: Face = STROKED[int(rng.integers(len(STROKED)))] if rng.random() < STROKED_SHARE else _one(rng, faces)
    # Most names are about two to three millimetres high.
    low, high = LETTERS_MM
    height = height_mm or low + (high - low) * float(rng.beta(1.3, 2.6))
    fade = rng.random()
    return Lettering(
        face=face,
        height_mm=height,
        ink=ink if fade < 0.6 else _ink(rng),
        lowered=rng.random() < 0.15,
        capitals=rng.random() < 0.06,
        dots=int(rng.integers(7, 12)) if rng.random() < DOTTED_SHARE else 0,
    )


def _one(rng: np.random.Generator, faces: tuple[Face, ...]) -> Face:
    return faces[int(rng.integers(len(faces)))]


def _ink(rng: np.random.Generator) -> Colour:
    level = int(rng.integers(0, 110))
    kind = rng.random()
    if kind < 0.75:
        return level, level, level
    return (level // 2, level // 2, 200) if kind < 0.9 else (200, level // 2, level // 2)


def _lead_names(canvas: Canvas, boxes: tuple[LeadBox, ...], rng: np.random.Generator, lettering: Lettering) -> None:
    kind = rng.choice(
        ["above", "close", "below", "left", "on", "over", "none"], p=[0.28, 0.2, 0.2, 0.1, 0.14, 0.05, 0.03]
    )
    if kind == "none":
        return
    apart = float(rng.uniform(2, 8))
    right = float(rng.uniform(-0.5, 3.0))
    tall = lettering.height_mm
    for box in boxes:
        wide = 1.1 * tall * len(box.name) * 0.6
        if kind == "left":
            at = box.x_mm - wide - right, box.baseline_mm - tall * rng.uniform(0.2, 0.9)
        elif kind == "over":
            at = box.x_mm + box.width_mm / 2, box.baseline_mm - apart - 6
        else:
            offset = {"above": -apart - tall, "close": -tall - 0.3, "below": 0.4 * apart, "on": -0.5 * tall}[str(kind)]
            at = box.x_mm + right + rng.uniform(-0.3, 0.3), box.baseline_mm + offset + rng.uniform(-0.3, 0.3)
        _name(canvas, box.name, at, lettering)


def _name(canvas: Canvas, name: str, at: tuple[float, float], lettering: Lettering) -> None:
    box = canvas.stamp(lettering.mask(name), at, lettering.ink)
    if box is None:
        return
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    canvas.names.append(TrueName(name=name, x_mm=middle[0], y_mm=middle[1], height_mm=lettering.height_mm))


def _rules(canvas: Canvas, boxes: tuple[LeadBox, ...], rng: np.random.Generator, ink: Colour, pen_mm: float) -> None:
    """Between columns: whole rules, bars, ticks, dotted rules; anywhere: a few more of them; the frame of the grid."""
    kind = rng.choice(["none", "rule", "bar", "ticks", "dotted", "tab"], p=[0.3, 0.22, 0.18, 0.12, 0.08, 0.1])
    width = float(rng.choice([pen_mm, rng.uniform(0.15, 0.8)]))
    first = min(box.x_mm for box in boxes)
    last = max(box.baseline_mm for box in boxes)
    top = min(box.baseline_mm for box in boxes) - rng.uniform(3, 14)
    places = {(round(box.x_mm, 2), round(box.baseline_mm, 2)) for box in boxes if box.x_mm > first + 1 or kind == "tab"}
    shift = float(rng.uniform(-0.5, 0.5))
    extra = [(rng.uniform(5, 275), rng.uniform(15, 165)) for _ in range(int(rng.integers(0, 5)))]
    drawn: set[float] = set()
    for x, y in sorted(places) + extra:
        x += shift
        if kind in ("rule", "dotted"):
            if x in drawn:
                continue
            drawn.add(x)
            low, high = top, last + rng.uniform(3, 12)
            step = 1.2 if kind == "dotted" else high - low
            for y0 in np.arange(low, high - 0.1, step):
                ends = np.array([[x, y0], [x, min(high, y0 + 0.6 * step) if kind == "dotted" else high]])
                canvas.stroke(ends, width, ink, mask=RULES)
        elif kind in ("bar", "tab"):
            reach = rng.uniform(1.5, 5)
            offset = rng.uniform(-1, 1) if kind == "bar" else -rng.uniform(2, 8)
            canvas.stroke(np.array([[x, y + offset - reach], [x, y + offset + reach]]), width, ink, mask=RULES)
        elif kind == "ticks":
            for away in (-1, 1):
                start = away * rng.uniform(2, 4)
                canvas.stroke(np.array([[x, y + start], [x, y + start + away * 2.5]]), width, ink, mask=RULES)
    if rng.random() < 0.3:
        left, up, right, down = rng.uniform(1, 8), rng.uniform(1, 12), 280 - rng.uniform(1, 8), 180 - rng.uniform(1, 14)
        corners = np.array([[left, up], [right, up], [right, down], [left, down], [left, up]])
        canvas.stroke(corners, rng.uniform(0.15, 0.6), _ink(rng), ignored=True)


def _pulses(canvas: Canvas, boxes: tuple[LeadBox, ...], rng: np.random.Generator, ink: Colour, pen_mm: float) -> None:
    """At the left or right of each row, of one row, or between rows."""
    kind = rng.choice(["none", "left", "right", "one", "start"], p=[0.15, 0.5, 0.1, 0.15, 0.1])
    if kind == "none":
        return
    height = boxes[0].gain_mm_mv
    width = 0.2 * boxes[0].speed_mm_s * float(rng.choice([1.0, 0.5, 1.0, 1.0]))
    foot = float(rng.choice([0.0, rng.uniform(0.3, 2.5)]))
    lean = float(rng.choice([0.0, rng.uniform(0, 0.4)]))
    gap = float(rng.uniform(0.0, 3.0))
    left = min(box.x_mm for box in boxes)
    right = max(box.x_mm + box.width_mm for box in boxes)
    colour = ink if rng.random() < 0.9 else _ink(rng)
    baselines = sorted({box.baseline_mm for box in boxes})
    if kind == "one":
        baselines = [float(rng.choice(baselines)) + float(rng.choice([0.0, rng.uniform(-12, 12)]))]
    for baseline in baselines:
        x = {"right": right + gap + foot, "start": left - width - foot}.get(str(kind), left - gap - width - foot)
        if rng.random() < 0.1:
            x = rng.uniform(5, 265)
        shape = [
            [x - foot, baseline],
            [x, baseline],
            [x + lean, baseline - height],
            [x + width, baseline - height],
            [x + width + lean, baseline],
            [x + width + foot + lean, baseline],
        ]
        canvas.stroke(np.array(shape, np.float64), pen_mm, colour, mask=PULSES)


def _texts(canvas: Canvas, rng: np.random.Generator, faces: tuple[Face, ...], ink: Colour) -> None:
    face, colour = _one(rng, faces), ink if rng.random() < 0.6 else _ink(rng)
    width, height = canvas.size_mm
    for _ in range(int(rng.integers(4, 40))):
        other = rng.random() < 0.2
        mask = word_mask(
            random_line(rng), _one(rng, faces) if other else face, float(rng.uniform(1.4, 3.6)) * canvas.px_per_mm
        )
        edge = rng.random()
        y = (
            rng.uniform(0, 25)
            if edge < 0.4
            else rng.uniform(height - 18, height)
            if edge < 0.65
            else rng.uniform(0, height)
        )
        canvas.stamp(mask, (rng.uniform(0, width * 0.9), y), colour)
    if rng.random() < 0.2:
        _table(canvas, rng, face, colour)


def _table(canvas: Canvas, rng: np.random.Generator, face: Face, ink: Colour) -> None:
    """A table of measurements, a lead a line: its names are names, and so is its danger."""
    tall, x, y = float(rng.uniform(1.6, 2.8)), rng.uniform(5, 230), rng.uniform(2, 100)
    lettering = Lettering(face=face, height_mm=tall, ink=ink)
    for row, name in enumerate(NAMES[:12]):
        at = y + row * 1.6 * tall
        _name(canvas, name, (x, at), lettering)
        number = word_mask(f"{rng.normal(0, 1):.2f}", face, tall * canvas.px_per_mm)
        canvas.stamp(number, (x + 4.5 * tall, at), ink)


def _scribbles(canvas: Canvas, rng: np.random.Generator) -> None:
    """Handwriting, underlines and rings."""
    if rng.random() < 0.6:
        return
    for _ in range(int(rng.integers(1, 5))):
        ink = _ink(rng)
        start = np.array([rng.uniform(0, 270), rng.uniform(0, 175)])
        count = int(rng.integers(4, 30))
        steps = np.stack([np.full(count, rng.uniform(0.6, 2.2)), rng.normal(0, 2.2, count)], axis=1)
        steps[:, 0] += rng.normal(0, 1.2, count)
        points = start + np.cumsum(steps, axis=0) * [1, 0.7]
        fine = np.linspace(0, count - 1, 8 * count)
        smooth = np.stack([np.interp(fine, np.arange(count), points[:, axis]) for axis in (0, 1)], axis=1)
        smooth = _smoothed(smooth)
        canvas.stroke(smooth, rng.uniform(0.25, 0.8), ink)


def _smoothed(points: np.ndarray) -> np.ndarray:
    kernel = np.hanning(11) / np.hanning(11).sum()
    padded = np.pad(points, ((5, 5), (0, 0)), mode="edge")
    return np.stack([np.convolve(padded[:, axis], kernel, "valid") for axis in (0, 1)], axis=1)
