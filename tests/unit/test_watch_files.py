"""What a watch writes: under any name, through no planted link, by one watch alone, and whole whenever it is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from children import start_child
from vizecg.spec import UsageError
from vizecg.spec.files import read_plain, remove_partials, write_atomically
from vizecg_edge.marks import made_of
from vizecg_edge.names import file_name
from vizecg_edge.watch.begun import NAME, Begun
from vizecg_edge.watch.lock import FolderLock
from vizecg_edge.watch.pending import Pending
from vizecg_edge.watch.table import ResultsTable

pytestmark = pytest.mark.unit

GONE = 2**22 + 1
"""No process has this number: Linux ends at 2**22."""


def test_names_stay_as_they_are_where_they_can(tmp_path: Path) -> None:
    assert file_name("a b.jpg", ".json", distinct=True) == "a b.jpg.json"
    long = ["x" * 251 + ".jpg", "x" * 250 + "y.jpg", "漢" * 84 + ".jpg", "\x1b" * 250 + ".jpg", "\udcff" * 251 + ".jpg"]
    names = [file_name(name, ".json", distinct=True) for name in long]
    assert len(set(names)) == len(names)
    for name in names:
        assert len(os.fsencode(name)) <= 255
        assert name.isprintable()
        assert name.endswith(".json")
        write_atomically(tmp_path / name, "{}")
    assert len(file_name("é" * 300, longest_bytes=120).encode()) in (119, 120)
    # Of two names that look alike only one is written as it is.
    assert file_name("\x1b.jpg") == "\\x1b.jpg"
    assert file_name("\x1b.jpg", distinct=True) != file_name("\\x1b.jpg", distinct=True) == "\\x1b.jpg"


def test_no_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    for name in ("a.json", "a.json.partial", "results.csv", NAME):
        (tmp_path / name).symlink_to("mine")
    write_atomically(tmp_path / "a.json", "{}")
    assert not (tmp_path / "a.json").is_symlink()
    with pytest.raises(UsageError, match="is a link"):
        ResultsTable(tmp_path / "results.csv", ("AF",))
    begun = Begun(tmp_path)
    begun.begin("x.jpg")
    assert json.loads((tmp_path / NAME).read_text()) == {"x.jpg": 1}
    assert (tmp_path / "mine").read_text() == "mine"
    with pytest.raises(OSError, match="link"):
        read_plain(tmp_path / "a.json.partial")


def test_no_pipe_is_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "x.png"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="not a regular file"):
        read_plain(pipe)
    assert made_of(pipe) is None
    pending = Pending(tmp_path)
    assert [pending.look() for _ in range(2)] == [([], 0), ([], 0)]
    os.mkfifo(tmp_path / "results.csv")
    with pytest.raises(UsageError, match="not a regular file"):
        ResultsTable(tmp_path / "results.csv", ("AF",))


def test_what_a_killed_process_left_goes_and_what_a_living_one_writes_stays(tmp_path: Path) -> None:
    left = [f".vizecg-{process}-0123456789abcdef.partial" for process in (GONE, os.getpid())]
    kept = [f".vizecg-{os.getppid()}-0123456789abcdef.partial", ".other-1-0123456789abcdef.partial", "a.partial"]
    for name in (*left, *kept):
        (tmp_path / name).touch()
    remove_partials(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_failed_write_leaves_nothing_and_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(OSError, match=r"directory.*a\.json'$"):
        write_atomically(tmp_path / "a.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_one_watch_writes_into_a_folder(tmp_path: Path) -> None:
    other = (
        "import sys; from pathlib import Path; from vizecg_edge.watch.lock import FolderLock\n"
        "with FolderLock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", other, str(tmp_path)]
    with start_child(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match="another vizecg-edge watch"), FolderLock(tmp_path):
            pass
        process.kill()
        process.wait()
        with FolderLock(tmp_path) as lock:
            assert lock.held
    assert not list(tmp_path.iterdir())


def test_what_killed_a_watch_is_known_to_the_next(tmp_path: Path) -> None:
    for times in (1, 2, 3):
        begun = Begun(tmp_path)
        assert begun.died == ({"a.jpg": times - 1} if times > 1 else {})
        begun.begin("a.jpg")
    begun = Begun(tmp_path)
    begun.begin("b.jpg")
    begun.end("b.jpg")
    assert Begun(tmp_path).died == {"a.jpg": 3}
    begun.end("a.jpg")
    assert not list(tmp_path.iterdir())
    for text in ("[", "[]", "[" * 100_000, '{"a": "b", "c": -1}'):
        (tmp_path / NAME).write_text(text)
        assert Begun(tmp_path).died == {}


def test_a_clock_that_jumps_hides_no_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"1")
    pending = Pending(tmp_path)
    for time_s in (4e9, 1.0, 1.0):
        # The same size, at the same time by a clock that was set back: another file all the same.
        path.write_bytes(b"2")
        os.utime(path, (time_s, time_s))
        assert pending.look() == ([], 1)
        ((ready, stamp),), waiting = pending.look()
        assert (ready, waiting) == (path, 0)
        pending.done(ready, stamp)
        assert pending.look() == ([], 0)
