"""Things that lie on the page and hide leads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from vizecg_lab.attacks.kinds import Family, Kind, named
from vizecg_lab.attacks.studio import Page, Studio

Area = tuple[float, float, float, float]
Cover = Callable[[Page, Area, np.random.Generator], None]

PLACES = {
    "V1": ("V1",), "V6": ("V6",), "V1 to V3": ("V1", "V2", "V3"), "limb column": ("I", "II", "III"),
    "strip": (),
}  # fmt: skip


def note(page: Page, area: Area, rng: np.random.Generator, *, colour: tuple[int, int, int]) -> None:
    """A patch of paper a little turned, with a line of longhand."""
    outline = _turned(page, area, float(rng.uniform(-4, 4)), grow_mm=1.0)
    cv2.fillPoly(page.image, [outline], colour, cv2.LINE_AA, 4)
    middle = outline.mean(axis=0) / 16
    t = np.linspace(0, 1, 80)
    width = 0.6 * (outline[:, 0].max() - outline[:, 0].min()) / 16
    x = middle[0] + (t - 0.5) * width
    y = middle[1] + 0.8 * page.spec.px_per_mm * np.sin(60 * t) * rng.uniform(0.4, 1.0, 80)
    points = np.round(np.column_stack([x, y]) * 16).astype(np.int32)
    cv2.polylines(page.image, [points], False, (40, 40, 120), 2, cv2.LINE_AA, 4)


def finger(page: Page, area: Area, rng: np.random.Generator) -> None:
    """From above or below, as a hand holds a page; it is as wide as what it covers, 14 mm at least."""
    scale = page.spec.px_per_mm
    left, top, right, bottom = area
    width = float(np.clip((right - left) / 3, 16.0, 22.0))
    fingers = int(np.clip(round((right - left) / 20), 1, 4))
    skin = np.array((214, 165, 136)) * rng.uniform(0.6, 1.05)
    from_above = (top + bottom) / 2 < page.spec.height_mm / 2
    for number in range(fingers):
        x = left + (right - left) * (number + 0.5) / fingers
        tip, root = (bottom, -30.0) if from_above else (top, page.spec.height_mm + 30.0)
        ends = [(round(x * scale), round(y * scale)) for y in (tip + (-width / 2 if from_above else width / 2), root)]
        for share in (1.0, 0.85, 0.6, 0.3):  # darker at the sides, as round things are
            shade = skin * (1.08 - 0.35 * share)
            colour = tuple(int(level) for level in np.clip(shade, 0, 255))
            cv2.line(page.image, ends[0], ends[1], colour, max(1, round(share * width * scale)), cv2.LINE_AA)


def tape(page: Page, area: Area, rng: np.random.Generator, *, opacity: float) -> None:
    """Matt tape that lets something through."""
    mask = np.zeros(page.image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [_turned(page, area, float(rng.uniform(-3, 3)))], 255, cv2.LINE_AA, 4)
    share = mask[..., None].astype(np.float32) / 255 * opacity
    page.image[:] = np.round(page.image * (1 - share) + np.array((235, 228, 200), np.float32) * share)


def stain(page: Page, area: Area, rng: np.random.Generator) -> None:
    """A blot, nearly as dark as ink."""
    left, top, right, bottom = (edge * page.spec.px_per_mm for edge in area)
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    wobble = 1 + cv2.GaussianBlur(rng.normal(0, 0.25, (1, 48)), (0, 0), 2.0, sigmaY=1e-3)[0]
    points = np.column_stack(
        [
            (left + right) / 2 + 0.6 * (right - left) * wobble * np.cos(angles),
            (top + bottom) / 2 + 0.6 * (bottom - top) * wobble * np.sin(angles),
        ]
    )
    mask = np.zeros(page.image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    share = 0.93 * cv2.GaussianBlur(mask, (0, 0), page.spec.px_per_mm * 0.4)[..., None].astype(np.float32) / 255
    page.image[:] = np.round(page.image * (1 - share) + np.array((70, 45, 25), np.float32) * share)


def blacked(page: Page, area: Area, rng: np.random.Generator) -> None:
    """Strokes of a felt pen, as names are made unreadable."""
    cv2.fillPoly(page.image, [_turned(page, area, float(rng.uniform(-2, 2)))], (12, 12, 14), cv2.LINE_AA, 4)


def _turned(page: Page, area: Area, degrees: float, *, grow_mm: float = 0.0) -> np.ndarray:
    """Corners in sixteenths of a pixel."""
    left, top, right, bottom = area
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    half = np.array([(right - left) / 2 + grow_mm, (bottom - top) / 2 + grow_mm])
    turn = np.deg2rad(degrees)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half @ matrix.T + middle
    return np.round(corners * page.spec.px_per_mm * 16).astype(np.int32)


def _covered(studio: Studio, place: str, *, cover: Cover) -> np.ndarray:
    page = studio.printed()
    leads = PLACES[place]
    cover(page, page.area(*leads, strips=not leads), studio.rng)
    return studio.show(page)


def _kind(name: str, cover: Cover, *places: str) -> Kind:
    return Kind(name=name, family=Family.COVERED, ways=named(*(places or PLACES)), draw=partial(_covered, cover=cover))


COVERED = (
    _kind("yellow_note", partial(note, colour=(250, 232, 110))),
    _kind("white_note", partial(note, colour=(250, 250, 248))),
    _kind("finger", finger),
    _kind("tape", partial(tape, opacity=0.92)),
    _kind("thin_tape", partial(tape, opacity=0.75), "V1", "V1 to V3", "limb column"),
    _kind("stain", stain),
    _kind("blacked_out", blacked, "V1", "V1 to V3", "limb column"),
)
