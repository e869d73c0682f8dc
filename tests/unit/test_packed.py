"""The packed store: what comes back, which records are taken, and what is refused."""

from __future__ import annotations

import json
import lzma
import pickle
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tolerances import tolerance
from vizecg.data.choices import OnBad
from vizecg.data.packed.build import PackRequest, build_packed
from vizecg.data.packed.choice import Choice, Group
from vizecg.data.packed.coding import compress, decode, encode, expand, to_half_steps
from vizecg.data.packed.file import MAGIC, TAIL, PackedStore, content_hash, open_packed
from vizecg.data.packed.parts import PackedPart, PackResult
from vizecg.data.packed.source import packed_source
from vizecg.data.packed.write import PackedWriter
from vizecg.data.registry import SourceRequest, build_source
from vizecg.data.source import RecordSource, synthetic_source
from vizecg.records import EcgRecord
from vizecg.records.synthetic import synthetic_record
from vizecg.spec import CODE6, LEADS, InputRefusedError, StoreError, UsageError
from vizecg.spec.fingerprint import sha256_bytes

pytestmark = pytest.mark.unit

ALL = PackRequest()
LEAD_BOUND = {"III": 1.0, "aVL": 0.75, "aVF": 0.75}
"""Steps that a lead may be off after rounding I and II; half a one for the others."""


def read_varied(index: int, *, seed: int) -> EcgRecord:
    """Records of 100 Hz and two lengths; number 3 fails its checks and number 5 has no labels."""
    record = synthetic_record(index, seed=seed, sampling_rate=100.0, duration_s=5 + index % 2)
    if index == 3:
        EcgRecord(signal=record.signal * 1000, sampling_rate=100.0, record_id=f"bad-{index}")
    return replace(record, labels=None) if index == 5 else record


def varied(n: int, *, seed: int) -> RecordSource:
    return replace(synthetic_source(n, seed=seed), read=partial(read_varied, seed=seed))


@pytest.fixture(scope="module")
def sources() -> dict[str, RecordSource]:
    return {"train": varied(30, seed=1), "val": varied(4, seed=2)}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where packed stores are unpacked."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "vizecg" / "packed"


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory, sources: dict[str, RecordSource]) -> PackedStore:
    return build_packed(tmp_path_factory.mktemp("packed") / "all.ecgpack", sources=sources, request=ALL)


@pytest.mark.parametrize("step_uv", [10.0, 20.0])
def test_signals_come_back_to_the_step(tmp_path: Path, sources: dict[str, RecordSource], step_uv: float) -> None:
    path = tmp_path / "all.ecgpack"
    build_packed(path, sources=sources, request=PackRequest(step_uv=step_uv))
    for split, want in sources.items():
        source = build_source("store", SourceRequest(root=path, split=split, verify=True))
        read = pickle.loads(pickle.dumps(source.read))
        kept = [index for index in range(len(want)) if index != 3]
        assert list(source.record_ids) == [want.record_ids[index] for index in kept]
        for item, index in zip(source.items, kept, strict=True):
            got, original = read(item), want.read(want.items[index])
            assert (got.sampling_rate, got.patient_id) == (100.0, original.patient_id)
            assert got.labels is None if index == 5 else np.array_equal(got.labels, original.labels)
            for row, lead in enumerate(LEADS):
                bound = tolerance("packed-steps") * LEAD_BOUND.get(lead, 0.5) * step_uv / 1000
                np.testing.assert_allclose(got.signal[row], original.signal[row], atol=bound, err_msg=lead)


def test_any_16_bits_survive_and_derived_leads_are_whole_halves() -> None:
    rng = np.random.default_rng(0)
    records = [rng.integers(-32768, 32768, (n, 8)).astype(np.int16) for n in (1, 300, 7)]
    np.testing.assert_array_equal(decode(encode(records), rows=308), np.concatenate(records))
    steps = np.array([[3, 4, 0, 1, 2, 3, 4, 5], [-5, 2, 0, 0, 0, 0, 0, 0]], np.int16)
    halves = to_half_steps(steps)
    np.testing.assert_array_equal(halves[:, :6], [[6, 8, 2, -7, 2, 5], [-10, 4, 14, 3, -12, 9]])
    np.testing.assert_array_equal(halves[:, 6:], 2 * steps[:, 2:])
    with pytest.raises(ValueError, match="out of the range"):
        to_half_steps(np.full((1, 8), 20_000, np.int16))


