"""Two sheets in one picture are refused, unless one of them is chosen."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from capture_runs import answers, run
from vizecg.records.synthetic import synthesise
from vizecg.render import Layout, LeadGroup, faces
from vizecg.render.pages import random_page
from vizecg.spec import UsageError
from vizecg_edge import Reader
from vizecg_edge.leads.page import Box
from vizecg_edge.leads.several import alone, find_alone, sheets_in

pytestmark = pytest.mark.integration

FAST_BPM = 95.0
WHITE_PX = 40


@lru_cache(maxsize=4)
def sheet(label: str, *, leads: LeadGroup | None = None) -> np.ndarray:
    layout = None if leads is None else Layout.named("6x1+R", group=leads)
    form = "desk_one_pulse" if leads is None else "two_pages"
    page = random_page(np.random.default_rng(1), form=form, layout=layout, faces=faces(), px_per_mm=5.0)
    return page.draw(synthesise([label], seed=5))[0].image


def together(first: np.ndarray, second: np.ndarray, *, beside: bool, gap_px: int = WHITE_PX) -> np.ndarray:
    """Both on one white canvas."""
    high, wide = (max(one.shape[axis] for one in (first, second)) for axis in (0, 1))
    size = (
        (high, first.shape[1] + gap_px + second.shape[1])
        if beside
        else (first.shape[0] + gap_px + second.shape[0], wide)
    )
    canvas = np.full((*size, 3), 255, np.uint8)
    canvas[: first.shape[0], : first.shape[1]] = first
    canvas[-second.shape[0] :, -second.shape[1] :] = second
    return canvas


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(threads=1)


@pytest.mark.parametrize("beside", [True, False], ids=["beside", "above"])
def test_two_sheets_are_refused_and_each_can_be_chosen(reader: Reader, beside: bool) -> None:
    picture = together(sheet("SB"), sheet("ST"), beside=beside)
    refused = reader.read(picture)
    assert refused.reasons == ("several_sheets",)
    assert "--sheet" in refused.messages[0]
    for number, label in ((1, "SB"), (2, "ST")):
        answer = reader.read(picture, sheet=number)
        assert answer.measured is not None
        assert answer.measured.rate_bpm is not None
        assert (answer.measured.rate_bpm > FAST_BPM) == (label == "ST")
        assert answer.input.sheet == number
        assert f"sheet {number}" in answer.to_text()
    assert reader.read(picture, sheet=3).reasons == ("no_such_sheet",)


def test_of_one_sheet_the_first_is_that_one(reader: Reader) -> None:
    picture = sheet("SB")
    one, plain = reader.read(picture, sheet=1), reader.read(picture)
    assert one.probabilities == plain.probabilities
    for number in (0, True, "1"):
        with pytest.raises(UsageError, match="sheet"):
            reader.read(picture, sheet=number)  # type: ignore[arg-type]


def test_limb_and_chest_leads_on_one_paper_are_no_two_sheets() -> None:
    picture = together(sheet("SB", leads=LeadGroup.LIMB), sheet("SB", leads=LeadGroup.CHEST), beside=False)
    find_alone(picture)


def test_sheets_are_numbered_as_one_reads() -> None:
    first, second = sheet("SB"), sheet("ST")
    height, width = first.shape[:2]
    boxes = sheets_in(
        together(together(first, second, beside=True), together(second, first, beside=True), beside=False)
    )
    assert len(boxes) == 4
    assert [(box.left > width, box.top > height) for box in boxes] == [
        (False, False), (True, False), (False, True), (True, True),
    ]  # fmt: skip


def test_the_others_are_painted_over() -> None:
    picture = np.zeros((100, 200, 3), np.uint8)
    boxes = (Box(10, 10, 80, 90), Box(120, 10, 190, 90))
    left, right = alone(picture, boxes, 1), alone(picture, boxes, 2)
    assert not left[:, :100].any()
    assert (left[:, 100:] == 255).all()
    assert (right[:, :100] == 255).all()
    assert not picture.any()


@pytest.mark.usefixtures("one_pipeline")
def test_the_command_takes_a_number(tmp_path: Path) -> None:
    path = tmp_path / "two.png"
    Image.fromarray(together(sheet("SB"), sheet("ST"), beside=True)).save(path)
    done = run(path, "--sheet", "2", "--json", "--save-sheet", tmp_path / "sheets")
    assert [answer["input"]["sheet"] for answer in answers(done)] == [2]
    assert [one.name for one in (tmp_path / "sheets").iterdir()] == ["two_s2.png"]
    assert isinstance(run("--pages", path, "--sheet", "1").exception, UsageError)
