"""Recorders' formats, mixed in one folder with one table of labels, and files that are damaged or none."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from format_files import FORMATS, write_folder, write_hl7_aecg
from tolerances import tolerance
from vizecg.data.choices import Look, PictureFormat
from vizecg.data.drawing import Drawing
from vizecg.data.pictures import Chosen, run_render
from vizecg.data.registry import SourceRequest, build_source
from vizecg.records import EcgRecord, formats
from vizecg.records.formats import read_entry
from vizecg.records.synthetic import synthetic_record
from vizecg.records.wfdb.folder import WfdbEntry
from vizecg.spec import CODE6, InputRefusedError, MissingToolError, UsageError

pytestmark = pytest.mark.unit
pytest.importorskip("ecgdatakit", reason="the extra formats is not installed")

Written = dict[str, EcgRecord]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Written]:
    """A folder with a record of every format, and a table that names some with and some without their endings."""
    folder = tmp_path_factory.mktemp("formats") / "ward"
    records = [synthetic_record(index, seed=6, sampling_rate=500.0, duration_s=10) for index in range(len(FORMATS))]
    names = write_folder(folder, records)
    rows = []
    for number, (name, record) in enumerate(names.items()):
        assert record.labels is not None
        told = name.rpartition(".")[0] or name if number % 2 else name
        rows.append(",".join([told, "train", *(str(int(value)) for value in record.labels)]))
    (folder / "labels.csv").write_text("\n".join([f"record,split,{','.join(CODE6.names)}", *rows]) + "\n")
    return folder, names


def read(folder: Path, name: str) -> EcgRecord:
    return read_entry(WfdbEntry(name=name), root=folder)


def test_one_folder_one_table_whatever_the_formats(written: tuple[Path, Written]) -> None:
    folder, names = written
    source = build_source(f"folder:{folder}", SourceRequest())
    assert sorted(source.record_ids) == sorted(names)
    assert not source.left_out
    for item in source.items:
        got, want = source.read(item), names[item.name]
        np.testing.assert_allclose(got.signal, want.signal, atol=2 * tolerance("adc-microvolt"))
        np.testing.assert_array_equal(got.labels, want.labels)
        assert got.sampling_rate == want.sampling_rate


def test_a_record_of_every_format_is_drawn(written: tuple[Path, Written], tmp_path: Path) -> None:
    folder, names = written
    chosen = Chosen(data=f"folder:{folder}", root=None, split="train", seed=0, n=1, records=tuple(names))
    drawing = Drawing.named(None, look=Look.PLAIN, px_per_mm=1.0, seed=0, palette="red", form=None, fonts=None)
    run_render(chosen=chosen, drawing=drawing, out=tmp_path, kind=PictureFormat.PNG, contact=False, as_json=True)
    assert len(list(tmp_path.rglob("*.png"))) == len(names)


def test_limb_leads_that_a_format_leaves_out_are_noted(written: tuple[Path, Written]) -> None:
    (note,) = read(written[0], "muse.xml").notes
    assert note.message == "III, aVR, aVL, aVF computed from I, II"


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "WFDB"])
def test_damaged_files_are_one_line(written: tuple[Path, Written], tmp_path: Path, name: str) -> None:
    """Cut, and with bytes of chance: refused in a line, or read where the damage is in the samples alone."""
    ending, _ = FORMATS[name]
    whole = next(path for path in written[0].iterdir() if path.stem == name.lower().replace(" ", "_").replace("-", "_"))
    data, rng = whole.read_bytes(), np.random.default_rng(3)
    damaged = [data[: len(data) // 3], data[:300], b"", rng.bytes(2000)]
    for _ in range(6):
        changed = bytearray(data)
        for place in rng.integers(min(len(data), 2000), size=8):
            changed[place] = rng.integers(256)
        damaged.append(bytes(changed))
    told = []
    for number, content in enumerate(damaged):
        (tmp_path / f"{number}.{ending}").write_bytes(content)
        try:
            read(tmp_path, f"{number}.{ending}")
        except InputRefusedError as error:
            told.append((f"record {number}.{ending}: ", str(error)))
    assert len(told) >= 3
    for start, message in told:
        assert message.startswith(start)
        assert "\n" not in message
        assert str(tmp_path) not in message


def test_xml_that_is_no_ecg_or_expands_is_refused(tmp_path: Path, written: tuple[Path, Written]) -> None:
    (tmp_path / "report.xml").write_text("<report/>")
    with pytest.raises(InputRefusedError, match=r"record report\.xml: cannot be read: No parser found"):
        read(tmp_path, "report.xml")
    write_hl7_aecg(tmp_path / "bomb.xml", next(iter(written[1].values())))
    text = (tmp_path / "bomb.xml").read_text()
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "1"><!ENTITY b "&a;&a;">]>'
    (tmp_path / "bomb.xml").write_text(text.replace('<?xml version="1.0"?>', bomb))
    with pytest.raises(InputRefusedError, match="entity declarations are not allowed"):
        read(tmp_path, "bomb.xml")


def test_files_larger_than_any_ecg_are_not_read(written: tuple[Path, Written], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "LARGEST_BYTES", 1000)
    with pytest.raises(InputRefusedError, match="more than an ECG takes"):
        read(written[0], "scp_ecg.scp")


def test_what_is_missing_is_told(written: tuple[Path, Written], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ecgdatakit", None)
    with pytest.raises(MissingToolError, match=r"reading \.scp files needs ecgdatakit: pip install .*formats"):
        read(written[0], "scp_ecg.scp")
    assert read(written[0], "wfdb").signal.shape[0] == 12, "WFDB needs none of it"


def test_a_folder_without_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no record"):
        build_source(f"folder:{tmp_path}", SourceRequest())
