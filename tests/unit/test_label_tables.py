"""Labels of one's own from a table: by codes in one column, with what their absence means, and what is not known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from vizecg.cli import app
from vizecg.data.cache import CacheSpec, build_cache
from vizecg.data.registry import SourceRequest, build_source
from vizecg.data.signal import SignalSpec
from vizecg.records.codes import Vocabulary, check_coded
from vizecg.records.label_files import label_set
from vizecg.records.label_tables import check_table, show_table
from vizecg.records.synthetic import synthetic_record
from vizecg.records.wfdb.write import write_wfdb
from vizecg.spec import Label, LabelSet, SheetSpec, UsageError
from vizecg.spec.preprocess import PreprocessSpec

pytestmark = pytest.mark.unit

SET = """
name: findings
labels:
  - {name: VEB, codes: [VEB, 17338001]}
  - {name: LVH, snomed: [164873001]}
  - paced
column: dx
absent: %s
"""
TABLE = """record,patient_id,split,ward,dx
r0,1,train,B,VEB;LVH
r1,2,train,B,"164873001, NSR"
r2,3,train,C,NSR
r3,4,val,C,17338001 paced
r4,5,val,C,
"""
PTBXL_STYLE = """record,dx
a,"{'PVC': 100.0, 'SR': 0.0}"
b,"{'NORM': 80.0}"
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "labels.csv").write_text(TABLE)
    return tmp_path / "labels.csv"


def findings(folder: Path, absent: str = "negative") -> LabelSet:
    (folder / "findings.yaml").write_text(SET % absent)
    return label_set(str(folder / "findings.yaml"))


def test_codes_of_any_vocabulary_stand_for_a_label_and_others_are_told(table: Path) -> None:
    found = check_table(table, findings(table.parent))
    veb, lvh, paced = (found.labels[name] for name in ("VEB", "LVH", "paced"))
    assert (veb["train"].present, veb["train"].absent, veb["val"].present) == (1, 2, 1)
    assert (lvh["train"].present, lvh["train"].absent) == (1, 2), "LVH is told by a concept here, not by its name"
    assert (paced["val"].present, paced["train"].present) == (1, 0), "a label without codes is its name"
    assert found.unused_codes == {"NSR": 2, "LVH": 1}
    assert (found.records["val"], found.usable["val"]) == (2, 1), "without any code nothing is known"
    assert found.other == ("record", "patient_id", "split", "ward")
    assert any("1 of 5 records are left out" in warning for warning in found.warnings)
    assert any("no record of the split train has paced" in warning for warning in found.warnings)


def test_an_absent_code_is_no_negative_where_the_source_lists_only_some(table: Path) -> None:
    found = check_table(table, findings(table.parent, "unknown"))
    assert sum(found.usable.values()) == 0
    assert found.labels["VEB"]["train"].absent == 0


def test_what_absence_means_must_be_said_and_a_code_means_one_label() -> None:
    with pytest.raises(ValueError, match="absent: negative"):
        LabelSet(name="mine", labels=(Label(name="VEB"),), column="dx")
    twice = (Label(name="VEB", codes=("V",)), Label(name="VT", codes=("V",)))
    with pytest.raises(ValueError, match="stands for VEB and VT"):
        LabelSet(name="mine", labels=twice, column="dx", absent="negative")
    with pytest.raises(ValueError, match="expected negative or unknown"):
        LabelSet(name="mine", labels=(Label(name="VEB"),), absent="no")


def test_a_source_that_lists_every_finding_is_not_read_as_one_that_does_not(table: Path) -> None:
    with pytest.raises(UsageError, match="absent: unknown"):
        check_coded(findings(table.parent, "unknown"), Vocabulary.SNOMED, source="a Challenge set")


def test_column_and_absence_travel_with_the_set(table: Path) -> None:
    labels = findings(table.parent)
    assert LabelSet.from_dict(json.loads(json.dumps(labels.to_dict()))) == labels
    assert labels.labels[0].codes == ("VEB", "17338001"), "numbers of YAML are words"


def test_codes_as_ptbxl_writes_them(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(PTBXL_STYLE)
    labels = LabelSet(name="own", labels=(Label(name="VEB", scp=("PVC",)),), column="dx", absent="negative")
    counts = check_table(tmp_path / "t.csv", labels).labels["VEB"].values()
    assert (sum(one.present for one in counts), sum(one.absent for one in counts)) == (1, 1)
    (tmp_path / "t.csv").write_text('record,dx\na,"{broken"\n')
    with pytest.raises(UsageError, match=r"t\.csv line 2: column dx"):
        check_table(tmp_path / "t.csv", labels)


@pytest.mark.parametrize("cell", ["", "nan", "?", "Unknown"])
def test_an_empty_cell_is_not_known_unless_it_was_said_to_mean_absent(tmp_path: Path, cell: str) -> None:
    (tmp_path / "t.csv").write_text(f"record,VEB,LVH\na,1,{cell}\nb,0,1\n")
    labels = LabelSet.of_names(["VEB", "LVH"])
    found = check_table(tmp_path / "t.csv", labels)
    assert sum(found.usable.values()) == 1
    assert "if an empty cell means that it is absent" in found.warnings[-1]
    said = LabelSet(name="own", labels=labels.labels, absent="negative")
    assert sum(check_table(tmp_path / "t.csv", said).usable.values()) == 2


def test_a_table_is_shown_as_what_it_could_be(tmp_path: Path) -> None:
    lines = [f"r{n},{n % 2},{30 + n},{'AF;LVH' if n % 3 else 'NSR'},note {n} of doctor" for n in range(30)]
    (tmp_path / "t.csv").write_text("record,VEB,years,dx,remark\n" + "\n".join(lines))
    kinds = {column.name: column.kind for column in show_table(tmp_path / "t.csv")}
    assert kinds == {"record": "known", "VEB": "label", "years": "other", "dx": "codes", "remark": "other"}


def test_records_whose_labels_are_not_known_are_left_out_of_what_is_trained_on(table: Path) -> None:
    folder = table.parent
    write_wfdb(folder, [synthetic_record(index, seed=0) for index in range(5)])
    table.write_text(TABLE.replace("\nr", "\nrecords/00000/00000"))
    source = build_source(f"wfdb:{folder}", SourceRequest(split="val", labels=findings(folder)))
    spec = CacheSpec(
        conditions=(), sheet=SheetSpec(), preprocess=PreprocessSpec(),
        signal=SignalSpec(sampling_rate=100.0, samples=1000), seed=0,
    )  # fmt: skip
    cache = build_cache(folder / "cache", source=source, spec=spec)
    assert [cache.record_ids[row] for row in cache.rows] == ["records/00000/000003"]
    np.testing.assert_array_equal(cache.labels[cache.rows], [[1, 0, 1]])
    assert "its labels are not known" in cache.refused["records/00000/000004"]


def test_the_verbs_tell_it_in_words_and_as_json(table: Path) -> None:
    findings(table.parent)
    labels = str(table.parent / "findings.yaml")
    shown = CliRunner().invoke(app, ["labels", "show", str(table), "--json"])
    assert {one["name"]: one["kind"] for one in json.loads(shown.output)["columns"]}["split"] == "known"
    checked = CliRunner().invoke(app, ["labels", "check", str(table), "--labels", labels, "--json"])
    told = json.loads(checked.output)
    assert told["labels"]["VEB"]["train"] == {"present": 1, "absent": 2, "unknown": 0}
    words = CliRunner().invoke(app, ["labels", "check", str(table), "--labels", labels]).output
    assert "codes of no label: NSR 2" in words
    assert "warning: no record of the split train has paced" in words
