"""Files and folders for output: made where they are named, refused before anything is read, and nobody's work lost."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from vizecg.spec import UsageError
from vizecg_edge.answer import Input
from vizecg_edge.marks import made_of, mark_of
from vizecg_edge.outputs import Output, make_all

pytestmark = pytest.mark.unit

ENDINGS = (".png", ".jpg")
NOW = datetime(2026, 11, 27, 19, 20, tzinfo=timezone.utc)
FIRST, SECOND = (Input(path=f"{ward}/x.jpg", sha256=ward * 64) for ward in "ab")


def output(target: object, *, several: bool = False) -> Output:
    made = Output.of(str(target), option="--overlay", endings=ENDINGS, several=several)
    assert made is not None
    return made


def write(made: Output, source: Input) -> Path:
    mark = mark_of(source, read_at=NOW)
    path = made.place(source, mark=mark)
    path.write_text(f"a picture, {mark}")
    return path


def test_folders_are_made_and_files_lie_where_they_are_named(tmp_path: Path) -> None:
    for name in ("new/out", "new.2026/"):
        made = output(f"{tmp_path}/{name}", several=True)
        assert made.folder
        assert not made.path.exists(), "not before all options were found right"
        make_all((None, made))
        assert write(made, FIRST) == made.path / "x.png"
    one = output(tmp_path / "deep" / "one.jpg")
    one.make()
    assert write(one, FIRST) == tmp_path / "deep" / "one.jpg"
    assert write(one, Input(path="x.tif", sha256="c", page=2)) == tmp_path / "deep" / "one_p2.jpg"


def test_what_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "mine.png").write_bytes(b"somebody's picture")
    (tmp_path / "empty.png").touch()
    for target, several, words in (
        (tmp_path / "x.doc", False, r"ends in \.png, \.jpg"),
        (tmp_path / "x.png", True, "several pictures"),
        (tmp_path / "mine.png", False, "not made by vizecg-edge"),
    ):
        with pytest.raises(UsageError, match=words):
            output(target, several=several)
    for target in (tmp_path / "mine.png" / "out", tmp_path / "mine.png" / "x.png"):
        with pytest.raises(UsageError, match=r"--overlay .*mine.*: cannot be written: (Not a directory|File exists)"):
            output(target).make()
    output(tmp_path / "empty.png").make()


def test_pictures_of_one_name_do_not_replace_each_other_and_those_of_the_same_picture_do(tmp_path: Path) -> None:
    folder = output(tmp_path)
    assert [write(folder, source).name for source in (FIRST, SECOND)] == ["x.png", "x-2.png"]
    # The next run, in the other order.
    folder = output(tmp_path)
    assert [write(folder, source).name for source in (SECOND, FIRST)] == ["x-2.png", "x.png"]
    (tmp_path / "y.png").write_bytes(b"somebody's picture")
    assert write(output(tmp_path), Input(path="y.jpg", sha256="f")).name == "y-2.png"
    # Two shots of one camera are two pictures.
    shots = [mark_of(Input(path="0"), read_at=NOW.replace(second=second)) for second in (1, 2)]
    assert shots[0] != shots[1]


def test_names_of_files_hold_nothing_that_a_terminal_obeys(tmp_path: Path) -> None:
    path = write(output(tmp_path), Input(path="a/\x1b[2Kx\n.jpg", sha256="e"))
    assert path.name == "\\x1b[2Kx\\n.png"
    assert len(write(output(tmp_path), Input(path="n" * 250 + ".jpg", sha256="e")).name) < 150


def test_a_mark_is_found_at_either_end(tmp_path: Path) -> None:
    mark = mark_of(Input(path="x", sha256="0a" * 32, page=3), read_at=NOW)
    assert mark.endswith("0a-p3")
    for data in (f"{mark}\n".encode() + b"x" * 20000, b"x" * 20000 + f"({mark})".encode(), f"{mark};".encode()):
        (tmp_path / "file").write_bytes(data)
        assert made_of(tmp_path / "file") == mark
    (tmp_path / "file").write_bytes(b"x" * 9000 + mark.encode() + b"x" * 9000)
    assert made_of(tmp_path / "file") is None
    assert made_of(tmp_path / "gone") is None
