"""``python -m vizecg_lab stages`` and ``fuzz`` from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from capture_runs import make_scene
from vizecg.spec import UsageError
from vizecg_bench.run.load import QUIET_CORES, QUIET_STEAL
from vizecg_edge.overlay import save_image
from vizecg_lab.cli import app
from vizecg_lab.edge import stages
from vizecg_lab.edge.against import HERE, compare_trees

pytestmark = pytest.mark.integration


def test_stages_are_timed_and_refusals_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    save_image(folder / "ecg.jpg", make_scene())
    save_image(folder / "wall.jpg", np.full((600, 800, 3), 120, np.uint8))
    out = tmp_path / "stages.json"
    arguments = ["stages", "--image", folder, "--megapixels", "2", "--rounds", "3", "--threads", "1", "--figures", out]
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exception is None, done.exception
    found = json.loads(out.read_text())
    assert found == {**found, **json.loads(done.stdout)}
    assert (found["kind"], found["runs"], list(found["refused"])) == ("stages", 3, ["wall.jpg"])
    times = found["milliseconds"]
    assert all(0 < times[stage]["p50"] <= times[stage]["p90"] for stage in stages.STAGES)
    parts = sum(times[stage]["p50"] for stage in stages.STAGES if stage != "total")
    assert times["total"]["p90"] >= 0.5 * parts
    assert times[stages.WITHOUT_INFERENCE]["p50"] < times["total"]["p90"]
    assert 50 < found["peak_memory_mb"] < 4000
    quiet = found["others_cores"] <= QUIET_CORES and found["steal"] <= QUIET_STEAL
    assert found["machine_was_loaded"] is not quiet


def test_the_edge_of_another_checkout_answers_by_turns(tmp_path: Path) -> None:
    photograph = tmp_path / "ecg.png"
    save_image(photograph, make_scene())
    found = compare_trees([photograph], other=HERE, runs=2, console=Console(stderr=True))
    assert 0.4 < found["ratio_p50"] < 2.5
    for name in ("this", "other"):
        assert found[name]["processor_ms_p50"] > 0
        assert 30 < found[name]["peak_memory_mb"] < 1000


def test_what_is_no_checkout_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a checkout"):
        compare_trees([tmp_path / "ecg.png"], other=tmp_path, runs=1, console=Console(stderr=True))


def test_stages_want_photographs(tmp_path: Path) -> None:
    assert isinstance(CliRunner().invoke(app, ["stages", "--image", str(tmp_path)]).exception, UsageError)
    (tmp_path / "a.jpg").write_text("no image")
    done = CliRunner().invoke(app, ["stages", "--image", str(tmp_path)])
    assert isinstance(done.exception, UsageError)
    assert "a.jpg is not an image" in str(done.exception)


def test_percentiles_are_of_the_runs() -> None:
    rows = np.tile(np.arange(1.0, 12.0)[:, None], (1, len(stages.STAGES) + 1))
    rows[:, stages.STAGES.index("total")] = 100
    found = stages.percentiles(rows)
    assert found["decode"] == {"p50": 6.0, "p90": 10.0}
    assert found[stages.WITHOUT_INFERENCE] == {"p50": 94.0, "p90": 98.0}


def test_fuzz_tells_what_came_of_it(tmp_path: Path) -> None:
    out = tmp_path / "fuzz.json"
    arguments = ["fuzz", "--count", "3", "--save", str(tmp_path / "kept"), "--figures", str(out)]
    done = CliRunner().invoke(app, arguments)
    assert done.exception is None, done.exception
    found = json.loads(out.read_text())
    assert (found["cases"], found["findings"], found["processes"]) == (3, [], 1)
    assert sum(found["outcomes"]["picture"].values()) == 3
    assert found["largest"]["memory_mib"] > 50
    assert not list((tmp_path / "kept").iterdir())
