"""``make-key``, ``sign`` and ``run``, as a user types them: the exit code and the line of every kind of bundle."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import pytest

from children import CHILD_LIMIT_S
from contract_bundles import sealed
from edge_bundles import make_bundle, write_model
from vizecg.spec.manifest import GOLDEN, MANIFEST
from vizecg_edge.pipeline import DEFAULT_BUNDLE
from vizecg_edge.selftest import PHOTO
from warm_start import run_command

pytestmark = pytest.mark.integration

PHOTOGRAPH = DEFAULT_BUNDLE / PHOTO


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key ``maker``, another ``other``, and two bundles, of which the maker signed ``signed``."""
    folder = tmp_path_factory.mktemp("made")
    for name in ("maker", "other"):
        done = run_command("vizecg_export.cli", "make-key", folder / name)
        assert (done.returncode, done.stderr) == (0, "")
    for name in ("signed", "unsigned"):
        make_bundle(folder / name)
    done = run_command("vizecg_export.cli", "sign", folder / "signed", "--key", folder / "maker", "--json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert len(told["key_ids"]) == 1
    return folder


def read(bundle: Path, *arguments: object, records: Path) -> tuple[int, list[str], str]:
    """Exit code, lines on stderr, and stdout, of one photograph."""
    done = run_command(
        "vizecg_edge.cli", "run", PHOTOGRAPH, "--bundle", bundle, "--threads", 1, "--json", *arguments,
        environment={"VIZECG_CHECKED": str(records)},
    )  # fmt: skip
    return done.returncode, done.stderr.splitlines(), done.stdout


def test_a_signed_bundle_is_read_and_its_origin_told(made: Path, tmp_path: Path) -> None:
    code, lines, out = read(made / "signed", "--trust", made / "maker.pub", records=tmp_path)
    assert (code, lines) == (0, [])
    assert json.loads(out)["bundle"]["origin"] == "signed"
    assert len(list(tmp_path.iterdir())) == 1, "it is remembered that its golden answers are right"


def test_an_unsigned_bundle_is_read_and_told_of(made: Path, tmp_path: Path) -> None:
    code, lines, out = read(made / "unsigned", records=tmp_path)
    assert code == 0
    assert len(lines) == 1
    assert "is unsigned: nothing tells who made it" in lines[0]
    assert json.loads(out)["bundle"]["origin"] == "unsigned"


def changed_after_signing(bundle: Path) -> None:
    write_model(bundle / "model.onnx", seed=5)
    sealed(bundle)


def changed_file(bundle: Path) -> None:
    write_model(bundle / "model.onnx", seed=5)


def unlisted(bundle: Path) -> None:
    (bundle / "more.bin").write_bytes(b"x")


def external(bundle: Path) -> None:
    model = onnx.load(str(bundle / "model.onnx"))
    onnx.external_data_helper.convert_model_to_external_data(model, location="w.bin", size_threshold=50)
    onnx.save(model, str(bundle / "model.onnx"))
    (bundle / "w.bin").rename(bundle.parent / "w.bin")
    reseal(bundle)


def bomb(bundle: Path) -> None:
    np.savez_compressed(bundle / GOLDEN, inks=np.zeros((100, 1 << 20), np.uint8), float_logits=np.zeros((100, 6)))
    reseal(bundle)


def exchanged(bundle: Path) -> None:
    write_model(bundle / "model.onnx", seed=5)
    reseal(bundle)


def reseal(bundle: Path) -> None:
    manifest = json.loads((bundle / MANIFEST).read_text())
    files = {name: sha256((bundle / name).read_bytes()).hexdigest() for name in manifest["files"]}
    (bundle / MANIFEST).write_text(json.dumps({**manifest, "files": files}))


REFUSED: dict[str, tuple[str, Callable[[Path], None], tuple[str, ...], str]] = {
    "unsigned, though required": ("unsigned", lambda b: None, ("--signature", "require"), "is unsigned"),
    "unsigned, with keys": ("unsigned", lambda b: None, ("--trust", "maker.pub"), "is unsigned"),
    "foreign key": ("signed", lambda b: None, ("--trust", "other.pub"), "which .*other.pub does not hold"),
    "changed after signing": ("signed", changed_after_signing, ("--trust", "maker.pub"), "after it was signed"),
    "changed file": ("signed", changed_file, (), "model.onnx was changed since the export"),
    "unlisted file": ("unsigned", unlisted, (), "more.bin is a file that the manifest does not list"),
    "external data": ("unsigned", external, (), "has weights in w.bin, not listed for it"),
    "bomb": ("unsigned", bomb, (), "would take 100 MiB, at most 64 are read"),
    "exchanged network": ("unsigned", exchanged, (), "does not give its golden answers"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_nobody_vouches_for_exits_6_in_one_line(kind: str, made: Path, tmp_path: Path) -> None:
    name, change, options, says = REFUSED[kind]
    bundle = Path(shutil.copytree(made / name, tmp_path / "b"))
    change(bundle)
    given = [made / one if one.endswith(".pub") else one for one in options]
    code, lines, out = read(bundle, *given, records=tmp_path / "records")
    assert code == 6
    assert len(lines) == 1, "one line"
    assert json.loads(out)["exit_code"] == 6
    assert re.search(says, lines[0]), lines


def test_no_check_reads_what_was_exchanged(made: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(made / "unsigned", tmp_path / "b"))
    exchanged(bundle)
    code, lines, _ = read(bundle, "--no-check", "--signature", "off", records=tmp_path / "records")
    assert (code, lines) == (0, [])
    assert not (tmp_path / "records").exists()


def test_the_shipped_bundle_needs_no_signature(made: Path, tmp_path: Path) -> None:
    done = run_command(
        "vizecg_edge.cli", "selftest", "--signature", "require", "--trust", made / "other.pub", "--threads", 1, "--json"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["bundle"]["origin"] == "shipped"


def test_no_engine_is_built_of_what_nobody_vouches_for(made: Path) -> None:
    done = run_command("vizecg_edge.cli", "build", made / "unsigned", "--signature", "require")
    assert (done.returncode, done.stdout) == (6, "")
    assert "is unsigned: nothing tells who made it: it is not taken" in done.stderr


def test_keys_that_are_not_there_are_a_wrong_option(made: Path, tmp_path: Path) -> None:
    code, lines, _ = read(made / "signed", "--trust", tmp_path / "nowhere.pub", records=tmp_path / "records")
    assert code == 2
    assert lines == [f"error: {tmp_path / 'nowhere.pub'} cannot be read: No such file or directory"]


def test_onnx_runtime_keeps_no_identifier_of_the_device_and_reports_to_nobody(tmp_path: Path) -> None:
    code = (
        "from vizecg.spec.manifest import open_bundle; from vizecg_edge.shipped import DEFAULT_BUNDLE;"
        "from vizecg_edge.backends.choose import open_backend; open_backend(open_bundle(DEFAULT_BUNDLE), threads=1)"
    )
    # Under a test runner, or in a CI, it reports nothing by itself.
    known = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_", "CI", "GITHUB"))}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**known, "HOME": str(tmp_path)}, timeout=CHILD_LIMIT_S, check=False
    )
    assert done.returncode == 0
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
