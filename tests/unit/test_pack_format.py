"""A pack is read as it was written, or refused in one line."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_bundles import make_bundle
from packs import SPEC, N, content, header, section
from vizecg.spec import CODE6, BundleError, UsageError
from vizecg.spec.fingerprint import sha256_bytes
from vizecg_bench.pack.evaluate import evaluate_pack, float_logits, pack_logits, score
from vizecg_bench.pack.format import Pack, open_pack
from vizecg_bench.pack.header import CHUNK, HEADER
from vizecg_bench.pack.write import PackWriter

pytestmark = pytest.mark.unit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "p.pack"
    with PackWriter(file, header()) as writer:
        writer.add(section(), **content())
        writer.add(section("photo@0.5", 3), **content(3))
    return file


def means(image: np.ndarray) -> np.ndarray:
    """A network of six blurred eyes."""
    assert image.shape == (1, 1, 32, 48)
    return np.asarray(image.reshape(6, -1).mean(axis=1))


def test_what_was_written_is_read(path: Path) -> None:
    pack, wanted = open_pack(path), content()
    found = pack.sections["photo"]
    assert found.record_ids == tuple(wanted["record_ids"])
    np.testing.assert_array_equal(found.labels, wanted["labels"])
    np.testing.assert_array_equal(found.logits, wanted["logits"])
    chunks = list(pack.inks("photo"))
    assert [len(chunk) for chunk in chunks] == [CHUNK, 5]
    np.testing.assert_array_equal(np.concatenate(chunks), wanted["inks"])
    assert pack.part().sections == {"photo": N, "photo@0.5": 3}


def test_the_same_content_is_the_same_file(path: Path, tmp_path: Path) -> None:
    with PackWriter(tmp_path / "q.pack", header()) as writer:
        writer.add(section(), **content())
        writer.add(section("photo@0.5", 3), **content(3))
    assert (tmp_path / "q.pack").read_bytes() == path.read_bytes()


def test_an_unfinished_pack_leaves_no_file(tmp_path: Path) -> None:
    wrong = {**content(), "inks": content()["inks"][:-1]}
    with (
        pytest.raises(ValueError, match="expected 21 ink maps, got 20"),
        PackWriter(tmp_path / "p", header()) as writer,
    ):
        writer.add(section(), **wrong)
    assert list(tmp_path.iterdir()) == []


def test_every_sheet_is_asked_once_and_in_order(path: Path) -> None:
    pack = open_pack(path)
    found = pack_logits(pack, means, sections=["photo@0.5"])
    inks = np.concatenate(list(pack.inks("photo@0.5"))).astype(np.float64)
    wanted = (inks / 255 - SPEC.mean) / SPEC.std
    np.testing.assert_allclose(found["photo@0.5"], wanted.reshape(3, 6, -1).mean(axis=2), rtol=1e-5)


def test_the_float_network_keeps_all_of_itself(path: Path) -> None:
    pack = open_pack(path, sections=["photo"])
    accuracy = score(pack, float_logits(pack), bootstraps=20)
    assert list(accuracy.sections) == ["photo"]
    told = accuracy.sections["photo"]
    assert {told.retention[name].value for name in ("f1", "auroc")} == {1.0}
    assert {(flips.lost, flips.won, flips.mcnemar_p) for flips in told.flips.values()} == {(0, 0, 1.0)}
    assert told.largest_difference == 0


def test_an_engine_that_answers_nonsense_is_named(path: Path) -> None:
    with pytest.raises(BundleError, match="6 finite logits of a sheet of photo"):
        evaluate_pack(open_pack(path), logits=lambda image: np.full(6, np.nan))


def test_unknown_sections_and_wrong_logits_are_usage(path: Path) -> None:
    with pytest.raises(UsageError, match="no section 'monitor': it has photo, photo@"):
        open_pack(path, sections=["monitor"])
    with pytest.raises(UsageError, match=r"expected finite logits \(21, 6\)"):
        score(open_pack(path), {"photo": np.zeros((3, 6))})
    with pytest.raises(UsageError, match="does not exist"):
        open_pack(path.with_name("none.pack"))


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The pack with other files in it."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def listed(files: dict[str, bytes], name: str, data: bytes) -> None:
    """Replace a file, and its hash in the header."""
    told = json.loads(files[HEADER])
    told["members"][name] = sha256_bytes(data)
    files[name], files[HEADER] = data, json.dumps(told).encode()


def edited(files: dict[str, bytes], **changes: Any) -> None:
    files[HEADER] = json.dumps({**json.loads(files[HEADER]), **changes}).encode()


def npy(array: np.ndarray) -> bytes:
    target = io.BytesIO()
    np.save(target, array)
    return target.getvalue()


def bomb(array: np.ndarray, claimed: str) -> bytes:
    return npy(array).replace(f"{array.shape}".encode(), claimed.encode())


LOGITS, SHEETS = "photo/logits.npy", "photo/inks-00001.npy"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda f: f.pop(SHEETS), "not those listed"),
        (lambda f: f.update({"more.npy": b"1"}), "not those listed, for example more.npy"),
        (lambda f: f.pop(HEADER), "no evaluation pack: it has no header.json"),
        (lambda f: f.update({LOGITS: f[LOGITS][:-1] + b"9"}), "has changed since the pack was made"),
        (lambda f: f.update({LOGITS: b"0" * (1 << 24)}), "larger than"),
        (lambda f: f.update({HEADER: b"{"}), "header cannot be read"),
        (lambda f: f.update({HEADER: b"\xff"}), "is not text"),
        (lambda f: f.update({HEADER: b"[" * 100_000}), "header cannot be read"),
        (lambda f: edited(f, schema_version=2), "schema 2 is not 1"),
        (lambda f: edited(f, labels=list(CODE6.names[:5])), "its rule is for 6 labels, not 5"),
        (lambda f: edited(f, labels=["../x", *CODE6.names[1:]]), "a name has 1 to 40"),
        (lambda f: edited(f, seed="none"), "seed: expected int"),
        (lambda f: edited(f, extra=1), "unexpected keyword"),
        (lambda f: edited(f, sections=[]), "expected 1 to"),
        (lambda f: edited(f, sections=[{"name": "../p", "kind": "drawn", "n": 3, "condition": "c"}]), "section's name"),
        (lambda f: edited(f, sections=[{"name": "p", "kind": "drawn", "n": 10**9, "condition": "c"}]), "sheets"),
        (lambda f: listed(f, LOGITS, npy(np.zeros((N, 6)))), "float64"),
        (lambda f: listed(f, LOGITS, npy(np.zeros((N, 5), np.float32))), "expected float32"),
        (lambda f: listed(f, LOGITS, bomb(np.zeros((N, 6), np.float32), "(99, 6)")), "expected float32"),
        (lambda f: listed(f, LOGITS, npy(np.full((N, 6), np.inf, np.float32))), "not finite"),
        (lambda f: listed(f, LOGITS, b"PK"), "no .npy file"),
        (lambda f: listed(f, "photo/labels.npy", npy(np.full((N, 6), 2, np.uint8))), "expected 0 and 1"),
        (lambda f: listed(f, "photo/ids.json", b'["a"]'), "1 different names, expected 21"),
        (lambda f: listed(f, "photo/ids.json", b"{}"), "not a list of names"),
    ],
)  # fmt: skip
def test_a_changed_pack_is_refused(path: Path, change: Callable[[dict[str, bytes]], None], told: str) -> None:
    with pytest.raises(BundleError, match=told) as refused:
        open_pack(rewritten(path, change))
    assert "\n" not in str(refused.value)


def test_a_pack_of_labels_in_another_order_is_not_for_the_bundle(path: Path, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b.vizecg")
    told, pack = bundle.manifest, open_pack(path)
    header = replace(
        pack.header, checkpoint_sha256=told.checkpoint.get("sha256"), sheet=told.sheet, preprocess=told.preprocess
    )
    replace(pack, header=header).check_bundle(bundle)
    turned = replace(header, labels=tuple(reversed(CODE6.names)))
    with pytest.raises(BundleError, match="is of another label set than bundle tiny"):
        replace(pack, header=turned).check_bundle(bundle)


def test_changed_sheets_are_refused_as_they_are_read(path: Path) -> None:
    pack = open_pack(rewritten(path, lambda files: files.update({SHEETS: files["photo/inks-00000.npy"]})))
    with pytest.raises(BundleError, match="photo/inks-00001"):
        list(pack.inks("photo"))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_cut_file_is_refused(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(BundleError, match="no evaluation pack, or damaged"):
        open_pack(path)


def test_flipped_bytes_are_refused(path: Path) -> None:
    data = bytearray(path.read_bytes())

    def everything(pack: Pack) -> None:
        for name in pack.sections:
            list(pack.inks(name))

    wanted = sha256_bytes(data)
    for place in range(60, len(data) - 400, len(data) // 40):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        try:
            everything(open_pack(path))
        except BundleError:
            continue
        # Bytes that mean nothing, such as a file's time, still change the fingerprint.
        assert open_pack(path).sha256 != wanted
