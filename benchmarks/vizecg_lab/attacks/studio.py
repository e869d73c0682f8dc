"""Where the pages of the benchmark are printed and shown: one patient, another one, a print and a pose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from vizecg.records import EcgRecord, resample
from vizecg.render import CONDITIONS, Effects, Layout, LeadBox, PrintStyle, photograph, record_key
from vizecg.render.sheet import build_sheet, draft_sheet, draw_sheet
from vizecg.spec import LEADS, Condition, SheetSpec

SEED = 21
SHEET_PX_PER_MM = 6.0
PHOTO_WIDTH_PX = (1500, 2000)
PHOTO_STRENGTH = 0.5
"""Of an everyday photograph, in which nothing is written on the page."""
EVERYDAY = replace(CONDITIONS[Condition.PHOTO].scaled(PHOTO_STRENGTH), handwriting=0.0)
FLAT = Effects()
_STYLES = (
    PrintStyle(),
    PrintStyle(palette="pink", trace_mm=0.4),
    PrintStyle(palette="grey", trace_mm=0.3),
    PrintStyle(palette="blue", header=("ID: 00117   Name:   Date: 02.03.2011",)),
    PrintStyle(palette="brown", ink=(30, 25, 40)),
)

Picture = np.ndarray | bytes
"""uint8 RGB (H, W, 3), or the bytes of a picture's file."""


@dataclass(frozen=True, kw_only=True)
class Ecg:
    """Twelve leads as they are printed, right or not: float32 (12, samples) millivolts in the order of ``LEADS``."""

    signal: np.ndarray
    sampling_rate: float

    @classmethod
    def of(cls, record: EcgRecord) -> Ecg:
        return cls(signal=record.signal, sampling_rate=record.sampling_rate)

    @property
    def duration_s(self) -> float:
        return self.signal.shape[1] / self.sampling_rate

    def at(self, sampling_rate: float) -> Ecg:
        """The same at another rate, Hz."""
        signal = resample(self.signal, source_hz=self.sampling_rate, target_hz=sampling_rate)
        return Ecg(signal=signal, sampling_rate=sampling_rate)

    def with_signal(self, signal: np.ndarray) -> Ecg:
        return replace(self, signal=signal.astype(np.float32))


@dataclass(frozen=True, kw_only=True)
class Page:
    """A flat printed page: uint8 RGB, its size and scale, and where each lead was to be printed."""

    image: np.ndarray
    spec: SheetSpec
    boxes: tuple[LeadBox, ...]
    row_mm: float

    def area(self, *leads: str, strips: bool = False) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the cells of some leads, mm; of the strips where none is named."""
        own = [box for box in self.boxes if box.strip == strips and (not leads or box.lead in leads)]
        return (
            min(box.x_mm for box in own),
            min(box.baseline_mm for box in own) - self.row_mm / 2,
            max(box.x_mm + box.width_mm for box in own),
            max(box.baseline_mm for box in own) + self.row_mm / 2,
        )

    def pixels(self, area: tuple[float, float, float, float]) -> tuple[slice, slice]:
        """Rows and columns of the picture within an area of the sheet."""
        left, top, right, bottom = (max(0, round(edge * self.spec.px_per_mm)) for edge in area)
        return slice(top, bottom), slice(left, right)

    @property
    def block_px(self) -> np.ndarray:
        """float64 (4, 2): corners of the traces in pixels, from the top left clockwise."""
        left = min(box.x_mm for box in self.boxes)
        right = max(box.x_mm + box.width_mm for box in self.boxes)
        top, bottom = (f(box.baseline_mm for box in self.boxes) for f in (min, max))
        corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
        return np.asarray(self.spec.mm_to_px(np.array(corners)), np.float64)


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A picture of a page, uint8 RGB, and the corners of the traces in it."""

    image: np.ndarray
    block_px: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Studio:
    """What a page is drawn from; everything that is random follows from ``key`` and ``rng``.

    Attributes:
        ecg, other: the patient, and another one.
        key: of the patient; decides print and pose, so that a spoilt page is its control in all else.
        photographed: whether pages are shown as everyday photographs, or as files of the device.
        rng: of what is drawn anew for each kind.
    """

    ecg: Ecg
    other: Ecg
    key: int
    photographed: bool
    rng: np.random.Generator

    @classmethod
    def of(cls, record: EcgRecord, other: EcgRecord, *, photographed: bool, name: str = "") -> Studio:
        """For the page called ``name`` of a record."""
        key = record_key(record.record_id)
        rng = np.random.default_rng([SEED, key, int(photographed), *name.encode()])
        return cls(ecg=Ecg.of(record), other=Ecg.of(other), key=key, photographed=photographed, rng=rng)

    @cached_property
    def style(self) -> PrintStyle:
        """With names, pulses at the left and the note of the scale."""
        return _STYLES[self.key % len(_STYLES)]

    def printed(
        self,
        ecg: Ecg | None = None,
        *,
        layout: Layout | None = None,
        style: PrintStyle | None = None,
        drawn: Callable[[LeadBox], str] | None = None,
        px_per_mm: float = SHEET_PX_PER_MM,
    ) -> Page:
        """A page of the patient's ECG or of another, 3x4 with a strip of II unless told otherwise.

        Args:
            drawn: of a place on the page, the lead that is drawn there whatever its name says.
        """
        ecg, style = ecg or self.ecg, style or self.style
        layout = (layout or Layout()).fitting(ecg.duration_s)
        spec = layout.sheet(px_per_mm=px_per_mm)
        draft = draft_sheet(duration_s=ecg.duration_s, spec=spec, style=style, layout=layout)
        if drawn is not None:
            strokes = zip(draft.strokes, draft.boxes, strict=True)
            moved = tuple(stroke._replace(lead=LEADS.index(drawn(box))) for stroke, box in strokes)
            draft = replace(draft, strokes=moved)
        centred = ecg.signal - np.median(ecg.signal, axis=1, keepdims=True)
        signal = resample(centred, source_hz=ecg.sampling_rate, target_hz=draft.sampling_rate)
        plan = build_sheet(draft, signal)
        return Page(image=draw_sheet(plan), spec=spec, boxes=plan.boxes, row_mm=layout.spacing_mm(spec))

    def shot(self, page: Page, *, effects: Effects | None = None, width_px: tuple[int, int] = PHOTO_WIDTH_PX) -> Shot:
        """The page as it is shown; ``effects`` None for an everyday photograph, or the page itself where pages are not
        photographed."""
        if effects is None and not self.photographed:
            return Shot(image=page.image, block_px=page.block_px)
        rng = np.random.default_rng([SEED, self.key])
        photo = photograph(
            page.image, rng=rng, spec=page.spec, condition=effects or EVERYDAY, width_px=width_px
        )  # fmt: skip
        return Shot(image=photo.image, block_px=photo.mapping.to_photo(page.block_px))

    def show(self, page: Page) -> np.ndarray:
        """The picture of ``shot``."""
        return self.shot(page).image

    def control(self) -> np.ndarray:
        """The page that nothing is done to."""
        return self.show(self.printed())


def sheet_of(image: np.ndarray, page: Page) -> Page:
    """A picture at the scale of a page as a page of its own, with the page's boxes."""
    height, width = (side / page.spec.px_per_mm for side in image.shape[:2])
    spec = SheetSpec(
        width_mm=width,
        height_mm=height,
        px_per_mm=page.spec.px_per_mm,
        block_x_mm=min(page.spec.block_x_mm, width - 1),
        block_y_mm=min(page.spec.block_y_mm, height - 1),
    )
    return replace(page, image=np.ascontiguousarray(image), spec=spec)