def test_the_same_input_gives_the_same_bytes_however_many_the_workers(tmp_path: Path) -> None:
    sources = {"train": synthetic_source(6, seed=1), "val": synthetic_source(2, seed=2)}
    files = [
        build_packed(tmp_path / f"{workers}.ecgpack", sources=sources, request=ALL, workers=workers).path.read_bytes()
        for workers in (1, 2)
    ]
    assert files[0] == files[1]


def test_what_was_taken_and_skipped_is_told(packed: PackedStore) -> None:
    assert [packed.header["counts"][split]["records"] for split in ("train", "val")] == [29, 3]
    assert packed.header["counts"]["train"]["unknown"] == 1
    assert packed.header["left_out"]["train"]["records"] == 0
    assert [(lost["record"], lost["split"]) for lost in packed.skipped] == [
        ("synthetic-2-3", "val"), ("synthetic-1-3", "train")
    ]  # fmt: skip
    assert "wrong gain" in packed.skipped[0]["reason"]


def negatives_first(n: int) -> RecordSource:
    """The first half shows none of the six."""
    source = synthetic_source(n, seed=1)
    return replace(source, read=partial(read_negatives_first, half=n // 2))


def read_negatives_first(index: int, *, half: int) -> EcgRecord:
    record = synthetic_record(index, seed=1, sampling_rate=100.0, duration_s=10)
    labels = np.zeros(6, np.float32)
    labels[0] = float(index >= half)
    return replace(record, labels=labels)


@pytest.mark.parametrize("share", [0.9, 0.6])
def test_a_budget_keeps_validation_and_positives_and_leaves_out_negatives(tmp_path: Path, share: float) -> None:
    sources = {"train": negatives_first(60), "val": varied(3, seed=2)}
    whole = build_packed(tmp_path / "whole.ecgpack", sources=sources, request=ALL)
    # The header takes a part that does not depend on the records.
    budget_mib = (whole.path.stat().st_size * share + 8192) / 2**20
    progress: list[int] = []
    small = build_packed(
        tmp_path / "small.ecgpack", sources=sources, request=PackRequest(budget_mib=budget_mib),
        advance=progress.append,
    )  # fmt: skip
    size = small.path.stat().st_size
    assert 0.85 * budget_mib * 2**20 - 8192 < size <= budget_mib * 2**20
    assert sum(progress) == 63
    counts, left_out = small.header["counts"], small.header["left_out"]["train"]
    assert (counts["val"]["records"], counts["train"]["1dAVb"]) == (3, 30)
    assert left_out["positives"] == 0
    assert left_out["records"] == left_out["negatives"] == 30 - counts["train"]["none"] > 0
    # More of the same order under a larger budget: which are taken depends on the seed and their ids alone.
    order = Choice.of(sources["train"], seed=0).places[Group.NEGATIVES]
    taken = {int(name.rsplit("-", 1)[1]) for name in packed_source(small.path, split="train").record_ids}
    assert taken == set(range(30, 60)) | set(order[: counts["train"]["none"]])
    other = Choice.of(sources["train"], seed=1).places[Group.NEGATIVES]
    assert sorted(other) == sorted(order) != order != other


def test_a_budget_that_does_not_hold_validation_says_what_is_needed(
    tmp_path: Path, sources: dict[str, RecordSource]
) -> None:
    with pytest.raises(UsageError, match=r"--budget-mib 0.01 does not hold .* they need 0\.\d MiB"):
        build_packed(tmp_path / "x.ecgpack", sources=sources, request=PackRequest(budget_mib=0.01))
    assert list(tmp_path.iterdir()) == []


def read_other_rate(index: int) -> EcgRecord:
    return synthetic_record(index, seed=1, sampling_rate=100.0 + 100 * (index == 2), duration_s=5)


def test_records_of_other_rates_are_resampled_only_on_request(tmp_path: Path) -> None:
    sources = {"train": replace(synthetic_source(4, seed=1), read=read_other_rate)}
    path = tmp_path / "x.ecgpack"
    with pytest.raises(UsageError, match="has 200 Hz, the first one 100 Hz: name one rate with --sampling-rate"):
        build_packed(path, sources=sources, request=ALL)
    packed = build_packed(path, sources=sources, request=PackRequest(sampling_rate=200.0))
    assert (packed.columns["samples"], packed.sampling_rate) == ([1000] * 4, 200.0)


def read_faint(index: int) -> EcgRecord:
    """V1 moves by 8 microvolts: enough for a record, less than half a step of 20."""
    record = synthetic_record(index, seed=1, sampling_rate=100.0, duration_s=5)
    signal = record.signal.copy()
    if index == 1:
        signal[LEADS.index("V1")] = np.where(np.arange(500) % 50, 0.001, 0.009)
    return replace(record, signal=signal)


def test_what_would_fail_its_checks_when_read_is_skipped(tmp_path: Path) -> None:
    sources = {"train": replace(synthetic_source(3, seed=1), read=read_faint)}
    packed = build_packed(tmp_path / "x.ecgpack", sources=sources, request=ALL)
    assert [lost["record"] for lost in packed.skipped] == ["synthetic-1-1"]
    assert "V1 flat" in packed.skipped[0]["reason"]
    with pytest.raises(InputRefusedError, match="V1 flat"):
        build_packed(tmp_path / "y.ecgpack", sources=sources, request=ALL, on_bad=OnBad.FAIL)
    assert [path.name for path in tmp_path.glob("*.ecgpack*")] == ["x.ecgpack"]


def test_unpacked_once_and_made_again_when_it_was_lost(
    packed: PackedStore, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = packed_source(packed.path, split="train")
    (folder,) = cache.iterdir()
    before = (folder / "store.json").stat().st_mtime_ns
    assert list(packed_source(packed.path, split="train").record_ids) == list(first.record_ids)
    assert (folder / "store.json").stat().st_mtime_ns == before
    (folder / "shard-00000.npy").write_bytes(b"cut")
    again = packed_source(packed.path, split="train")
    np.testing.assert_array_equal(again.read(again.items[0]).signal, first.read(first.items[0]).signal)
    monkeypatch.setenv("XDG_CACHE_HOME", str(packed.path))  # a file: nothing can be written below it
    with pytest.raises(StoreError, match=r"cannot be unpacked into .*XDG_CACHE_HOME names another place"):
        packed_source(packed.path, split="train")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def byte_at(place: Callable[[Path], int]) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[place(path)] ^= 1
        path.write_bytes(data)

    return change


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut, "does not end as a packed store"),
        (lambda path: path.write_bytes(b"RIFF" + path.read_bytes()[4:]), "is no packed store"),
        (lambda path: path.write_bytes(MAGIC), "is cut short"),
        (lambda path: path.write_bytes(b""), "is no packed store"),
        (byte_at(lambda path: len(MAGIC) + 1000), "block 0 has another sha256"),
        (byte_at(lambda path: path.stat().st_size - TAIL.size - 10), "its header has another sha256"),
        (byte_at(lambda path: sum(block.packed for block in open_packed(path).blocks) + len(MAGIC) + 5), "its table"),
    ],
)
def test_damage_is_found(tmp_path: Path, packed: PackedStore, damage: Callable[[Path], object], message: str) -> None:
    path = tmp_path / "damaged.ecgpack"
    path.write_bytes(packed.path.read_bytes())
    damage(path)
    with pytest.raises(StoreError, match=message) as error:
        packed_source(path, split="val")
    assert error.value.exit_code == 6
    assert "\n" not in str(error.value)


