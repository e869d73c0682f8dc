"""CODE-test's annotators: their tables, figures against the gold standard and each other, and what is told of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from vizecg.records.annotators import ANNOTATORS, read_annotations
from vizecg.scoring.readers import compare_readers, kappas, reader_figures, resample_weights
from vizecg.spec import CODE6, LabelSet, UsageError
from vizecg.train.evaluation.experts import (
    AGREE_AND_GOLD_DIFFERS,
    NETWORK,
    experts_alone,
    experts_beside,
    experts_text,
)
from vizecg.train.evaluation.experts_report import write_experts_report
from vizecg.verbs.experts import experts

pytestmark = pytest.mark.unit

N = 120


def write_table(path: Path, decisions: np.ndarray, *, columns: tuple[str, ...] = CODE6.names) -> None:
    with path.open("w", newline="") as handle:
        csv.writer(handle).writerows([columns, *decisions.tolist()])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The seven files of the release; the network's with the column of line numbers that it has there."""
    rng = np.random.default_rng(0)
    gold = (rng.random((N, 6)) < 0.2).astype(int)
    write_table(tmp_path / "gold_standard.csv", gold)
    for place, name in enumerate(ANNOTATORS):
        said = np.where(rng.random((N, 6)) < 0.02 * (place + 1), 1 - gold, gold)
        if name == "dnn":
            write_table(
                tmp_path / "dnn.csv", np.column_stack([np.arange(N), said]), columns=("", *CODE6.names)
            )  # fmt: skip
        else:
            write_table(tmp_path / f"{name}.csv", said)
    return tmp_path


def test_tables_are_read_by_the_names_of_their_columns(folder: Path) -> None:
    before = read_annotations(folder)
    assert (tuple(before.readers), before.missing, before.not_read) == (tuple(ANNOTATORS), (), ())
    assert before.gold.shape == (N, 6)
    swapped = ("ST", "AF", *CODE6.names[:4])
    order = [CODE6.names.index(name) for name in swapped]
    write_table(folder / "cardiologist1.csv", before.readers["cardiologist1"][:, order], columns=swapped)
    (folder / "attributes.csv").write_text("age,sex\n63,M\n")
    (folder / "notes.csv").write_text("who,what\na,b\n")
    write_table(folder / "our_clinic.csv", before.gold)
    (folder / "medical_students.csv").unlink()
    found = read_annotations(folder)
    np.testing.assert_array_equal(found.readers["cardiologist1"], before.readers["cardiologist1"])
    assert (found.missing, found.not_read) == (("medical_students",), ("notes.csv",))
    assert list(found.readers)[-1] == "our_clinic"
    text = experts_text(experts_alone(found, bootstraps=10))
    assert "Not there: medical_students.csv." in text
    assert "Not read, since no column is a label: notes.csv." in text
    assert "cardiologist 1*: a cardiologist; not independent: the gold standard is made of its readings." in text


