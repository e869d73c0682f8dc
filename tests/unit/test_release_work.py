"""Stages of a release: in order, kept under what decided them, done again where that changed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from children import start_child
from vizecg.spec import ParityError, UsageError
from vizecg_export.pace import Say, duration, paced
from vizecg_export.release.work import LOCK, RECORD, Stage, StageState, WorkFolder

pytestmark = pytest.mark.unit


class Kitchen:
    """Three stages that write what they were given, and remember that they ran."""

    def __init__(self, folder: Path) -> None:
        self.work = WorkFolder(folder)
        self.ran: list[str] = []
        self.said: list[str] = []
        self.fails: type[Exception] | None = None

    def stages(self, **decided_by: Any) -> list[Stage]:
        return [
            Stage(
                name=name,
                does=f"what {name} does",
                decided_by={"option": decided_by.get(name, 0)},
                seconds=60,
                run=self._cook(name, decided_by.get(name, 0)),
            )
            for name in ("first", "second", "third")
        ]

    def run(self, **decided_by: Any) -> list[StageState]:
        self.ran = []
        with self.work.locked():
            return self.work.run(self.stages(**decided_by), say=self.said.append)

    def _cook(self, name: str, option: Any) -> Callable[[Path, Path | None, Say], None]:
        def run(folder: Path, before: Path | None, say: Say) -> None:
            self.ran.append(name)
            assert not list(folder.iterdir())
            given = "" if before is None else (before / "out").read_text()
            (folder / "out").write_text(f"{given}{name}={option};")
            if name == "second" and self.fails is not None:
                raise self.fails("burnt")

        return run


@pytest.fixture
def kitchen(tmp_path: Path) -> Kitchen:
    return Kitchen(tmp_path / "b.work")


def results(states: list[StageState]) -> str:
    assert states[-1].folder is not None
    return (states[-1].folder / "out").read_text()


def test_stages_hand_on_their_results_in_order_and_are_kept(kitchen: Kitchen) -> None:
    states = kitchen.run()
    assert kitchen.ran == ["first", "second", "third"]
    assert results(states) == "first=0;second=0;third=0;"
    assert [state.kept for state in states] == [False] * 3
    again = kitchen.run()
    assert kitchen.ran == []
    assert [state.kept for state in again] == [True] * 3
    assert results(again) == results(states)
    assert "2 of 3 second: done before, kept in" in kitchen.said[-2]


def test_a_changed_option_redoes_what_depends_on_it(kitchen: Kitchen) -> None:
    kitchen.run()
    assert results(kitchen.run(second=1)) == "first=0;second=1;third=0;"
    assert kitchen.ran == ["second", "third"]
    kitchen.run()
    assert kitchen.ran == [], "the results of the options before are there still"
    kitchen.run(first=1)
    assert kitchen.ran == ["first", "second", "third"]


@pytest.mark.parametrize("error", [ParityError, KeyboardInterrupt])
def test_a_stage_that_fails_keeps_those_before(kitchen: Kitchen, error: type[Exception]) -> None:
    kitchen.fails = error
    with pytest.raises(error, match="burnt"):
        kitchen.run()
    kitchen.fails = None
    left = [path for path in kitchen.work.path.iterdir() if path.name.startswith(".second")]
    assert len(left) == 1, "as a kill would leave it"
    assert results(kitchen.run()) == "first=0;second=0;third=0;"
    assert kitchen.ran == ["second", "third"]
    assert not left[0].exists()


@pytest.mark.parametrize("damage", ["changed", "gone", "added", "no record", "half a record"])
def test_damaged_results_are_made_again(kitchen: Kitchen, damage: str) -> None:
    folder = kitchen.run()[1].folder
    assert folder is not None
    if damage == "changed":
        (folder / "out").write_text("x")
    elif damage == "gone":
        (folder / "out").unlink()
    elif damage == "added":
        (folder / "more").write_text("x")
    elif damage == "no record":
        (folder / RECORD).unlink()
    else:
        (folder / RECORD).write_text('{"stage": "sec')
    assert results(kitchen.run()) == "first=0;second=0;third=0;"
    assert kitchen.ran == ["second"], "the third depends on results that are the same again"


def test_the_plan_tells_what_is_done_and_writes_nothing(kitchen: Kitchen) -> None:
    states = kitchen.work.states(kitchen.stages())
    assert not kitchen.work.path.exists()
    assert [state.to_dict()["state"] for state in states] == ["to do"] * 3
    assert sum(state.seconds for state in states) == 180
    kitchen.run()
    states = kitchen.work.states(kitchen.stages(second=1))
    assert [state.to_dict()["state"] for state in states] == ["kept", "to do", "to do"]
    assert sum(state.seconds for state in states) < 5, "as long as it took the last time"


def test_a_part_of_a_stage_is_kept_by_itself(kitchen: Kitchen) -> None:
    kitchen.run()
    part = kitchen.stages()[0]
    with kitchen.work.locked():
        folders = {kitchen.work.keep(part, say=kitchen.said.append) for _ in range(2)}
        other = kitchen.work.keep(kitchen.stages(first=1)[0], say=kitchen.said.append)
    assert [(folder / "out").read_text() for folder in [*folders, other]] == ["first=0;", "first=1;"]
    assert kitchen.ran == ["first", "second", "third", "first"]


def test_one_release_at_a_time(kitchen: Kitchen) -> None:
    kitchen.run()
    hold = (
        "import fcntl, sys; lock = open(sys.argv[1], 'w'); fcntl.lockf(lock, fcntl.LOCK_EX); print(flush=True); input()"
    )
    command = [sys.executable, "-c", hold, str(kitchen.work.path / LOCK)]
    with start_child(command, limit_s=60, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(UsageError, match="another release is at work"):
            kitchen.run()
        other.kill()
    kitchen.run()


def test_a_file_is_no_work_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="no folder to work in"):
        Kitchen(tmp_path / "file").run()


def test_a_long_loop_says_how_long_it_will_take() -> None:
    seconds = iter(range(0, 1000, 10))
    said: list[str] = []
    items = list(range(10))
    assert list(paced(items, what="records", say=said.append, every_s=25, clock=lambda: float(next(seconds)))) == items
    assert said[0] == "records: 2 of 10, about 2 min left"
    assert len(said) == 3
    assert [duration(value) for value in (0.2, 89, 150, 7300)] == ["1 s", "89 s", "2 min", "2.0 h"]
