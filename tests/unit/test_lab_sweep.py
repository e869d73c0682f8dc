"""Networks side by side: what a plan says, what the networks cost, and short trainings of equal time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vizecg.data.registry import SourceRequest, build_source
from vizecg.spec import UsageError
from vizecg_lab.training import finished, sweep
from vizecg_lab.training.sweep import SweepRequest, run_sweep
from vizecg_lab.training.sweep_costs import network_costs
from vizecg_lab.training.sweep_plan import read_plan

pytestmark = pytest.mark.unit

TINY = """
settings:
  model.streams: image
  distillation_weight: 0
  preprocess.height: 96
  preprocess.width: 192
  conditions: [print]
  batch_size: 4
  epochs: 1000
  model.image_widths: [4, 4, 8, 8]
  model.width: 16
  model.heads: 2
runs:
  plain:
  time: {model.image_strides_across: [1, 2, 2, 2, 2]}
"""


def plan(folder: Path, text: str = TINY) -> Path:
    path = folder / "plan.yaml"
    path.write_text(text)
    return path


def test_the_plan_of_the_image_stream_holds_networks_that_can_be() -> None:
    found = read_plan(Path(sweep.__file__).with_name("image_stream.yaml"))
    assert found[0].name == "shipped"
    assert len(found) > 4
    assert all(one.config.modality.value == "image" for one in found)
    assert found[1].config.model["image_strides_across"] == [1, 2, 2, 2, 2]
    lasting = found[1].lasting(40)
    assert (lasting.steps, lasting.model) == (40, found[1].config.model)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("runs: {a: {model.image_stride: 1}}", "run a: unknown setting model.image_stride"),
        ("runs: {}", "runs: .*at least 1"),
        ("run: {a: {}}", "runs: Field required"),
        ("runs: {a: {epochs: many}}", "run a: epochs"),
    ],
)
def test_a_plan_that_is_wrong_is_told_in_a_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as told:
        read_plan(plan(tmp_path, text))
    assert "\n" not in str(told.value)


def test_a_run_that_the_plan_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run 'tiem': expected some of plain, time"):
        read_plan(plan(tmp_path), names=("tiem",))


def test_what_networks_cost(tmp_path: Path) -> None:
    costs = network_costs({one.name: one.config for one in read_plan(plan(tmp_path))})
    assert (costs["plain"]["tokens"], costs["time"]["tokens"]) == (3 * 6, 3 * 12)
    assert costs["time"]["macs"] > 1.8 * costs["plain"]["macs"]
    # Weights are the same but for the positions of the columns.
    assert costs["time"]["parameters"] == costs["plain"]["parameters"] + 6 * 16
    assert costs["plain"]["of_first"] == 1.0
    assert all(one["ms"] > 0 for one in costs.values())


def test_a_run_that_learns_traces_too(tmp_path: Path) -> None:
    request = _request(tmp_path, minutes=0.01, text=TINY.replace("time: {", "time: {trace_weight: 0.1, "))
    request = replace(request, candidates=request.candidates[1:])
    (run,) = run_sweep(request, tell=lambda _: None)["runs"]
    assert run["settings"]["trace_weight"] == 0.1
    assert run["steps"] >= 1
    assert run["macro"]["auprc"]["value"] > 0


def test_runs_have_the_same_time_and_are_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep.StepBound, "seconds_per_step", lambda self, steps: 0.1 * sweep.PACE)
    request = _request(tmp_path, minutes=0.011)
    told: list[str] = []
    first = run_sweep(request, tell=told.append)
    assert told == ["plain", "time"]
    assert [run["steps"] for run in first["runs"]] == [6, 6]
    assert first["validation"]["n"] == 32
    assert set(first["runs"][1]["minus_first"]["auprc"]) >= {"value", "low", "high"}
    assert "minus_first" not in first["runs"][0]

    def trained_again(**_: Any) -> None:
        raise AssertionError("a finished run was made again")

    monkeypatch.setattr(finished, "train", trained_again)
    assert run_sweep(request, tell=told.append) == first
    with pytest.raises(UsageError, match="holds a run of other settings"):
        run_sweep(_request(tmp_path, minutes=0.02), tell=told.append)


def _request(folder: Path, *, minutes: float, text: str = TINY) -> SweepRequest:
    sources = [build_source("synthetic", SourceRequest(split=split, seed=0, size=32)) for split in ("train", "val")]
    return SweepRequest(
        candidates=read_plan(plan(folder, text)), training=sources[0], validation=sources[1], out=folder / "out",
        minutes=minutes, workers=1, threads=1,
    )  # fmt: skip
