"""Small files that would take all memory or time, each refused in one line before they do."""

from __future__ import annotations

import gc
import io
import struct
import time
import weakref
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from vizecg.spec import BundleError, InputRefusedError
from vizecg.spec.manifest import Manifest
from vizecg_edge.capture import modes, read_picture
from vizecg_edge.capture.picture import page_numbers
from vizecg_edge.pipeline import DEFAULT_BUNDLE, Pipeline
from vizecg_lab.fuzzing.bombs import bomb_png

pytestmark = pytest.mark.integration


def encoded(picture: Image.Image, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    whole = encoded(Image.new("RGB", (800, 600), "white"), format="JPEG", progressive=True)
    assert read_picture(whole).pixels.shape == (600, 800, 3)
    last = whole.rindex(b"\xff\xda")
    many = whole[:-2] + whole[last:-2] * 200 + whole[-2:]
    with pytest.raises(InputRefusedError, match="more than 100 scans"):
        read_picture(many)
    # An end marker inside a comment does not hide what follows.
    comment = b"\xff\xfe" + struct.pack(">H", 4) + b"\xff\xd9"
    with pytest.raises(InputRefusedError, match="more than 100 scans"):
        read_picture(whole[:-2] + comment + whole[last:-2] * 200 + whole[-2:])


def test_what_lies_behind_a_jpeg_is_not_counted() -> None:
    """As in a photograph with a video behind it."""
    whole = encoded(Image.new("RGB", (800, 600), "white"), format="JPEG")
    assert read_picture(whole + b"\xff\xda" * 500).pixels.shape == (600, 800, 3)


def test_a_webp_of_many_pixels_is_refused() -> None:
    # 42 million white pixels in a few dozen bytes.
    data = encoded(Image.new("RGB", (6500, 6500), "white"), format="WEBP", lossless=True, method=0)
    assert len(data) < 100
    with pytest.raises(InputRefusedError, match="too many"):
        read_picture(data)


def test_a_tiff_of_nothing_but_copies_has_pages() -> None:
    page = Image.new("RGB", (500, 500), "white")
    data = encoded(page, format="TIFF", save_all=True, append_images=[page], tiffinfo={254: 1})
    assert page_numbers(data) == [0, 1]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK", "P", "I;16", "1"])
def test_strips_have_the_same_pixels(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (301, 203, 4), dtype=np.uint8)
    picture = Image.fromarray(noise, "RGBA")
    wide = Image.fromarray(noise[:, :, 0].astype(np.uint16) * 251)
    picture = wide if mode == "I;16" else picture if mode == "RGBA" else picture.convert("RGB").convert(mode)
    whole = modes.to_rgb(picture)
    monkeypatch.setattr(modes, "WHOLE_PIXELS", 1000)
    monkeypatch.setattr(modes, "STRIP_PIXELS", 203 * 7)
    np.testing.assert_array_equal(modes.to_rgb(picture), whole)


def test_a_page_that_takes_all_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pypdfium2", reason="pip install '.[pdf]' brings the reader of PDFs")
    from vizecg_edge.capture.pdf import render_page
    from vizecg_lab.fuzzing.bombs import pdf_of_forms

    assert render_page(pdf_of_forms(deep=2), 0).pixels.shape[2] == 3
    monkeypatch.setattr("vizecg_edge.capture.pdf.LONGEST_S", 1.5)
    started = time.monotonic()
    with pytest.raises(InputRefusedError, match="its page takes"):
        render_page(pdf_of_forms(deep=9), 0)
    assert time.monotonic() - started < 8


def test_claims_of_a_png_are_not_believed() -> None:
    with pytest.raises(InputRefusedError, match=r"too many pixels|are too many"):
        read_picture(bomb_png(width=60_000, height=1500, depth=1, colour=0))


MANIFEST = (DEFAULT_BUNDLE / "manifest.json").read_text()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "[" * 100_000,
        lambda text: text.replace('"schema_version"', '"\\ud800": 1, "schema_version"'),
        lambda text: text.replace('"1dAVb",', f'"{"x" * 5000}",'),
        lambda text: text.replace('"px_per_mm": 4.0', '"px_per_mm": [4.0]').replace('"std"', '"std": null, "x"'),
        lambda text: text.replace('"paper_blur_mm": 4.0', '"paper_blur_mm": 1e9'),
        lambda text: text.replace('"name": "', '"name": "a\\u001b[2J'),
    ],
    ids=["deep", "unprintable", "long", "types", "blur", "terminal"],
)
def test_a_hostile_manifest_is_one_printable_line(change: Callable[[str], str]) -> None:
    changed = change(MANIFEST)
    assert changed != MANIFEST
    with pytest.raises(BundleError) as caught:
        Manifest.from_json(changed)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


def test_a_refused_photograph_is_let_go_at_once() -> None:
    image = np.random.default_rng(2).integers(0, 255, (900, 1200, 3), dtype=np.uint8)
    there = weakref.ref(image)
    pipeline = Pipeline(threads=1)
    gc.disable()
    try:
        answer = pipeline.run_image(image).answer
        del image
        assert answer.status == "refused"
        assert there() is None, "a large photograph would stay in memory until the next collection"
    finally:
        gc.enable()
