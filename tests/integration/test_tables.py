"""The tables of the paper as commands, at the smallest budget."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vizecg.spec import CODE6, UsageError
from vizecg_lab.tables.budgets import Budget, row_config
from vizecg_lab.tables.commands import chosen, run_table
from vizecg_lab.tables.measure import figures_of
from vizecg_lab.tables.report import order_of
from vizecg_lab.tables.rows import STUDIES, TABLE1, TABLE2, Study
from vizecg_lab.tables.training import Plan, Scores

pytestmark = pytest.mark.integration

ROWS = ["transformer", "vizecgnet"]


def table(out: Path, **changes: object) -> dict[str, object]:
    finished = bool(changes.pop("finished", False))
    plan = Plan(**{"budget": Budget.SMOKE, "out": out, "records": 48, "workers": 1, "accelerator": "cpu", **changes})
    return run_table(
        chosen(TABLE1, None if finished else ROWS), plan=plan, kind="table1", title="Table 1",
        json_path=out / "table1.json", markdown_path=out / "table1.md", finished=finished,
    )  # fmt: skip


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    table(folder)
    return folder


def test_a_table_has_every_way_of_looking(out: Path) -> None:
    result = json.loads((out / "table1.json").read_text())
    assert [(line["row"], line["way"]) for line in result["rows"]] == [
        ("transformer", "signal"), ("vizecgnet", "signal"), ("vizecgnet", "image_clean"), ("vizecgnet", "image_photo"),
    ]  # fmt: skip
    for line in result["rows"]:
        figure = line["macro"]["auroc"]
        assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
        assert line["parameters"] > 0
        assert line["macs"] > 0
    assert result["rows"][0]["paper"]["f1"] == 46.04
    assert set(result["rows"][0]["minus_reference"]) >= {"auroc", "f1"}
    text = (out / "table1.md").read_text()
    assert "| Transformer | signal |" in text
    assert "61.23" in text


def test_finished_rows_are_not_run_again(out: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (out / "rows").rglob("*.ckpt")}
    first = json.loads((out / "table1.json").read_text())["rows"]
    again = table(out, finished=True)
    assert before
    assert {path: path.stat().st_mtime_ns for path in (out / "rows").rglob("*.ckpt")} == before
    assert json.loads(json.dumps(again["rows"])) == first
    trained = [line["trained"][0] for line in first]
    assert len({run["records_sha256"] for run in trained}) == 1
    assert {(run["train_records"], run["epochs"], run["precision"]) for run in trained} == {(48, 1, "32-true")}
    with pytest.raises(UsageError, match="no row is finished"):
        table(out / "nothing", finished=True)


def test_a_row_of_other_settings_is_not_taken_for_this_one(out: Path) -> None:
    with pytest.raises(UsageError, match="other settings"):
        table(out, epochs=2)


def test_unknown_rows_are_named() -> None:
    with pytest.raises(UsageError, match="no row 'resnet50': expected some of inception_time"):
        chosen(TABLE1, ["resnet50"])


def test_every_row_has_a_valid_configuration_on_every_budget() -> None:
    rows = {row.name: row for row in (*TABLE1, *TABLE2, *(row for study in Study for row in STUDIES[study]))}
    assert len(TABLE1) == 9
    assert sum(len(row.paper) for row in TABLE1) == 11
    for budget in Budget:
        for row in rows.values():
            config = row_config(budget, architecture=row.architecture, changes=row.changes, seed=1)
            assert all(getattr(config.modality, f"has_{looks_at.value}") for looks_at in row.paper)
    without = row_config(Budget.CPU, architecture="vizecgnet", changes=rows["without_smam"].changes, seed=0)
    assert without.model["smam"] is False
    assert without.model["cmam"] is True


def test_the_paper_s_order_is_compared_by_its_f1() -> None:
    lines = [
        {"row": name, "way": "signal", "paper": {"f1": paper}, "macro": {"f1_of_macro": {"value": here}}}
        for name, paper, here in (("a", 50.0, 0.1), ("b", 40.0, 0.2), ("c", 30.0, 0.3))
    ]
    order = order_of(lines, "signal")
    assert order["here"] == ["c", "b", "a"]
    assert order["paper"] == ["a", "b", "c"]
    assert order["kendall_tau"] == -1


def test_figures_of_seeds_are_means_and_paired() -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random((200, len(CODE6))) < 0.3).astype(np.float32)
    groups = np.array([str(row) for row in range(200)])

    def scores(strength: float) -> Scores:
        return Scores(name="x", logits=labels * strength + rng.normal(size=labels.shape), labels=labels, groups=groups)

    weak, strong = scores(0.5), scores(2.0)
    both = figures_of([weak, strong])
    one, two = figures_of([weak]), figures_of([strong])
    expected = (one.mean.point["macro/auroc"] + two.mean.point["macro/auroc"]) / 2
    assert both.mean.point["macro/auroc"] == pytest.approx(expected)
    assert both.minus(both)["auroc"] == {"value": 0, "low": 0, "high": 0}
    assert two.minus(one)["auroc"]["low"] > 0
