"""The store: what comes back, what it says, and what it refuses."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tolerances import tolerance
from vizecg.data.choices import OnBad, SynthFormat
from vizecg.data.left_out import reasons
from vizecg.data.pool import bounded_map
from vizecg.data.source import RecordSource, synthetic_source
from vizecg.data.store.build import build_store
from vizecg.data.store.read import Store, open_store, store_source
from vizecg.data.store.shard import quantise
from vizecg.data.store.spec import StoreSpec
from vizecg.data.synth import SynthSpec, synth
from vizecg.records import EcgRecord, resample
from vizecg.records.synthetic import synthetic_record
from vizecg.spec import InputRefusedError, StoreError, UsageError

pytestmark = pytest.mark.unit

SPEC = StoreSpec(sampling_rate=200.0, shard_records=8)


def read_varied(index: int, *, seed: int) -> EcgRecord:
    """Records of several lengths; number 3 fails its checks and number 5 has no labels."""
    record = synthetic_record(index, seed=seed, sampling_rate=100.0, duration_s=5 + index % 3)
    if index == 3:
        EcgRecord(signal=record.signal * 1000, sampling_rate=100.0, record_id=f"bad-{index}")
    return replace(record, labels=None) if index == 5 else record


def varied(n: int, *, seed: int) -> RecordSource:
    return replace(synthetic_source(n, seed=seed), read=partial(read_varied, seed=seed))


@pytest.fixture(scope="module")
def sources() -> dict[str, RecordSource]:
    return {"train": varied(19, seed=1), "val": varied(3, seed=2)}


@pytest.fixture
def store(tmp_path: Path, sources: dict[str, RecordSource]) -> Store:
    return build_store(tmp_path / "store", sources=sources, spec=SPEC)


def test_what_is_stored_comes_back_to_half_a_unit(store: Store, sources: dict[str, RecordSource]) -> None:
    for split, want in sources.items():
        source = store_source(store.folder, split=split, verify=True)
        read = pickle.loads(pickle.dumps(source.read))
        kept = [index for index in range(len(want)) if index != 3]
        assert list(source.record_ids) == [want.record_ids[index] for index in kept]
        for item, index in zip(source.items, kept, strict=True):
            got, original = read(item), want.read(want.items[index])
            assert (got.sampling_rate, got.patient_id) == (200.0, original.patient_id)
            assert got.labels is None if index == 5 else np.array_equal(got.labels, original.labels)
            signal = resample(original.signal, source_hz=100.0, target_hz=200.0)
            np.testing.assert_allclose(got.signal, signal, atol=tolerance("store-unit") * 0.001)


def test_records_beyond_the_range_have_a_scale_of_their_own() -> None:
    signal = synthetic_record(0, seed=0).signal.copy()
    signal[11, 100] = 36.0
    record = EcgRecord(signal=signal, sampling_rate=400.0, record_id="spike")
    units, scale = quantise(record, sampling_rate=400.0)
    assert (units.dtype, units.shape, units.max()) == (np.int16, (4000, 12), 32767)
    np.testing.assert_allclose(units.T * scale, signal, atol=tolerance("store-unit") * scale)
    short = EcgRecord(signal=signal[:, :400].copy(), sampling_rate=400.0, record_id="short")
    with pytest.raises(InputRefusedError, match=r"record short: .*too few"):
        quantise(short, sampling_rate=200.0)


def test_counts_and_skips_are_told(store: Store) -> None:
    counts = store.meta["counts"]
    assert [counts[split]["records"] for split in ("train", "val")] == [18, 3]
    assert (counts["train"]["unknown"], store.meta["patients_in_two_splits"]) == (1, 0)
    (skipped,) = store.meta["skipped"]
    assert (skipped["record"], skipped["split"]) == ("synthetic-1-3", "train")
    assert "wrong gain" in skipped["reason"]
    again = [skipped, {**skipped, "reason": skipped["reason"].replace("bad-3", "bad-4")}]
    assert [(reason.count, reason.names) for reason in reasons(again)] == [(2, ["synthetic-1-3"] * 2)]


def test_patients_in_two_splits_are_counted(tmp_path: Path) -> None:
    one = synthetic_source(3, seed=1)
    sources = {
        "train": replace(one, patient_ids=["p", "q", None]),
        "test": replace(one, patient_ids=["p", "r", None], record_ids=["a", "b", "c"]),
    }
    meta = build_store(tmp_path / "store", sources=sources, spec=SPEC).meta
    # "p", and the synthetic patient behind the unknown one.
    assert meta["patients_in_two_splits"] == 2


def test_fail_stops_at_the_first_bad_record(tmp_path: Path, store: Store, sources: dict[str, RecordSource]) -> None:
    with pytest.raises(InputRefusedError, match=r"record bad-3: .*wrong gain"):
        build_store(tmp_path / "strict", sources=sources, spec=SPEC, on_bad=OnBad.FAIL)
    with pytest.raises(InputRefusedError, match=r"record bad-3: .*wrong gain"):
        build_store(store.folder, sources=sources, spec=SPEC, on_bad=OnBad.FAIL)
    lost = {"train": replace(varied(2, seed=1), left_out={"exam 7": "exam 7: in no part"})}
    with pytest.raises(InputRefusedError, match="exam 7: in no part"):
        build_store(tmp_path / "lost", sources=lost, spec=SPEC, on_bad=OnBad.FAIL)
    kept = build_store(tmp_path / "lost", sources=lost, spec=SPEC)
    assert kept.meta["skipped"] == [{"record": "exam 7", "split": None, "reason": "exam 7: in no part"}]


def test_a_finished_store_is_opened_and_another_one_refused(store: Store, sources: dict[str, RecordSource]) -> None:
    seen: list[int] = []
    again = build_store(store.folder, sources=sources, spec=SPEC, advance=seen.append)
    assert again.meta == store.meta
    assert seen == [22]
    for spec, others in (
        (replace(SPEC, sampling_rate=250.0), sources),
        (SPEC, {"train": sources["train"]}),
        (SPEC, {**sources, "val": replace(sources["val"], fingerprint="other labels")}),
    ):
        with pytest.raises(UsageError, match="store of other records or settings"):
            build_store(store.folder, sources=others, spec=spec)


def test_an_interrupted_build_goes_on_to_the_same_content(
    tmp_path: Path, store: Store, sources: dict[str, RecordSource]
) -> None:
    class StopError(Exception):
        pass

    def stop(count: int) -> None:
        progress.append(count)
        if sum(progress) >= 16:
            raise StopError

    progress: list[int] = []
    folder = tmp_path / "halfway"
    with pytest.raises(StopError):
        build_store(folder, sources=sources, spec=SPEC, advance=stop)
    assert sorted(path.name for path in folder.iterdir()) == ["building.json", "shard-00000.json", "shard-00000.npy"]
    with pytest.raises(UsageError, match="unfinished store: run the same vizecg prepare again"):
        open_store(folder)
    with pytest.raises(UsageError, match="store of other records or settings"):
        build_store(folder, sources=sources, spec=replace(SPEC, sampling_rate=250.0))
    done = (folder / "shard-00000.npy").stat().st_mtime_ns
    assert build_store(folder, sources=sources, spec=SPEC).meta == store.meta
    assert (folder / "shard-00000.npy").stat().st_mtime_ns == done


def read_until_killed(index: int) -> EcgRecord:
    if index == 12:
        os._exit(9)
    return synthetic_record(index, seed=1)


def test_a_killed_worker_is_one_line(tmp_path: Path) -> None:
    source = replace(synthetic_source(20, seed=1), read=read_until_killed)
    with pytest.raises(StoreError, match="a worker process was killed"):
        build_store(tmp_path / "store", sources={"train": source}, spec=SPEC, workers=2)


def test_fail_sees_what_was_skipped_before_an_interruption(tmp_path: Path, sources: dict[str, RecordSource]) -> None:
    folder = tmp_path / "store"
    meta = build_store(folder, sources=sources, spec=SPEC).meta
    # As an interrupted build leaves it after the last shard.
    (folder / "store.json").unlink()
    (folder / "building.json").write_text(json.dumps({"key": meta["key"]}))
    with pytest.raises(InputRefusedError, match=r"record bad-3: .*wrong gain"):
        build_store(folder, sources=sources, spec=SPEC, on_bad=OnBad.FAIL)
    assert build_store(folder, sources=sources, spec=SPEC).meta == meta


def change_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-200] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "damage", "message", "at_open"),
    [
        ("shard-00001.npy", change_byte, "shard-00001.npy was changed", False),
        ("shard-00001.npy", lambda path: path.write_bytes(path.read_bytes()[:-1]), "bytes, expected", True),
        ("shard-00001.npy", Path.unlink, "shard-00001.npy is missing", True),
        ("shard-00000.json", change_byte, "shard-00000.json was changed", True),
        ("store.json", lambda path: path.write_text(path.read_text()[:-30]), "store.json is damaged", True),
        ("store.json", lambda path: path.write_text("[]"), "store.json is damaged", True),
    ],
)
def test_damage_is_found(
    store: Store, name: str, damage: Callable[[Path], object], message: str, at_open: bool
) -> None:
    damage(store.folder / name)
    if not at_open:
        open_store(store.folder)  # sizes are right: only reading every byte can tell
    with pytest.raises(StoreError, match=message) as error:
        store_source(store.folder, split="train", verify=not at_open)
    assert error.value.exit_code == 6


def test_changed_metadata_and_other_schemas(store: Store) -> None:
    path = store.folder / "store.json"
    meta = json.loads(path.read_text())
    path.write_text(json.dumps(meta | {"schema_version": 9}))
    with pytest.raises(StoreError, match="schema 9, this version reads 1"):
        open_store(store.folder)
    path.write_text(json.dumps(meta | {"shards": meta["shards"][:1]}))
    with pytest.raises(StoreError, match="not those of its content hash"):
        open_store(store.folder)


def test_a_store_of_doubled_millivolts_is_not_read(store: Store) -> None:
    """As CODE-15% and CODE-test were prepared before their unit was known."""
    path = store.folder / "store.json"
    meta = json.loads(path.read_text())
    for name in ("CODE-15% train of split seed 0", "PTB-XL folds 9 + CODE-test"):
        path.write_text(json.dumps(meta | {"source": name}))
        with pytest.raises(StoreError, match="taken for millivolts, which they are twice of: make it again"):
            store_source(store.folder, split="train")
    path.write_text(json.dumps(meta | {"source": "CODE-15% (2 values a mV) train of split seed 0"}))
    assert len(store_source(store.folder, split="train")) == 18


def test_folders_that_are_no_store(tmp_path: Path, store: Store, sources: dict[str, RecordSource]) -> None:
    with pytest.raises(UsageError, match="holds no store"):
        store_source(tmp_path, split="train")
    with pytest.raises(UsageError, match="there is no record"):
        store_source(store.folder, split="test")
    with pytest.raises(UsageError, match="unknown split 'dev'"):
        store_source(store.folder, split="dev")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "x.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty and holds no store"):
        build_store(tmp_path / "notes", sources=sources, spec=SPEC)


def test_jobs_are_taken_only_when_there_is_room() -> None:
    taken: list[int] = []

    def endless() -> Iterator[int]:
        for number in itertools.count():
            taken.append(number)
            yield -number

    for workers in (1, 2):
        taken.clear()
        with contextlib.closing(bounded_map(abs, endless(), workers=workers)) as results:
            assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
        assert len(taken) < 20


def test_synthetic_sets_refuse_folders_of_others(tmp_path: Path) -> None:
    spec = SynthSpec(kind=SynthFormat.CODE15, n=3, labels=("AF",))
    synth(tmp_path / "a", spec=spec)
    synth(tmp_path / "a", spec=spec)
    assert (tmp_path / "a" / "exams.csv").read_text().count("True") == 3
    with pytest.raises(UsageError, match="of other settings"):
        synth(tmp_path / "a", spec=replace(spec, n=4))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.txt").write_text("mine")
    for kind in SynthFormat:
        with pytest.raises(UsageError, match="is not empty"):
            synth(tmp_path / "b", spec=replace(spec, kind=kind))
    with pytest.raises(UsageError, match="SB"):
        SynthSpec(kind=SynthFormat.CODE15, n=3, labels=("AF", "SB"))
