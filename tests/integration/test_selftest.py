"""``vizecg-edge selftest`` on bundles that are right, changed, or half there."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vizecg.spec import CODE6, BundleError
from vizecg.spec.manifest import GOLDEN, hash_files, open_bundle, publish_bundle
from vizecg_edge.pipeline import DEFAULT_BUNDLE, Pipeline
from vizecg_edge.selftest import EXPECTED, NO_PHOTO, PHOTO, run_selftest
from vizecg_export.golden_photo import COMMAND, add_golden_photo
from warm_start import run_command

pytestmark = pytest.mark.integration


def changed(source: Path, target: Path, change: Callable[[Path], None]) -> Path:
    """A copy of a bundle, changed and sealed anew."""
    folder = Path(shutil.copytree(source, target.parent / f".{target.name}"))
    change(folder)
    publish_bundle(folder, replace(open_bundle(source).manifest, files=hash_files(folder)), target)
    return target


def few_sheets_and_no_photo(folder: Path) -> None:
    for path in (folder / PHOTO, folder / EXPECTED, *folder.glob("contract*")):
        path.unlink(missing_ok=True)
    with np.load(folder / GOLDEN) as stored:
        np.savez_compressed(folder / GOLDEN, **{name: stored[name][::6] for name in stored.files})


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped bundle with a few of its sheets and without a photograph."""
    return changed(DEFAULT_BUNDLE, tmp_path_factory.mktemp("plain") / "b.vizecg", few_sheets_and_no_photo)


@pytest.fixture(scope="module")
def whole(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a photograph."""
    path = Path(shutil.copytree(plain, tmp_path_factory.mktemp("whole") / "b.vizecg"))
    add_golden_photo(path)
    return path


def selftest(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run_command("vizecg_edge.cli", "selftest", *arguments)


def test_the_shipped_bundle_passes() -> None:
    done = selftest("--json", "--threads", 2)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["passed"], told["failures"]) == (True, [])
    assert told["bundle"]["sha256"] == open_bundle(DEFAULT_BUNDLE).sha256
    figures, limits = told["sheets"]["figures"], told["sheets"]["limits"]
    assert figures["max_abs"] <= limits["max_abs"]
    assert figures["cosine"] >= limits["min_cosine"]
    assert 0 < figures["p50_ms"] <= figures["p90_ms"]


def test_without_a_photograph_it_says_so(plain: Path) -> None:
    done = selftest("--bundle", plain)
    assert (done.returncode, done.stderr) == (0, "")
    assert "golden sheets: as accepted" in done.stdout
    assert NO_PHOTO in done.stdout


def test_the_photograph_goes_through_the_whole_pipeline(whole: Path) -> None:
    found = run_selftest(Pipeline(bundle=whole, threads=1))
    assert found.failures == []
    assert found.photo is not None
    assert found.photo.status == "answered"
    assert found.photo.probabilities == found.photo.expected, "made a moment ago on this very machine"
    expected = json.loads((whole / EXPECTED).read_text())
    assert expected["decisions"] == {name: name == "RBBB" for name in CODE6.names}
    assert expected["made_by"] == COMMAND
    assert (whole / PHOTO).stat().st_size < 400_000, "it is shipped to every device"


def golden(**arrays: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with np.load(folder / GOLDEN) as stored:
            data = {name: stored[name] for name in stored.files}
        np.savez_compressed(folder / GOLDEN, **{**data, **{name: make(data[name]) for name, make in arrays.items()}})

    return change


def expected_as(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        data = json.loads((folder / EXPECTED).read_text())
        for name, value in changes.items():
            data[name] = {**data[name], **value} if isinstance(value, dict) else value
        (folder / EXPECTED).write_text(json.dumps(data))

    return change


def black_photo(folder: Path) -> None:
    from vizecg_edge.overlay import save_image

    save_image(folder / PHOTO, np.zeros((900, 1200, 3), np.uint8))


WRONG: dict[str, tuple[Callable[[Path], None], str]] = {
    "af and st changed places": (golden(float_logits=lambda a: a[:, [0, 1, 2, 3, 5, 4]]), "leaves the float network"),
    "another model's logits": (golden(float_logits=lambda a: a[::-1]), "leaves the float network"),
    "another probability": (expected_as(probabilities={"RBBB": 0.01}), "golden photograph has RBBB"),
    "another decision": (expected_as(decisions={"AF": True}), "decided otherwise than expected: AF"),
    "a photograph that is refused": (black_photo, "the golden photograph was refused"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_answers_are_found(name: str, whole: Path, tmp_path: Path) -> None:
    change, message = WRONG[name]
    found = run_selftest(Pipeline(bundle=changed(whole, tmp_path / "b.vizecg", change), threads=1, check=False))
    assert len(found.failures) == 1
    assert message in found.failures[0]
    assert found.to_dict()["passed"] is False


def test_wrong_answers_exit_4_in_one_line(plain: Path, tmp_path: Path) -> None:
    change, message = WRONG["another model's logits"]
    done = selftest("--bundle", changed(plain, tmp_path / "b.vizecg", change), "--json", "--threads", 1)
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    assert json.loads(done.stdout)["passed"] is False, "one object, and no second one"


def not_json(folder: Path) -> None:
    (folder / EXPECTED).write_text("{")


DAMAGED: dict[str, tuple[Callable[[Path], None], str]] = {
    "no companion": (lambda folder: (folder / EXPECTED).unlink(), "without its companion"),
    "no json": (not_json, "cannot be read"),
    "another schema": (expected_as(schema=9), "schema 9 is not 1"),
    "no sheets": (golden(inks=lambda a: a[:0], float_logits=lambda a: a[:0]), "0 golden sheets"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_bundles_are_refused(name: str, whole: Path, tmp_path: Path) -> None:
    change, message = DAMAGED[name]
    with pytest.raises(BundleError, match=message):
        run_selftest(Pipeline(bundle=changed(whole, tmp_path / "b.vizecg", change), threads=1, check=False))


def test_a_photograph_changed_after_the_export_exits_6(whole: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(whole, tmp_path / "b.vizecg"))
    black_photo(path)
    done = selftest("--bundle", path)
    assert done.returncode == 6
    assert f"{PHOTO} was changed since the export" in done.stderr
