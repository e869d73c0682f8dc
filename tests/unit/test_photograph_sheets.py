"""Photographs as data: sheets that the edge has read, a table of labels, and what is refused."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from training_runs import tiny
from vizecg.data.cache import build_cache
from vizecg.data.registry import SourceRequest, build_source
from vizecg.data.source import RecordSource
from vizecg.spec import CODE6, Condition, InputRefusedError, LabelSet, SheetSpec, StoreError, UsageError
from vizecg.spec.sheet_files import META, SheetRow, SheetsMeta, read_sheets, write_sheets
from vizecg.train.loop import RunOptions, train
from vizecg_edge.cli import app

pytestmark = pytest.mark.unit

OWN = LabelSet.of_names(["AF", "VEB"])
TABLE = "photo,patient_id,split,AF,VEB\n" + "".join(f"p{n}.jpg,{n},train,{n % 2},{int(n < 2)}\n" for n in range(5))


@pytest.fixture
def sheets(tmp_path: Path) -> Path:
    """Five photographs, of which one was refused, one is not in the table, and one of the table is not there."""
    folder, photographs = tmp_path / "sheets", tmp_path / "photographs"
    folder.mkdir()
    photographs.mkdir()
    rows = [SheetRow(photo=f"p{n}.jpg", file=f"{n}.png") for n in (0, 1, 2)]
    rows += [SheetRow(photo="p3.jpg", status="too_blurred"), SheetRow(photo="other.jpg", file="5.png")]
    for n, row in enumerate(rows):
        if row.file:
            sheet = np.full(SheetSpec().shape, 255, np.uint8)
            sheet[300:304, 100 * (n + 1) : 1000] = 0
            cv2.imwrite(str(folder / row.file), sheet)
    write_sheets(folder, SheetsMeta(sheet=SheetSpec(), rectifier="5", photographs=str(photographs)), rows)
    (photographs / "labels.csv").write_text(TABLE)
    return folder


def source_of(folder: Path, split: str = "train") -> RecordSource:
    return build_source(f"sheets:{folder}", SourceRequest(split=split, labels=OWN))


def test_photographs_with_known_labels_are_a_source(sheets: Path) -> None:
    source = source_of(sheets)
    assert list(source.record_ids) == ["p0.jpg", "p1.jpg", "p2.jpg"]
    assert source.left_out == {
        "p3.jpg": "photograph p3.jpg: too_blurred",
        "other.jpg": "photograph other.jpg: labels.csv does not name it",
        "p4.jpg": "photograph p4.jpg: named by labels.csv, but not read",
    }
    with pytest.raises(InputRefusedError, match="no signal behind it"):
        source.read(source.items[0])


def test_their_sheets_are_what_a_network_sees(sheets: Path, tmp_path: Path) -> None:
    config = tiny(1, labels=OWN.to_dict())
    conditions = (Condition.CLEAN, Condition.PHOTO)
    cache = build_cache(tmp_path / "cache", source=source_of(sheets), spec=config.cache_spec(conditions))
    np.testing.assert_array_equal(cache.labels[cache.rows], [[0, 1], [1, 1], [0, 0]])
    assert cache.inks.shape[:2] == (3, 2)
    np.testing.assert_array_equal(cache.inks[:, 0], cache.inks[:, 1])
    assert (np.diff([int((ink > 100).sum()) for ink in cache.inks[:, 0]]) < 0).all(), "shorter lines, less ink"


def test_a_signal_stream_cannot_see_photographs(sheets: Path, tmp_path: Path) -> None:
    source = source_of(sheets)
    options = RunOptions(out=tmp_path / "run", cache=tmp_path / "cache", accelerator="cpu")
    with pytest.raises(UsageError, match="--streams image"):
        train(config=tiny(1, labels=OWN.to_dict()), training=source, validation=source, options=options)
    assert not (tmp_path / "cache").exists()
    image = tiny(1, labels=OWN.to_dict(), emptiness=0.5)
    image = image.model_copy(update={"model": {**image.model, "streams": "image"}})
    with pytest.raises(UsageError, match="emptiness=0"):
        train(config=image, training=source, validation=source, options=options)


def test_another_geometry_and_damage_are_told(sheets: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(sheets / "0.png"), np.zeros((10, 10, 3), np.uint8))
    (sheets / "1.png").write_bytes(b"no picture")
    config = tiny(1, labels=OWN.to_dict())
    spec = config.cache_spec((Condition.CLEAN,))
    cache = build_cache(tmp_path / "cache", source=source_of(sheets), spec=spec)
    assert [cache.record_ids[row] for row in cache.rows] == ["p2.jpg"]
    assert "10 x 10" in cache.refused["p0.jpg"]
    assert "damaged" in cache.refused["p1.jpg"]


def test_a_folder_that_is_none_says_how_one_is_made(tmp_path: Path, sheets: Path) -> None:
    with pytest.raises(UsageError, match="vizecg-edge sheets"):
        build_source(f"sheets:{tmp_path}", SourceRequest(labels=CODE6))
    (sheets / META).write_text("{}")
    with pytest.raises(StoreError, match="damaged"):
        read_sheets(sheets)


def test_sheets_do_not_come_among_the_photographs(tmp_path: Path) -> None:
    refused = CliRunner().invoke(app, ["sheets", str(tmp_path), "--out", str(tmp_path)])
    assert isinstance(refused.exception, UsageError)
    within = CliRunner().invoke(app, ["sheets", str(tmp_path), "--out", str(tmp_path / "in"), "--recursive"])
    assert "among the photographs" in str(within.exception)
    assert not (tmp_path / "in").exists()


def test_a_table_cannot_lead_out_of_the_folder(sheets: Path) -> None:
    meta, rows = read_sheets(sheets)
    write_sheets(sheets, meta, [*rows, SheetRow(photo="x.jpg", file="../x.png")])
    with pytest.raises(StoreError, match=r"x\.jpg"):
        read_sheets(sheets)
