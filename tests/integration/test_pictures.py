"""``vizecg render`` and ``vizecg photograph`` as a user calls them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from tolerances import tolerance
from vizecg.cli import app
from vizecg.render import LAYOUTS, Displacement, SheetToPhoto
from vizecg.render.picture import load_sheet
from vizecg.spec import InputRefusedError, SheetSpec, UsageError

pytestmark = pytest.mark.integration


def call(*arguments: object) -> list[dict]:
    """What the command prints with --json, an object a line; its errors are raised."""
    result = CliRunner().invoke(app, [str(argument) for argument in (*arguments, "--json")], catch_exceptions=False)
    return [json.loads(line) for line in result.stdout.splitlines()]


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        picture.load()
        return picture


def test_a_record_becomes_a_sheet_and_the_sheet_a_photograph(tmp_path: Path) -> None:
    (drawn,) = call("render", "--out", tmp_path / "sheet.png", "--layout", "6x2+R", "--cabrera")
    assert len(drawn["boxes"]) == 13
    assert drawn["clipped"] == []
    sheet = opened(tmp_path / "sheet.png")
    assert sheet.size == (1152, 640)
    assert sheet.info["dpi"][0] == pytest.approx(4 * 25.4, abs=0.1)
    (taken,) = call(
        "photograph", tmp_path / "sheet.png", "--out", tmp_path / "photo.jpg", "--width", 1500, "--truth",
        "--condition", "photo_wrinkled",
    )  # fmt: skip
    assert opened(tmp_path / "photo.jpg").width == 1500
    truth = json.loads(Path(taken["truth"]).read_text())
    bend = truth["displacement"]
    mapping = SheetToPhoto(
        homography=np.array(truth["homography"]),
        displacement=Displacement(
            field=np.array(bend["field"], np.float32), pitch=bend["pitch"], origin=tuple(bend["origin"])
        ),
        lens=truth["lens"],
        size=tuple(truth["size"]),
    )
    corners = SheetSpec().mm_to_px(np.array([[20.0, 20.0], [260.0, 140.0]]))
    np.testing.assert_allclose(mapping.to_sheet(mapping.to_photo(corners)), corners, atol=tolerance("mapping-px"))


def test_many_records_go_into_a_folder(tmp_path: Path) -> None:
    drawn = call("render", "--out", tmp_path / "prints", "-n", 3, "--style", "random")
    assert sorted(str(path) for path in (tmp_path / "prints").iterdir()) == sorted(line["file"] for line in drawn)
    first = {line["file"]: Path(line["file"]).read_bytes() for line in drawn}
    call("render", "--out", tmp_path / "prints", "-n", 3, "--style", "random")
    assert all(Path(name).read_bytes() == data for name, data in first.items())


def test_a_pdf_has_the_size_of_the_paper(tmp_path: Path) -> None:
    call("render", "--out", tmp_path / "sheet.pdf", "--px-per-mm", 8)
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", (tmp_path / "sheet.pdf").read_bytes())
    assert box is not None
    points_per_mm = 72 / 25.4
    assert float(box[1]) / points_per_mm == pytest.approx(288, abs=0.5)
    assert float(box[2]) / points_per_mm == pytest.approx(160, abs=0.5)


def test_the_papers_look(tmp_path: Path) -> None:
    (drawn,) = call("render", "--out", tmp_path / "paper.png", "--style", "paper")
    assert opened(tmp_path / "paper.png").size == (2000, 720)
    assert len(drawn["boxes"]) == 12


def test_contact_sheets_show_every_kind(tmp_path: Path) -> None:
    call("render", "--out", tmp_path / "layouts.png", "--contact-sheet")
    call("photograph", "--out", tmp_path / "conditions.png", "--contact-sheet", "--px-per-mm", 4)
    layouts, conditions = opened(tmp_path / "layouts.png"), opened(tmp_path / "conditions.png")
    assert layouts.height * 4 >= len(LAYOUTS) * 240
    assert conditions.height == 10 * (270 + 26)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("render", "--layout", "9x9", "--out", "a.png"), UsageError, "unknown layout '9x9': expected one of 3x4"),
        (("render", "--gain", 7, "--out", "a.png"), UsageError, "gain of"),
        (("render", "--layout", "6x1", "--strips", "V9", "--out", "a.png"), UsageError, "rhythm strips must be"),
        (("render", "--chest", "--out", "a.png"), UsageError, r"3x4 holds 12 leads, got chest \(6\)"),
        (("render", "--form", "viewer", "--out", "a.png"), UsageError, "are for --style page, got --style plain"),
        (("render", "--style", "page", "--form", "fax", "--out", "a.png"), UsageError, "unknown form 'fax'"),
        (("render", "--style", "page", "--fonts", ".", "--out", "a.png"), UsageError, "a folder of TrueType files"),
        (("render", "--palette", "gold", "--out", "a.png"), UsageError, "unknown palette 'gold'"),
        (("render", "--out", "a.gif"), UsageError, "ends in .png"),
        (("render", "--record", "nobody", "--out", "a.png"), UsageError, "has no record 'nobody'"),
        (("photograph", "none.png", "--out", "a.jpg"), InputRefusedError, "none.png: no such file"),
        (("photograph", "--style", "paper", "--out", "a.jpg"), UsageError, "plain, random or page"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(
    arguments: tuple[object, ...], error: type[Exception], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        call(*arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_is_no_sheet_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (300, 300)).save(tmp_path / "square.png")
    with pytest.raises(InputRefusedError, match="got 300 x 300 pixels"):
        load_sheet(tmp_path / "square.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(InputRefusedError, match="not a readable PNG"):
        load_sheet(tmp_path / "text.png")


def test_pages_of_other_recorders(tmp_path: Path) -> None:
    options = ("--layout", "6x1+R", "--chest", "--strips", "V1", "--strips-above", "--speed", 50, "--chest-gain", 5)
    (drawn,) = call("render", "--out", tmp_path / "chest.png", *options)
    assert [box["lead"] for box in drawn["boxes"]] == ["V1", "V1", "V2", "V3", "V4", "V5", "V6"]
    assert {(box["speed_mm_s"], box["gain_mm_mv"]) for box in drawn["boxes"]} == {(50.0, 5.0)}
    (page,) = call("render", "--out", tmp_path / "page.png", "--style", "page", "--form", "long_page", *options[:2])
    assert "V1" not in {box["lead"] for box in page["boxes"]}
    sheet, spec = load_sheet(tmp_path / "page.png")
    assert sheet.shape == spec.shape != SheetSpec().shape  # of a size of its own
    taken = (
        "photograph", tmp_path / "page.png", "--out", tmp_path / "message.png", "--finish", "message", "--truth",
        "--stretch", 1.2,
    )  # fmt: skip
    call(*taken)
    truth = json.loads((tmp_path / "message.json").read_text())
    assert truth["sheet"] == spec.to_dict()
    assert opened(tmp_path / "message.png").size == tuple(truth["size"][::-1])
    call("photograph", "--out", tmp_path / "drawn.png", "--style", "page", "--form", "viewer", "--truth")
    drawn = json.loads((tmp_path / "drawn.json").read_text())
    assert len(drawn["boxes"]) >= 12
    assert {text["text"] for text in drawn["texts"]} >= {"V1", "V6"}
