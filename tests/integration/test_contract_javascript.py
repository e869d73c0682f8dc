"""A program in JavaScript answers a bundle's golden sheets by its contract alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from children import CHILD_LIMIT_S
from contract_bundles import contract_bundle
from vizecg.spec.contract import CONTRACT
from vizecg.spec.manifest import Bundle, open_bundle
from vizecg_edge.pipeline import DEFAULT_BUNDLE
from vizecg_export.contract.write import add_contract

REQUIRED = "VIZECG_REQUIRE_NODE"
"""Where this variable is set, a missing Node is a failure."""

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not os.environ.get(REQUIRED) and not (shutil.which("node") and shutil.which("npm")),
        reason="no node or no npm: apt-get install nodejs npm",
    ),
]


@pytest.fixture(scope="module")
def program(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with its pinned packages."""
    assert all(map(shutil.which, ("node", "npm"))), f"{REQUIRED} is set: apt-get install nodejs npm"
    folder = tmp_path_factory.mktemp("javascript")
    for name in ("package.json", "package-lock.json", "contract.mjs", "read.mjs"):
        shutil.copy2(repository / "edge_runtime" / "javascript" / name, folder / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=CHILD_LIMIT_S)
    assert done.returncode == 0, done.stderr
    return folder


def read(program: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = ["node", "read.mjs", *map(str, arguments)]
    return subprocess.run(command, cwd=program, capture_output=True, text=True, check=False, timeout=CHILD_LIMIT_S)


def shipped(folder: Path) -> Bundle:
    """The shipped bundle; a copy with its contract made anew, which must be what it has."""
    return add_contract(Path(shutil.copytree(DEFAULT_BUNDLE, folder / "b.vizecg")))


def test_the_shipped_bundle_is_answered_as_by_python(program: Path, tmp_path: Path) -> None:
    bundle = shipped(tmp_path)
    before = open_bundle(DEFAULT_BUNDLE).manifest
    assert CONTRACT not in before.files or bundle.manifest == before
    done = read(program, bundle.path)
    assert done.returncode == 0, done.stdout + done.stderr
    golden = json.loads(bundle.file(CONTRACT).read_text())["golden"]
    lines = done.stdout.splitlines()
    sheets = [line for line in lines if line.startswith("ok    contract_sheet_")]
    assert len(sheets) == len(golden["sheets"])
    assert all("off by 0 in ink" in line for line in sheets), "the formulas are those of OpenCV, to the bit"
    signs = {line.split()[2] for line in sheets}
    assert {"+-----", "-+----", "--+---", "---+--", "----+-", "-----+", "------"} <= signs
    assert lines[-1].endswith("0 wrong")


def test_another_geometry_and_wrong_answers(program: Path, tmp_path: Path) -> None:
    bundle = contract_bundle(tmp_path / "b.vizecg")
    done = read(program, bundle.path)
    assert done.returncode == 0, done.stdout + done.stderr
    contract = json.loads(bundle.file(CONTRACT).read_text())
    contract["artefacts"][0]["bias"][4] += 2.0
    bundle.file(CONTRACT).write_text(json.dumps(contract))
    wrong = read(program, bundle.path)
    assert wrong.returncode == 1, wrong.stdout + wrong.stderr
    assert not wrong.stdout.splitlines()[-1].endswith(" 0 wrong")
    absent = read(program, bundle.path, "none")
    assert absent.returncode == 2
    assert absent.stderr == f"error: {bundle.path} has no none for ONNX Runtime\n"