def rewritten(path: Path, packed: PackedStore, **changes: Any) -> Path:
    """The same file with another header, whose hashes are right."""
    header = {**packed.header, **changes}
    header["content_sha256"] = content_hash(header)
    text = json.dumps(header).encode()
    old = len(json.dumps(packed.header).encode())
    body = packed.path.read_bytes()[: -TAIL.size - old]
    path.write_bytes(body + text + TAIL.pack(len(text), bytes.fromhex(sha256_bytes(text)), b"endpack\n"))
    return path


def test_headers_that_cannot_be(tmp_path: Path, packed: PackedStore) -> None:
    path = tmp_path / "x.ecgpack"
    assert open_packed(rewritten(path, packed)).header == packed.header
    block, table = packed.header["blocks"][0], packed.header["table"]
    rest = packed.header["blocks"][1:]
    for changes, message in (
        ({"schema_version": 9}, "schema 9, this version reads 1"),
        ({"labels": ["AF"]}, "labels that cannot be"),
        ({"labels": ["../AF"]}, "a name has 1 to 40"),
        ({"step_uv": -1.0}, "-1.0 microvolts a step"),
        ({"blocks": [{**block, "rows": block["rows"] + 1}, *rest]}, "not those of its blocks"),
        ({"blocks": [{**block, "rows": 2_000_000}, *rest]}, "a block of 2000000 rows|that would become"),
        ({"blocks": [{**block, "packed": 10**9}, *rest]}, "a part of 1000000000 bytes"),
        ({"blocks": [*packed.header["blocks"], block]}, "bytes for a table of"),
        ({"blocks": [{"packed": 1}]}, "is damaged: TypeError"),
        ({"blocks": 3}, "is damaged: TypeError"),
        ({"table": {**table, "unpacked": 10**12}}, "a table of 1000000000000 bytes"),
        ({"table": {**table, "unpacked": table["unpacked"] - 1}}, "cannot be unpacked: expected"),
    ):
        with pytest.raises(StoreError, match=message):
            open_packed(rewritten(path, packed, **changes))


