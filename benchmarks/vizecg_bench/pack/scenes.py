"""A record's sheet under every condition, at growing strengths: from a print to what hardly anybody could read.

The scene of a record is the same at every strength of a condition (the same print, pose, light and folds, more or less
of them), and the sheet is rectified by the true mapping with a rectifier's error, which is the same, too: what changes
along the strengths is the picture alone, and the network alone is asked.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from vizecg.render.spoil import BASE_STRENGTH, Kind, spoil
from vizecg.spec import Condition, SheetSpec
from vizecg.spec.preprocess import PreprocessSpec, ink_map
from vizecg_bench.pack.header import SectionHeader, SectionKind

SCENES_VERSION = "1"
"""Raised when the same record gives other pictures."""
STRENGTHS = (0.33, 0.67, 1.0)
"""Of the printer's and photographer's conditions; 1 is what ``vizecg evaluate --condition`` draws."""
SPOILT_STRENGTHS = (0.25, 0.5, 0.75, 1.0)
SPOILT = (Kind.BLURRED, Kind.SHAKEN, Kind.DARK, Kind.SMALL, Kind.COMPRESSED)
"""Ways to spoil an everyday photograph beyond the conditions' range, as the quality gate was chosen on."""
CONDITIONS = tuple(condition for condition in Condition if condition not in (Condition.CLEAN, Condition.PRINT))


@dataclass(frozen=True, kw_only=True)
class Step:
    """One strength of one condition, or of one way to spoil a photograph."""

    condition: Condition | Kind
    strength: float

    @property
    def section(self) -> str:
        return f"{self.condition.value}@{self.strength:g}"

    def header(self, n: int, refused: dict[str, str]) -> SectionHeader:
        return SectionHeader(
            name=self.section,
            kind=SectionKind.ROBUSTNESS.value,
            n=n,
            condition=self.condition.value,
            strength=self.strength,
            refused=refused,
        )


STEPS: tuple[Step, ...] = (
    Step(condition=Condition.CLEAN, strength=0.0),
    Step(condition=Condition.PRINT, strength=0.0),
    *(Step(condition=condition, strength=strength) for condition in CONDITIONS for strength in STRENGTHS),
    *(Step(condition=kind, strength=strength) for kind in SPOILT for strength in SPOILT_STRENGTHS),
)
"""What a robustness pack holds: a section each."""


def step_inks(
    record: Any, *, seed: int, sheet: SheetSpec, preprocess: PreprocessSpec, steps: tuple[Step, ...] = STEPS
) -> dict[str, np.ndarray]:
    """Section -> uint8 (height, width) ink map of an ``EcgRecord``.

    Raises:
        InputRefusedError: the record is too short for the layout.
    """
    by_condition: dict[Condition | Kind, list[float]] = {}
    for step in steps:
        by_condition.setdefault(step.condition, []).append(step.strength)
    found = {}
    for condition, strengths in by_condition.items():
        pictures = (
            _spoilt(condition, record, strengths, seed, sheet)
            if isinstance(condition, Kind)
            else _drawn(condition, record, strengths, seed, sheet)
        )
        for strength, picture in zip(strengths, pictures, strict=True):
            name = Step(condition=condition, strength=strength).section
            found[name] = ink_map(picture, sheet_spec=sheet, spec=preprocess)
    return found


def _drawn(
    condition: Condition, record: Any, strengths: list[float], seed: int, spec: SheetSpec
) -> Iterator[np.ndarray]:
    """As ``vizecg.render.sheet_under``, which draws them at strength 1."""
    from vizecg.render import sheet_under
    from vizecg.render.register import rectified

    if condition in (Condition.CLEAN, Condition.PRINT):
        yield from (sheet_under(condition, record, seed=seed, spec=spec) for _ in strengths)
        return
    for strength in strengths:
        picture, seen = _photograph(condition, record, strength, seed, spec)
        yield rectified(picture, seen, spec=spec)


def _photograph(
    condition: Condition, record: Any, strength: float, seed: int, spec: SheetSpec
) -> tuple[np.ndarray, np.ndarray]:
    """The picture, and the lattice of its pixels that a rectifier would take."""
    from vizecg.render import Layout, condition_rng, random_layout, random_style
    from vizecg.render.effects import CONDITIONS as EFFECTS
    from vizecg.render.photo_plan import plan_photo
    from vizecg.render.photograph import take_photo
    from vizecg.render.register import RegistrationError, seen_lattice
    from vizecg.render.sheet import draw_sheet, plan_sheet

    rng = condition_rng(record.record_id, seed=seed, condition=condition)
    layout = random_layout(rng, kinds=(Layout(),)).fitting(record.duration_s)
    printed = draw_sheet(plan_sheet(record, spec=spec, style=random_style(rng), layout=layout))
    plan = plan_photo(spec=spec, effects=EFFECTS[condition].scaled(strength), rng=rng)
    # Its error is drawn after the photograph, which takes the same numbers at every strength.
    seen = seen_lattice(plan.mapping, spec=spec, rng=rng, error=RegistrationError())
    return take_photo(printed, plan), seen


def _spoilt(kind: Kind, record: Any, strengths: list[float], seed: int, spec: SheetSpec) -> Iterator[np.ndarray]:
    from vizecg.render.register import rectified

    picture, seen = _photograph(Condition.PHOTO, record, BASE_STRENGTH, seed, spec)
    for strength in strengths:
        rng = np.random.default_rng([seed, zlib.crc32(record.record_id.encode()), list(Kind).index(kind)])
        image, moved = spoil(picture, seen.astype(np.float64), kind, strength, rng)
        yield rectified(np.ascontiguousarray(image), moved.astype(np.float32), spec=spec)
