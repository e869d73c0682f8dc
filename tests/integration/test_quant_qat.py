"""Quantisation-aware training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.fx import GraphModule

pytest.importorskip("executorch", reason="the extra `executorch` is not installed")

from small_networks import small_deployed, small_images, sqnr_db
from vizecg_export.job import Job
from vizecg_export.quant.graphs import quantised_graph
from vizecg_export.quant.pt2e import each
from vizecg_export.targets import Precision, Scope

pytestmark = pytest.mark.integration


def job(**changes: Any) -> Job:
    arguments: dict[str, Any] = {
        "network": small_deployed(), "input_shape": (1, 1, 96, 192), "folder": Path("nowhere"),
        "precision": Precision.INT8, "images": small_images(8), "calibrator": "minmax",
    }  # fmt: skip
    return Job(**{**arguments, **changes})


def answers(graph: GraphModule, images: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return np.concatenate([graph(image).numpy() for image in each(images)])


@pytest.mark.parametrize("scope", list(Scope))
def test_training_does_not_lose_what_calibration_gives(
    scope: Scope, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    network = small_deployed()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    wanted = job(network=network, scope=scope, qat_epochs=3)
    assert wanted.images is not None
    with torch.inference_mode():
        reference = network(torch.from_numpy(wanted.images)).numpy()
    trained = answers(quantised_graph(wanted), wanted.images)
    calibrated = answers(quantised_graph(job(network=network, scope=scope)), wanted.images)
    assert sqnr_db(reference, trained) >= sqnr_db(reference, calibrated) - 0.01
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert capfd.readouterr().out == ""
    assert not list(tmp_path.iterdir()), "no logs, no checkpoints"


def test_training_repeats_itself_and_leaves_the_generator_alone() -> None:
    network, images = small_deployed(), small_images(4)
    state = torch.get_rng_state()
    first = answers(quantised_graph(job(network=network, qat_epochs=1)), images)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(7)
    second = answers(quantised_graph(job(network=network, qat_epochs=1)), images)
    np.testing.assert_array_equal(first, second)