def test_a_bomb_is_refused_before_it_bursts(tmp_path: Path) -> None:
    bomb = compress(bytes(64 * 2**20))
    assert len(bomb) < 20_000
    with pytest.raises(StoreError, match="expected 160 bytes"):
        expand(bomb, size=160)
    path = tmp_path / "bomb.ecgpack"
    for rows, message in ((1_000_000, "that would become 16000000"), (500, "block 0 cannot be unpacked")):
        with path.open("wb") as file:
            writer = PackedWriter(file=file, labels=6)
            table = [("a", None, "train", 0, rows, 0)]
            writer.add(
                PackResult(split="train", records=1, parts=[PackedPart(data=bomb, rows=rows, table=table, size=0)])
            )
            writer.finish(
                {
                    "source": "a stranger", "leads": ["I", "II", *LEADS[6:]], "labels": list(CODE6.names),
                    "step_uv": 20.0, "sampling_rate": 100.0, "counts": {},
                }
            )  # fmt: skip
        with pytest.raises(StoreError, match=message):
            packed_source(path, split="train")
    with pytest.raises(StoreError, match="cannot be unpacked"):
        expand(lzma.compress(b"another container"), size=17)


def test_wrong_requests(tmp_path: Path, packed: PackedStore, sources: dict[str, RecordSource]) -> None:
    for wrong, message in (
        ({"step_uv": 15.0}, "--step-uv must be 10 or 20"),
        ({"sampling_rate": 5.0}, "50 to 5000 Hz"),
        ({"budget_mib": 0.0}, "must be positive"),
    ):
        with pytest.raises(UsageError, match=message):
            PackRequest(**wrong)
    with pytest.raises(UsageError, match="exists: name another file"):
        build_packed(packed.path, sources=sources, request=ALL)
    with pytest.raises(UsageError, match="does not exist"):
        open_packed(tmp_path / "none.ecgpack")
    with pytest.raises(UsageError, match="there is no record"):
        packed_source(packed.path, split="test")