@pytest.mark.parametrize(
    ("name", "edit", "message"),
    [
        ("gold_standard", None, "gold_standard.csv is not in"),
        ("dnn", lambda lines: lines[:-1], rf"dnn\.csv has {N - 1} lines, gold_standard\.csv {N}"),
        ("dnn", lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "line 2: the column without a name holds"),
        ("cardiologist1", lambda lines: [lines[0], "0,0,2,0,0,0", *lines[2:]], "line 2: column LBBB holds '2'"),
        ("cardiologist1", lambda lines: [lines[0], "0,0,0,0,0", *lines[2:]], "line 2: column ST holds None"),
        ("cardiologist1", lambda lines: [lines[0], "0,0,0,0,0,0,0", *lines[2:]], "line 2 has more cells than columns"),
        ("cardiologist2", lambda lines: ["1dAVb,RBBB,LBBB,SB,AF,AF", *lines[1:]], "has the column 'AF' twice"),
        ("cardiologist2", lambda lines: ["1dAVb,RBBB,LBBB,SB,AF,VEB", *lines[1:]], "has no column 'ST'"),
        ("cardiologist2", lambda lines: [f"{line},{'VEB' if not i else 1}" for i, line in enumerate(lines)], "'VEB'"),
        ("gold_standard", lambda lines: lines[:1], r"gold_standard\.csv has no line"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused(folder: Path, name: str, edit: object, message: str) -> None:
    path = folder / f"{name}.csv"
    if edit is None:
        path.unlink()
    else:
        path.write_text("\n".join(edit(path.read_text().splitlines())) + "\n")  # type: ignore[operator]
    with pytest.raises(UsageError, match=message):
        read_annotations(folder)


def test_no_reader_is_nothing_to_compare(folder: Path) -> None:
    for name in ANNOTATORS:
        (folder / f"{name}.csv").unlink()
    with pytest.raises(UsageError, match=r"and no reader: expected cardiologist1\.csv"):
        read_annotations(folder)


def test_figures_are_those_of_the_confusion_matrix(folder: Path) -> None:
    found = read_annotations(folder)
    said, gold = found.readers["medical_students"] > 0, found.gold > 0
    point = reader_figures(said, gold, names=CODE6.names, weights=resample_weights(N, bootstraps=20)).point
    for column, name in enumerate(CODE6.names):
        a, b = said[:, column], gold[:, column]
        assert point[f"{name}/precision"] == pytest.approx((a & b).sum() / a.sum())
        assert point[f"{name}/recall"] == pytest.approx((a & b).sum() / b.sum())
        assert point[f"{name}/specificity"] == pytest.approx((~a & ~b).sum() / (~b).sum())
    assert point["macro/f1"] == pytest.approx(np.mean([point[f"{name}/f1"] for name in CODE6.names]))


def test_a_class_without_positives_has_no_figures_and_one_never_named_no_precision() -> None:
    gold = np.array([[0, 1]] * 5 + [[0, 0]] * 5)
    values = reader_figures(np.zeros((10, 2)), gold, names=("a", "b"), weights=resample_weights(10, bootstraps=5))
    assert values.interval("a/f1")["value"] is None
    assert (values.point["b/precision"], values.point["b/f1"], values.point["a/specificity"]) == (0, 0, 1)
    assert values.point["macro/f1"] == 0
    same = kappas(np.zeros((10, 2)), np.zeros((10, 2)), names=("a", "b"), weights=resample_weights(10, bootstraps=5))
    assert same["a"]["value"] is None


def test_pairs_are_paired_and_tell_who_alone_is_right(folder: Path) -> None:
    found = read_annotations(folder)
    figures = compare_readers(found.readers, found.gold, names=CODE6.names, bootstraps=50)
    assert len(figures["pairs"]) == 15
    pair = next(one for one in figures["pairs"] if (one["first"], one["second"]) == ("cardiologist1", "dnn"))
    one, two = (figures["readers"][name]["macro"]["f1"]["value"] for name in ("cardiologist1", "dnn"))
    assert pair["macro"]["f1"]["value"] == pytest.approx(one - two, abs=2e-5)
    assert pair["macro"]["f1"]["low"] > 0
    first, second = (found.readers[name][:, 0] == found.gold[:, 0] for name in ("cardiologist1", "dnn"))
    flips = pair["classes"]["1dAVb"]["mcnemar"]
    assert (flips["only_first_right"], flips["only_second_right"]) == ((first & ~second).sum(), (second & ~first).sum())
    itself = compare_readers(
        {"a": found.gold, "b": found.gold}, found.gold, names=CODE6.names, bootstraps=10
    )["pairs"][0]  # fmt: skip
    assert itself["macro"]["f1"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert itself["classes"]["ST"]["kappa"]["value"] == 1
    assert itself["classes"]["ST"]["mcnemar"]["p"] == 1


def test_a_network_stands_beside_them_on_what_it_answered(folder: Path) -> None:
    found = read_annotations(folder)
    rows = np.array([5, 3, 90])
    ids = [f"codetest-{row + 1:03d}" for row in rows]
    figures = experts_beside(found, {NETWORK: found.gold[rows]}, record_ids=ids, labels=found.gold[rows], bootstraps=10)
    assert (figures["n"], len(figures["pairs"]), {pair["first"] for pair in figures["pairs"]}) == (3, 6, {NETWORK})
    assert figures["readers"][NETWORK]["macro"]["f1"]["value"] == 1
    assert figures["gold_standard"]["tracings"] == N
    with pytest.raises(UsageError, match="gold standard differs from the data's in 3 of 3 tracings"):
        experts_beside(found, {NETWORK: found.gold[rows]}, record_ids=ids, labels=1 - found.gold[rows])
    with pytest.raises(UsageError, match="record ptbxl-1 is none of the 120"):
        experts_beside(found, {NETWORK: found.gold[:1]}, record_ids=["ptbxl-1"], labels=found.gold[:1])


def test_the_command_prints_and_writes_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    experts(folder=folder, figures=folder / "f.json", report=folder / "report", as_json=True, bootstraps=20, seed=0)
    printed = json.loads(capsys.readouterr().out)
    written = json.loads((folder / "f.json").read_text())
    assert (written["kind"], written["readers"]) == ("experts", printed["readers"])
    report = (folder / "report" / "report.md").read_text()
    assert "| cardiologist 1* |" in report
    classes = printed["readers"]["medical_students"]["classes"]["ST"]
    assert "/".join(f"{classes[m]['value']:.3f}" for m in ("precision", "recall", "specificity")) in report
    assert (folder / "report" / "experts.png").read_bytes().startswith(b"\x89PNG")
    (folder / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        write_experts_report(folder / "file", printed)
    few = read_annotations(folder, labels=LabelSet.of_names(CODE6.names[:5]).ignoring(("ST",)))
    assert few.labels == CODE6.names[:5]


def test_the_published_figures_are_found_again(shared_dir: Path) -> None:
    """F1 and McNemar's counts of Ribeiro 2020 (table 2; kappas of its supplement), from its tables."""
    tables = shared_dir / "data" / "code_test_annotations"
    if not tables.is_dir():
        pytest.skip(f"no annotations of CODE-test in {tables}")
    figures = experts_alone(read_annotations(tables), bootstraps=10)
    assert figures["n"] == 827
    published = {
        "dnn": (0.897, 0.944, 1.000, 0.882, 0.870, 0.960),
        "cardiology_residents": (0.776, 0.917, 0.947, 0.882, 0.769, 0.882),
        "emergency_residents": (0.719, 0.852, 0.912, 0.848, 0.696, 0.946),
        "medical_students": (0.732, 0.928, 0.915, 0.750, 0.706, 0.873),
    }
    for name, f1 in published.items():
        found = figures["readers"][name]["classes"]
        assert tuple(round(found[label]["f1"]["value"], 3) for label in CODE6.names) == f1
    pair = next(one for one in figures["pairs"] if (one["first"], one["second"]) == ("cardiologist1", "cardiologist2"))
    kappa = tuple(round(pair["classes"][label]["kappa"]["value"], 3) for label in CODE6.names)
    assert kappa == (0.741, 0.955, 0.964, 0.844, 0.831, 0.902)
    assert figures["gold_standard"][AGREE_AND_GOLD_DIFFERS] == 5
