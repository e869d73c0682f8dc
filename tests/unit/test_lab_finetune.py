"""Fine-tuning against training from nothing: draws, labels from a table beside PTB-XL's, and paired differences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vizecg.data.source import synthetic_source
from vizecg.spec import Label, LabelSet
from vizecg_lab.training.finetune import compared, drawn_records, table_labels, words

pytestmark = pytest.mark.unit

NAMES = ("VEB", "LVH")


def test_draws_differ_and_come_again() -> None:
    source = synthetic_source(100, seed=0)
    first, again, second = (drawn_records(source, n=20, seed=0, draw=draw) for draw in (0, 0, 1))
    assert len(set(first.record_ids)) == 20
    assert list(first.record_ids) == list(again.record_ids) != list(second.record_ids)
    assert first.read(first.items[3]).record_id.startswith(first.record_ids[3])


def test_labels_come_from_the_table_where_all_of_them_are_known(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("ecg_id,dx,AF\n1,VEB;NSR,0\n2.0,NSR,1\n3,,0\n")
    labels = LabelSet(name="own", labels=tuple(Label(name=name) for name in NAMES), column="dx", absent="negative")
    known = table_labels(path, labels)
    assert {key: value.tolist() for key, value in known.items()} == {1: [1, 0], 2: [0, 0]}


def test_the_difference_is_paired_over_records_and_draws() -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random((400, 2)) < 0.2).astype(np.float32)
    good = [labels + rng.normal(0, 0.7, labels.shape) for _ in range(5)]
    poor = [one + rng.normal(0, 2.0, labels.shape) for one in good]
    found = compared({"shipped": good, "nothing": poor}, labels, names=NAMES, bootstraps=200)
    apart = found["difference"]["macro/auroc"]
    assert len(apart["of_each_draw"]) == 5
    assert apart["of_records"]["value"] == apart["of_records_and_draws"]["value"] == pytest.approx(
        np.mean(apart["of_each_draw"]), abs=1e-4
    )  # fmt: skip
    assert apart["of_records_and_draws"]["low"] > 0
    wide, narrow = (apart[key]["high"] - apart[key]["low"] for key in ("of_records_and_draws", "of_records"))
    assert wide > narrow
    same = compared({"shipped": good, "nothing": good}, labels, names=NAMES, bootstraps=50)
    assert same["difference"]["macro/auprc"]["of_records"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    told = words({**found, "draws": 5, "records": 200, "validation": {"n": 400}})
    assert "macro/auroc: from shipped 0." in told
