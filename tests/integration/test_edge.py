"""``vizecg-edge run`` as a user meets it: every kind of bad input, the JSON, the pictures."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tolerances import tolerance
from vizecg.records.synthetic import synthesise, synthetic_record
from vizecg.render import PrintStyle, Pulse, photograph, random_style, render_sheet
from vizecg.spec import CODE6, BundleError, InputRefusedError, SheetSpec, UsageError
from vizecg.spec.manifest import GOLDEN
from vizecg_edge.backends.onnx import OnnxBackend
from vizecg_edge.overlay import save_image
from vizecg_edge.pipeline import DEFAULT_BUNDLE, Pipeline
from vizecg_edge.sheet import rectify
from warm_start import run_command

pytestmark = pytest.mark.integration

KEYS = [
    "schema_version", "input", "status", "reasons", "messages", "advice", "probabilities", "decisions", "undecided",
    "by_rate", "rate_limits_bpm", "thresholds", "doubts", "measured", "quality", "geometry", "timings_ms", "bundle",
]  # fmt: skip


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    sheet = render_sheet(synthesise(["AF"], seed=12), style=PrintStyle(palette="pink", trace_mm=0.4))
    save_image(path, photograph(sheet.image, rng=np.random.default_rng(12), strength=0.6, width_px=(1400, 1600)).image)
    return path


def edge(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run_command("vizecg_edge.cli", "run", *arguments)


def test_a_photograph_is_answered(photo: Path, tmp_path: Path) -> None:
    done = edge("--image", photo, "--json", "--save-sheet", tmp_path / "sheet.png", "--overlay", tmp_path / "o.png")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert list(answer) == KEYS
    assert answer["status"] == "answered"
    assert answer["reasons"] == []
    assert list(answer["probabilities"]) == list(answer["decisions"]) == list(CODE6.names)
    assert all(0 <= p <= 1 for p in answer["probabilities"].values())
    assert max(answer["probabilities"], key=answer["probabilities"].get) == "AF"
    stages = {"decode", "detect", "leads", "rectify", "judge", "preprocess", "infer", "total"}
    assert set(answer["timings_ms"]) == stages
    assert all(value is not None for value in answer["timings_ms"].values())
    assert np.array(answer["geometry"]["homography"]).shape == (3, 3)
    assert 0 < answer["quality"]["least"] <= answer["quality"]["score"] <= 1
    assert list(answer["thresholds"]) == list(CODE6.names)
    assert answer["bundle"]["calibrated"] is True
    assert Image.open(tmp_path / "sheet.png").size == (1152, 640)
    assert Image.open(tmp_path / "o.png").width == 1240


def test_limits_of_the_rate_decide_and_are_told(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    save_image(path, render_sheet(synthesise((), seed=3), style=PrintStyle()).image)
    plain, limited = (json.loads(edge(path, "--json", *more).stdout) for more in ((), ("--rate-limits", "30,40")))
    rate = plain["measured"]["rate_bpm"]
    assert 50 < rate < 100
    assert (plain["decisions"]["ST"], plain["rate_limits_bpm"], plain["by_rate"]) == (False, None, {})
    assert limited["rate_limits_bpm"] == [30, 40]
    assert limited["by_rate"]["SB"].endswith("above the limit of 30")
    assert (limited["decisions"]["SB"], limited["decisions"]["ST"]) == (False, True)
    refused = edge(path, "--rate-limits", "100")
    assert (refused.returncode, refused.stderr) == (
        2, "error: rate limits '100': expected two rates, such as 50,100\n"
    )  # fmt: skip


def test_exif_orientation_is_honoured(photo: Path, tmp_path: Path) -> None:
    turned = Image.open(photo).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held so that the picture must be turned clockwise
    turned.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    upright, rotated = Pipeline().run(photo).answer, Pipeline().run(tmp_path / "turned.jpg").answer
    assert upright.probabilities is not None
    assert rotated.probabilities is not None
    assert (rotated.input.width, rotated.input.height) == (upright.input.width, upright.input.height)
    for label in CODE6.names:
        assert rotated.probabilities[label] == pytest.approx(upright.probabilities[label], abs=0.05)


def jpeg(image: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, format="JPEG", quality=90)
    return stream.getvalue()


def landscape() -> np.ndarray:
    """Sky, hills, noise: a photograph of no ECG."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:900, 0:1200]
    hills = y > 500 + 80 * np.sin(x / 170) + 40 * np.sin(x / 61)
    image = np.where(hills[..., None], [60, 110, 50], [140, 180, 230]) + rng.normal(0, 8, (900, 1200, 1))
    return np.clip(image, 0, 255).astype(np.uint8)


