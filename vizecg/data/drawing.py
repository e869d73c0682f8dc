"""How records are drawn and photographed, as options of the command line say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.data.choices import Look
from vizecg.records import EcgRecord
from vizecg.render import (
    Layout,
    Photo,
    PrintedSheet,
    PrintStyle,
    condition_rng,
    faces,
    photograph,
    random_style,
    render_sheet,
)
from vizecg.render.pages import FORMS, random_page
from vizecg.spec import Condition, SheetSpec, UsageError
from vizecg.spec.condition import Finish
from vizecg.spec.sheet import LAYOUT_3X4_R


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """How the records are drawn. ``style`` None draws a style for each record; ``page`` draws whole pages."""

    look: Look
    layout: Layout
    style: PrintStyle | None
    spec: SheetSpec
    seed: int
    page: PageLot | None = None

    @classmethod
    def named(
        cls,
        layout: str | None,
        *,
        look: Look,
        px_per_mm: float,
        seed: int,
        palette: str = "red",
        form: str | None = None,
        fonts: Path | None = None,
        **print_as: Any,
    ) -> Drawing:
        """By the name of a layout, which ``print_as`` changes: its order, timing, speed, gain and so on.

        Raises:
            UsageError: no such layout, form, folder or palette, or a layout that cannot be printed so.
        """
        try:
            chosen = Layout.named(layout or LAYOUT_3X4_R, **print_as)
            style = None if look is Look.RANDOM else PrintStyle(palette=palette)
        except ValueError as error:
            raise UsageError(str(error)) from error
        page = None
        if look is Look.PAGE:
            asked = layout is not None or chosen != Layout()
            page = PageLot(form=form, layout=chosen if asked else None, faces=_faces(fonts))
        elif form is not None or fonts is not None:
            raise UsageError(f"--form and --fonts are for --style page, got --style {look.value}")
        return cls(look=look, layout=chosen, style=style, spec=chosen.sheet(px_per_mm=px_per_mm), seed=seed, page=page)

    def sheet(self, record: EcgRecord) -> tuple[PrintedSheet, SheetSpec]:
        """The printed sheet of a record, and its size."""
        rng = condition_rng(record.record_id, seed=self.seed, condition=Condition.PRINT)
        if self.page is not None:
            page = random_page(
                rng, form=self.page.form, layout=self.page.layout, faces=self.page.faces, px_per_mm=self.spec.px_per_mm
            )
            return page.draw(record)
        style = self.style or random_style(rng)
        layout = self.layout.fitting(record.duration_s)
        return render_sheet(record, spec=self.spec, style=style, layout=layout), self.spec


@dataclass(frozen=True, kw_only=True)
class PageLot:
    """What is given of pages that are drawn by lot, see ``random_page``."""

    form: str | None
    layout: Layout | None
    faces: tuple[Path, ...]

    def __post_init__(self) -> None:
        if self.form is not None and self.form not in FORMS:
            raise UsageError(f"unknown form {self.form!r}: expected one of {', '.join(FORMS)}")


@dataclass(frozen=True, kw_only=True)
class Shot:
    """How sheets are photographed; ``width`` in pixels, before the picture is stretched."""

    condition: Condition
    strength: float
    width: int
    stretch: float
    finish: Finish | None

    def take(self, sheet: np.ndarray, *, spec: SheetSpec, rng: np.random.Generator) -> Photo:
        return photograph(
            sheet,
            rng=rng,
            spec=spec,
            condition=self.condition,
            strength=self.strength,
            width_px=(self.width, self.width + 1),
            stretch=self.stretch,
            finish=self.finish,
        )


def _faces(folder: Path | None) -> tuple[Path, ...]:
    found = faces(folder)
    if folder is not None and not found:
        raise UsageError(f"{folder}: expected a folder of TrueType files with the letters of a printout")
    return found
