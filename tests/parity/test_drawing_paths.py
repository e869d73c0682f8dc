"""``python -m vizecg_lab drawing-paths`` finds what differs between torch's pictures and OpenCV's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from vizecg.data.source import synthetic_source
from vizecg.render.sheet import SheetPlan
from vizecg.spec import UsageError
from vizecg_lab.drawing import compare
from vizecg_lab.drawing.command import measure_drawing_paths
from vizecg_lab.drawing.compare import Difference

pytestmark = pytest.mark.parity


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_both_paths_agree_and_are_timed() -> None:
    found = measure_drawing_paths(
        synthetic_source(2, seed=3), n=2, device=torch.device("cpu"), batch=2, workers=0, seconds=0.0
    )
    assert found["complaints"] == []
    kinds = ["sheets", "photographs_before_jpeg", "photographs", "ink_maps", "training_print", "training_photo"]
    assert {kind: found["agreement"][kind]["pictures"] for kind in kinds} == dict.fromkeys(kinds, 2)
    assert all(rate > 0 for rate in found["rates"]["pictures_per_s"].values())


def test_a_sheet_that_differs_by_one_level_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = compare.draw_sheet

    def off_by_one(plan: SheetPlan) -> np.ndarray:
        sheet = whole(plan)
        sheet[0, 0, 0] -= 1
        return sheet

    monkeypatch.setattr(compare, "draw_sheet", off_by_one)
    monkeypatch.setattr(compare, "TRAINED_ON", ())
    found = compare.compare_paths(synthetic_source(1, seed=3), device="cpu")
    (complaint,) = found["sheets"]["complaints"]
    assert complaint.startswith("share")
    assert found["sheets"]["largest"] == 1


def test_differences_are_those_of_all_pictures_and_name_the_worst() -> None:
    difference = Difference(limits={"mean": 0.5})
    flat = np.zeros((4, 5, 3), np.uint8)
    difference.add(flat, flat, name="same")
    difference.add(flat + 2, flat, name="other")
    found = difference.to_dict()
    assert (found["pictures"], found["share"], found["mean"], found["largest"]) == (2, 0.5, 1.0, 2)
    assert (found["worst_picture"], found["worst_mean"]) == ("other", 2.0)
    assert found["complaints"] == ["mean 1 over 0.5"]
    difference.add(flat[:3], flat, name="cut")
    assert difference.to_dict()["complaints"][0].startswith("cut: torch drew (3, 5, 3)")


def test_more_pictures_than_records_are_refused() -> None:
    with pytest.raises(UsageError, match="5 pictures of each kind need more than the 2 records"):
        measure_drawing_paths(synthetic_source(2, seed=3), n=5, device=torch.device("cpu"))