def bad_inputs(photo: Path) -> dict[str, tuple[bytes, set[str]]]:
    whole = photo.read_bytes()
    return {
        "text.jpg": (b"This is not an image.\n", {"unreadable"}),
        "empty.jpg": (b"", {"unreadable"}),
        "truncated.jpg": (whole[: len(whole) // 2], {"unreadable"}),
        "pixel.png": (jpeg(np.zeros((1, 1, 3), np.uint8)), {"too_small"}),
        "black.jpg": (jpeg(np.zeros((900, 1200, 3), np.uint8)), {"no_grid", "not_an_ecg", "too_dark"}),
        "landscape.jpg": (jpeg(landscape()), {"no_grid", "not_an_ecg"}),
    }


@pytest.mark.parametrize("name", ["text.jpg", "empty.jpg", "truncated.jpg", "pixel.png", "black.jpg", "landscape.jpg"])
def test_bad_images_are_refused_in_one_line(photo: Path, tmp_path: Path, name: str) -> None:
    data, reasons = bad_inputs(photo)[name]
    (tmp_path / name).write_bytes(data)
    done = edge("--image", tmp_path / name, "--json")
    assert done.returncode == 7
    assert done.stderr.count("\n") == 1
    answer = json.loads(done.stdout)
    assert list(answer) == KEYS
    assert (answer["status"], answer["probabilities"], answer["decisions"]) == ("refused", None, None)
    assert set(answer["reasons"]) & reasons, answer["reasons"]


def test_a_path_that_leads_nowhere_is_a_usage_error_before_anything_is_read(photo: Path, tmp_path: Path) -> None:
    done = edge("--image", tmp_path / "none.jpg", "--image", photo, "--overlay", tmp_path / "out", "--json")
    assert (done.returncode, done.stderr) == (2, f"error: no such file or folder: {tmp_path / 'none.jpg'}\n")
    assert json.loads(done.stdout)["error"] == "UsageError"
    assert not list(tmp_path.iterdir())


@pytest.fixture
def copied_bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_BUNDLE, tmp_path / "b.vizecg"))


@pytest.mark.parametrize("name", ["model_int8.onnx", GOLDEN, "manifest.json"])
def test_a_bundle_with_one_changed_byte_exits_6(photo: Path, copied_bundle: Path, name: str) -> None:
    data = bytearray((copied_bundle / name).read_bytes())
    data[len(data) // 2] ^= 0x80
    (copied_bundle / name).write_bytes(bytes(data))
    done = edge("--image", photo, "--bundle", copied_bundle)
    assert done.returncode == 6
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_usage_errors_exit_2(photo: Path, tmp_path: Path) -> None:
    assert edge().returncode == 2
    assert edge("--image", photo, "--overlay", photo / "o.png").returncode == 2
    assert edge("--image", photo, "--save-sheet", tmp_path / "o.xyz").returncode == 2
    assert not list(tmp_path.iterdir())


def test_a_model_that_does_not_load_is_a_bundle_error(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"\x08\x01junk")
    with pytest.raises(BundleError, match="cannot load"):
        OnnxBackend(model=tmp_path / "m.onnx", input_shape=(1, 1, 320, 576), labels=6)


def test_the_edge_never_imports_torch(photo: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from vizecg_edge.pipeline import Pipeline;"
        f"assert Pipeline().run(Path({str(photo)!r})).answer.answered;"
        "assert not {'torch', 'pytorch_lightning', 'wfdb', 'onnx', 'vizecg.train'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, env={**os.environ})


@pytest.mark.parametrize("index", [27, 28, 35])
def test_broad_complexes_are_not_taken_for_calibration_pulses(index: int) -> None:
    """Without pulses on the print, the traces' ends alone must give the origin."""
    rng = np.random.default_rng(100 + index)
    style = replace(random_style(rng), palette="grey", pulse=Pulse.NONE)
    spec = SheetSpec()
    photo = photograph(render_sheet(synthetic_record(index, seed=3), style=style).image, rng=rng, width_px=(1400, 1600))
    found = rectify(photo.image, spec)
    start = np.array([[spec.block_x_mm, spec.block_y_mm]])
    seen = photo.mapping.to_photo(spec.mm_to_px(start))
    np.testing.assert_allclose(found.to_sheet_mm(seen, spec), start, atol=tolerance("origin-mm"))


@pytest.mark.parametrize("index", [3, 5, 8])
def test_pulses_on_the_right_are_not_taken_for_traces(index: int) -> None:
    """Taken for the end of the traces they would shift the whole sheet by 8 mm."""
    rng = np.random.default_rng(index)
    style = replace(random_style(rng), palette="grey", pulse=Pulse.RIGHT)
    photo = photograph(render_sheet(synthetic_record(index, seed=9), style=style).image, rng=rng, width_px=(1400, 1600))
    spec = SheetSpec()
    start = np.array([[spec.block_x_mm, spec.block_y_mm]])
    seen = photo.mapping.to_photo(spec.mm_to_px(start))
    found = rectify(photo.image, spec)
    np.testing.assert_allclose(found.to_sheet_mm(seen, spec), start, atol=tolerance("origin-mm"))


def test_threads_do_not_change_the_answer(photo: Path) -> None:
    one, two = (Pipeline(threads=n).run(photo).answer.probabilities for n in (1, 2))
    assert one is not None
    assert two is not None
    for label in CODE6.names:
        assert one[label] == pytest.approx(two[label], abs=tolerance("int8-same-file"))


def test_save_image_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    with pytest.raises(UsageError, match="not an image format"):
        save_image(tmp_path / "a.doc", picture)

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        save_image(tmp_path / "a.png", picture)
    assert not list(tmp_path.iterdir())


def test_refusals_say_why_to_programs_and_people() -> None:
    error = InputRefusedError("x.jpg: no grid", reason="no_grid")
    assert error.to_dict() == {
        "error": "InputRefusedError", "message": "x.jpg: no grid", "exit_code": 7, "reason": "no_grid",
    }  # fmt: skip
