"""What lies on a printout and hides a lead, or is so pale that it cannot be read, is no reason to guess."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
import pytest

from vizecg.records.synthetic import synthesise
from vizecg.render import PrintStyle, render_sheet
from vizecg.spec import InputRefusedError, SheetSpec
from vizecg_edge.judge.proven import prove
from vizecg_edge.leads.find import FoundPage, find_page
from vizecg_edge.leads.read import ReadLeads, read_leads

pytestmark = pytest.mark.unit

SPEC = SheetSpec(width_mm=300.0, height_mm=180.0, px_per_mm=6.0, block_x_mm=25.0, block_y_mm=88.0)
SKIN, YELLOW, WHITE = (205, 160, 130), (250, 235, 110), (253, 253, 251)
Change = Callable[[np.ndarray], np.ndarray]


def printed(style: PrintStyle | None = None) -> np.ndarray:
    return render_sheet(synthesise(["RBBB"], seed=9), spec=SPEC, style=style).image


def read(picture: np.ndarray) -> tuple[FoundPage, ReadLeads]:
    found = find_page(picture)
    return found, read_leads(found)


@lru_cache(maxsize=1)
def place(lead: str) -> tuple[float, float]:
    """Where a lead's trace begins on the sheet, and its baseline; millimetres."""
    boxes = render_sheet(synthesise(["RBBB"], seed=9), spec=SPEC).boxes
    box = next(box for box in boxes if box.lead == lead and not box.strip)
    return box.x_mm, box.baseline_mm


def laid(colour: tuple[int, int, int], *, width_mm: float, height_mm: float, written: bool = False) -> Change:
    """Something opaque on V1, from 15 mm after its beginning on."""

    def change(picture: np.ndarray) -> np.ndarray:
        x, y = place("V1")
        left, right = ((x + off) * SPEC.px_per_mm for off in (15.0, 15.0 + width_mm))
        top, bottom = ((y + off) * SPEC.px_per_mm for off in (-height_mm / 2, height_mm / 2))
        picture[round(top) : round(bottom), round(left) : round(right)] = colour
        for row in range(round(top) + 40, round(bottom), 45) if written else ():
            at = round(left) + 12, row
            cv2.putText(picture, "call at 5", at, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.2, (30, 40, 110), 3)
        return picture

    return change


def finger(picture: np.ndarray) -> np.ndarray:
    x, y = place("V1")
    alpha = np.zeros(picture.shape[:2], np.float32)
    middle = round((x + 30.0) * SPEC.px_per_mm), round(y * SPEC.px_per_mm)
    cv2.ellipse(alpha, middle, (60, 110), 0, 0, 360, 1.0, -1)
    alpha = cv2.GaussianBlur(alpha, (0, 0), 5.0)[..., None]
    return (picture * (1 - alpha) + np.array(SKIN) * alpha).astype(np.uint8)


def shadow(picture: np.ndarray) -> np.ndarray:
    dark = np.ones(picture.shape[:2], np.float32)
    x, _ = place("V1")
    dark[:, round(x * SPEC.px_per_mm) : round((x + 40) * SPEC.px_per_mm)] = 0.6
    return (picture * cv2.GaussianBlur(dark, (0, 0), 8.0)[..., None]).astype(np.uint8)


def margin(picture: np.ndarray) -> np.ndarray:
    picture[-60:, -400:] = YELLOW
    return picture


@pytest.mark.parametrize("benign", [lambda picture: picture, shadow, margin])
def test_leads_that_are_seen_are_proven(benign: Change) -> None:
    assert prove(*read(benign(printed()))) == ()


@pytest.mark.parametrize(
    "cover",
    [
        finger,
        laid(SKIN, width_mm=12.0, height_mm=30.0),
        laid(YELLOW, width_mm=30.0, height_mm=30.0, written=True),
        laid(WHITE, width_mm=30.0, height_mm=30.0, written=True),
        laid(WHITE, width_mm=25.0, height_mm=14.0),
        laid((30, 40, 120), width_mm=10.0, height_mm=40.0),
    ],
    ids=["finger", "narrow", "note", "white note", "tape", "pen"],
)
def test_a_lead_that_is_covered_is_named(cover: Change) -> None:
    with pytest.raises(InputRefusedError, match="not all is seen of V1") as caught:
        prove(*read(cover(printed())))
    assert caught.value.reason == "covered"


@pytest.mark.parametrize(("ink", "told"), [(0, []), (160, ["pale"])])
def test_pale_traces_are_told(ink: int, told: list[str]) -> None:
    assert [doubt.code for doubt in prove(*read(printed(PrintStyle(ink=(ink, ink, ink)))))] == told


def test_faded_traces_are_not_answered() -> None:
    with pytest.raises(InputRefusedError, match="a contrast of 2") as caught:
        prove(*read(printed(PrintStyle(ink=(185, 185, 185)))))
    assert caught.value.reason == "faded"


def test_a_note_with_a_line_like_a_trace_on_it_is_no_lead() -> None:
    picture = laid((236, 238, 234), width_mm=62.0, height_mm=30.0)(printed())
    x, y = place("V1")
    across = np.arange(25.0, 65.0, 0.5)
    line = np.stack([x + across, y + np.sin(across)], axis=-1) * SPEC.px_per_mm
    cv2.polylines(picture, [np.round(line).astype(np.int32)], False, (40, 40, 110), 3)
    with pytest.raises(InputRefusedError, match="V1"):
        prove(*read(picture))


def test_traces_that_end_at_a_finger_are_covered() -> None:
    picture = printed()
    x, y = place("V4")
    left, right = (round((x + off) * SPEC.px_per_mm) for off in (20.0, 45.0))
    picture[round((y - 15) * SPEC.px_per_mm) :, left:right] = SKIN
    with pytest.raises(InputRefusedError, match="V4, V5, V6") as caught:
        prove(*read(picture))
    assert caught.value.reason == "covered"
