"""Blocks of README and docs that are marked to be run are run, as a user types them, in a folder of a user's files."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from documents import Block, blocks, commands
from vizecg_edge.pipeline import DEFAULT_BUNDLE

pytestmark = pytest.mark.integration

MARKED = [block for block in blocks() if block.run]
PROGRAMS = {"vizecg": "vizecg.cli", "vizecg-export": "vizecg_export.cli", "vizecg-edge": "vizecg_edge.cli"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the pages name: a photograph, a bundle, and another."""
    shutil.copy(DEFAULT_BUNDLE / "selftest.jpg", tmp_path / "ecg.jpg")
    for name in ("small.vizecg", "other.vizecg"):
        (tmp_path / name).symlink_to(DEFAULT_BUNDLE)
    return tmp_path


@pytest.fixture(autouse=True)
def process_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands set how many threads OpenCV takes, and wrap the streams."""
    threads = cv2.getNumThreads()
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    yield
    cv2.setNumThreads(threads)


def test_there_are_blocks_to_run() -> None:
    assert {"sh", "python"} == {block.language for block in MARKED}


@pytest.mark.parametrize("block", MARKED, ids=lambda block: block.place)
def test_a_block_does_what_its_page_says(
    block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    if block.language == "python":
        exec(compile(block.text, block.place, "exec"), {"__name__": "__main__"})
        assert capsys.readouterr().out.strip()
        return
    for words in commands(block.text):
        monkeypatch.setattr(sys, "argv", words)
        program = importlib.import_module(PROGRAMS[words[0]])
        with pytest.raises(SystemExit) as ended:
            program.main()
        assert ended.value.code == 0, f"{words}: {capsys.readouterr().err}"
