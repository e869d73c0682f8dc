"""The table of a watched folder: what is in a row, what is never in it twice, and what a spreadsheet must not run."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from vizecg.spec import CODE6, UsageError
from vizecg_edge.answer import ANSWERED, REFUSED, Answer, BundleId, Doubt, Input
from vizecg_edge.watch.table import ResultsTable, columns_of

pytestmark = pytest.mark.unit

BUNDLE = BundleId(name="tiny", sha256="b" * 64, artefact="onnx", backend="onnxruntime-cpu")
READ_AT = datetime(2026, 11, 27, 19, 20, 5, tzinfo=timezone(timedelta(hours=5, minutes=30)))


def answered(path: str = "a.jpg", page: int | None = None, sha256: str = "a" * 64) -> Answer:
    return Answer(
        input=Input(path=path, sha256=sha256, page=page), status=ANSWERED, bundle=BUNDLE,
        probabilities=dict.fromkeys(CODE6.names, 0.25) | {"AF": 0.93121},
        decisions=dict.fromkeys(CODE6.names, False) | {"AF": True, "ST": None},
        thresholds=dict.fromkeys(CODE6.names, 0.5),
        doubts=(Doubt(code="speed_assumed", message="25 mm/s assumed: check the printout"),),
    )  # fmt: skip


def refused(path: str, message: str, advice: str = "Take it again.") -> Answer:
    source = Input(path=path, sha256="c" * 64)
    return Answer(
        input=source, status=REFUSED, bundle=BUNDLE, reasons=("unreadable",),
        messages=(f"{source.name}: {message}",), advice=(advice,),
    )  # fmt: skip


def add(table: ResultsTable, *answers: Answer) -> None:
    table.add([answer.to_dict() for answer in answers], file=answers[0].input.path, read_at=READ_AT)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_holds_the_decisions_the_figures_and_what_they_mean(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    table = ResultsTable(path, CODE6.names)
    assert not path.exists()
    add(table, answered(page=1), answered(page=2))
    add(table, refused("b.png", "no image"))
    first, second, third = rows(path)
    assert tuple(first) == columns_of(CODE6.names)
    assert (first["file"], first["page"], first["time"]) == ("a.jpg", "1", "2026-11-27T19:20:05+05:30")
    assert (first["status"], first["AF"], first["AF decision"]) == ("answered", "0.9312", "present")
    assert (first["ST decision"], first["SB decision"]) == ("undecided", "absent")
    assert (first["doubts"], first["in words"]) == (
        "speed_assumed", "25 mm/s assumed: check the printout"
    )  # fmt: skip
    assert second["page"] == "2"
    assert (third["status"], third["reasons"], third["AF"], third["page"]) == ("refused", "unreadable", "", "")
    assert third["in words"] == "no image; Take it again."


def test_a_restart_adds_nothing_twice_and_mends_a_row_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    add(ResultsTable(path, CODE6.names), answered(page=1), answered(page=2))
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    again = ResultsTable(path, CODE6.names)
    assert path.read_bytes() == whole[: whole.rstrip(b"\n").rfind(b"\n") + 1]
    add(again, answered(page=1), answered(page=2))
    assert path.read_bytes() == whole
    add(ResultsTable(path, CODE6.names), answered(page=1), answered(page=2))
    assert path.read_bytes() == whole
    # Another picture under the same name is another row.
    add(ResultsTable(path, CODE6.names), answered(page=1, sha256="d" * 64))
    assert len(rows(path)) == 3


def test_a_table_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("patient,date\nDoe,1950\n")
    with pytest.raises(UsageError, match="no table of this program"):
        ResultsTable(path, CODE6.names)
    assert path.read_text() == "patient,date\nDoe,1950\n"


@pytest.mark.parametrize("name", ["=cmd|'/c calc'!A1.jpg", "+1.jpg", "-1.jpg", "@SUM(A1).jpg", "\t=1.jpg", " =1.jpg"])
def test_no_name_is_a_formula_or_breaks_a_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "results.csv"
    add(ResultsTable(path, CODE6.names), refused(f"{name}\n\x1b[2Kx", "=HYPERLINK()", advice=""))
    (row,) = rows(path)
    assert not row["file"].lstrip().startswith(("=", "+", "-", "@"))
    assert row["file"].endswith("\\n\\x1b[2Kx")
    assert row["in words"] == "'=HYPERLINK()"
    # The name is the same again after a restart.
    add(ResultsTable(path, CODE6.names), refused(f"{name}\n\x1b[2Kx", "=HYPERLINK()", advice=""))
    assert len(rows(path)) == 1
