"""What is left out is told by reason, and record by record in a file."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from vizecg.data.choices import OnBad
from vizecg.data.left_out import kind_of, reasons, tell_left_out, write_left_out
from vizecg.data.source import RecordSource, synthetic_source
from vizecg.data.store.build import build_store
from vizecg.data.store.spec import StoreSpec
from vizecg.records import EcgRecord
from vizecg.records.on_identity import OnIdentity, record_under

pytestmark = pytest.mark.unit

SKIPPED = [
    {"record": f"a{number}", "split": "train", "reason": f"record a{number}: limb leads do not fit (...?): {what}"}
    for number, what in enumerate(["III is 2.00 times what", "I and II seem to be exchanged"] * 4)
] + [{"record": "b\x1b[1m", "split": None, "reason": "record b\x1b[1m: amplitude 77.0 mV is above 40 mV: wrong gain?"}]


def test_reasons_are_counted_with_the_first_names() -> None:
    (first, second) = reasons(SKIPPED)
    assert (first.kind, first.count) == ("limb leads do not fit", 8)
    assert first.names == ["a0", "a1", "a2", "a3", "a4"]
    assert second.kind == "amplitude # mV is above # mV: wrong gain?"


def test_a_few_lines_are_told_and_all_are_written(tmp_path: Path) -> None:
    path = write_left_out(tmp_path / "left_out.csv", SKIPPED, [{"record": "c", "reason": "III computed from I, II"}])
    assert path is not None
    told = io.StringIO()
    tell_left_out(Console(file=told, width=200), SKIPPED, where=path)
    assert "a0, a1, a2, a3, a4, ..." in told.getvalue()
    assert len(told.getvalue().splitlines()) < 10
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [row["record"] for row in rows] == [*(f"a{number}" for number in range(8)), "b\\x1b[1m", "c"]
    assert rows[1]["detail"].endswith("I and II seem to be exchanged")
    assert [row["used"] for row in rows] == ["no"] * 9 + ["yes"]
    assert write_left_out(path, []) is None
    assert not path.exists()


def spoilt_source(on_identity: OnIdentity) -> RecordSource:
    """Four records, of which the second has aVL at the wrong sign."""
    source = synthetic_source(4, seed=5)

    def read(index: int) -> EcgRecord:
        record = source.read(index)
        signal = record.signal.copy()
        if index == 1:
            signal[4] *= -1
        return record_under(
            on_identity, signal=signal, sampling_rate=record.sampling_rate, record_id=record.record_id,
            labels=record.labels,
        )  # fmt: skip

    return replace(source, read=read)


@pytest.mark.parametrize("on_identity", [OnIdentity.DERIVE, OnIdentity.KEEP, OnIdentity.SKIP])
def test_a_store_keeps_what_is_to_be_told(tmp_path: Path, on_identity: OnIdentity) -> None:
    source = spoilt_source(on_identity)
    store = build_store(tmp_path / "s", sources={"train": source}, spec=StoreSpec(), on_bad=OnBad.SKIP)
    noted = store.meta.get("noted", [])
    if on_identity is OnIdentity.SKIP:
        assert len(store.records) == 3
        assert store.meta["skipped"][0]["record"] == "synthetic-5-1"
        assert noted == []
        return
    assert len(store.records) == 4
    assert [(one["record"], one["split"]) for one in noted] == [("synthetic-5-1", "train")]
    kept = np.load(tmp_path / "s" / "shard-00000.npy")
    limb = kept[: store.records[0].samples * 2].reshape(2, -1, 12)[1, :, :6].astype(float)
    fits = np.abs(limb[:, 4] - (limb[:, 0] - limb[:, 1] / 2)).max() < 5
    assert fits == (on_identity is OnIdentity.DERIVE)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("record a/b c: lead V5 is missing (2 are)", "lead V5 is missing (# are)"),
        ("record x: cannot be read: No parser found for: x.scp", "cannot be read"),
        ("kept all the same: limb leads do not fit (?): III is 2.00 times", "kept all the same"),
        (
            "record x: limb leads cannot be derived, for I or II is in doubt: limb leads do not fit",
            "limb leads cannot be",
        ),
    ],
)
def test_one_reason_whatever_is_said_of_the_one_record(message: str, kind: str) -> None:
    assert kind_of(message).startswith(kind)
