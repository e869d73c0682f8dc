"""Paths, bytes, open files, PIL images and arrays -> the same pixels, or one line why not."""

from __future__ import annotations

import io
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from threadpoolctl import threadpool_info

from vizecg.spec import InputRefusedError, UsageError
from vizecg_edge.capture import Source, shots_of
from vizecg_edge.pipeline import Pipeline
from vizecg_edge.process import limited_threads, quiet_pillow

pytestmark = pytest.mark.unit

HEIGHT, WIDTH = 416, 480


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """Another colour everywhere, so that nothing can be turned without being seen: uint8 (HEIGHT, WIDTH, 3)."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([90 + x / 4, 80 + y / 4, 220 - x / 5], axis=-1).astype(np.uint8)


def encoded(picture: Image.Image, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format=form, **options)
    return stream.getvalue()


def pixels(source: Source, *, most_reduced: float = float("inf")) -> np.ndarray:
    return next(iter(shots_of(source))).load(most_reduced).pixels


def refused(source: Source) -> str:
    with pytest.raises(InputRefusedError) as caught:
        pixels(source)
    return caught.value.reason


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_every_kind_of_source_gives_the_same_pixels(scene: np.ndarray, tmp_path: Path, form: str) -> None:
    data = encoded(Image.fromarray(scene), form)
    path = tmp_path / "scene"
    path.write_bytes(data)
    expected = pixels(path)
    opened = io.BytesIO(data)
    opened.read(100)  # what somebody else has read of it is read again
    sources: list[Any] = [str(path), data, bytearray(data), memoryview(data), opened]
    with Image.open(path) as image:
        # The image comes first, before a copy of it loads its pixels.
        for source in (image, *sources, image.copy(), np.asarray(image)):
            np.testing.assert_array_equal(pixels(source), expected)
    with path.open("rb") as file:
        np.testing.assert_array_equal(pixels(file), expected)
        assert not file.closed
        assert next(iter(shots_of(file))).path == str(path)


def test_a_large_jpeg_is_read_alike_from_a_path_and_from_an_image_that_is_only_open(tmp_path: Path) -> None:
    Image.effect_noise((4000, 2000), 60).convert("RGB").save(tmp_path / "large.jpg")
    expected = pixels(tmp_path / "large.jpg")
    assert expected.shape == (1000, 2000, 3)
    image = Image.open(tmp_path / "large.jpg")
    np.testing.assert_array_equal(pixels(image), expected)
    image.paste((255, 0, 0), (0, 0, 2000, 2000))
    changed = pixels(image)
    assert changed.shape == (2000, 4000, 3)
    assert tuple(changed[100, 100]) == (255, 0, 0), "what was drawn into the image is not there"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
def test_an_image_is_turned_as_its_file_is(scene: np.ndarray, form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(scene), form, exif=exif)
    expected = pixels(data)
    assert expected.shape == ((HEIGHT, WIDTH, 3) if orientation < 5 else (WIDTH, HEIGHT, 3))
    loaded = Image.open(io.BytesIO(data))
    loaded.load()
    for image in (Image.open(io.BytesIO(data)), loaded):
        np.testing.assert_array_equal(pixels(image), expected)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK", "I;16"])
def test_images_of_every_mode_are_read_as_their_files_are(scene: np.ndarray, mode: str) -> None:
    picture = Image.fromarray(scene)
    if mode in ("RGBA", "LA"):
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    converted = picture.convert("I;16") if mode == "I;16" else picture.convert(mode)
    data = encoded(converted, "TIFF")
    np.testing.assert_array_equal(pixels(converted), pixels(data))


def test_pages_come_from_bytes_as_they_do_from_a_path(scene: np.ndarray, tmp_path: Path) -> None:
    first = Image.fromarray(scene)
    pages = [first, Image.fromarray(255 - scene)]
    data = encoded(first, "TIFF", save_all=True, append_images=pages[1:])
    shots = list(shots_of(data))
    assert [shot.page for shot in shots] == [1, 2]
    for shot, page in zip(shots, pages, strict=True):
        np.testing.assert_array_equal(shot.load(1).pixels, np.asarray(page))
    image = Image.open(io.BytesIO(data))
    image.seek(1)
    np.testing.assert_array_equal(pixels(image), np.asarray(pages[1]))


def test_pdf_and_heic_are_read_from_bytes(scene: np.ndarray) -> None:
    pytest.importorskip("pypdfium2", reason="pip install '.[pdf]' brings the reader of PDFs")
    heif = pytest.importorskip("pillow_heif", reason="pip install '.[heic]' brings the reader of HEIC")
    stream = io.BytesIO()
    heif.from_pillow(Image.fromarray(scene)).save(stream, quality=90)
    assert pixels(stream.getvalue()).shape == scene.shape
    pages = list(shots_of(io.BytesIO(encoded(Image.fromarray(scene), "PDF", resolution=150))))
    assert [page.page for page in pages] == [1]
    assert pages[0].load(1).pixels.shape == (2 * HEIGHT, 2 * WIDTH, 3)


COLOURS = np.zeros((HEIGHT, WIDTH, 3), np.uint8)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (None, "got NoneType"),
        ([1, 2], "got list"),
        (3.0, "got float"),
        (io.StringIO("ecg"), "opened as text: open it with mode 'rb'"),
        (COLOURS.astype(np.float32) / 255, "got float32 (416, 480, 3): its levels must be 0 to 255"),
        (COLOURS.astype(np.uint16), "got uint16 (416, 480, 3)"),
        (COLOURS[..., 0], "got uint8 (416, 480): for grey levels or transparency give PIL.Image.fromarray(array)"),
        (np.zeros((HEIGHT, WIDTH, 4), np.uint8), "got uint8 (416, 480, 4): for grey levels or transparency"),
        (COLOURS.transpose(2, 0, 1), "got uint8 (3, 416, 480): the colours come last"),
        (COLOURS[None], "got uint8 (1, 416, 480, 3): one picture at a time"),
        (np.array(["a.jpg"]), "got <U5 (1,)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_picture_is_told_in_one_line(source: Any, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        shots_of(source)
    text = str(caught.value)
    assert text.startswith("expected ")
    assert told in text
    assert "\n" not in text


def test_files_that_cannot_be_read_are_told_in_one_line(tmp_path: Path) -> None:
    closed = io.BytesIO(b"")
    closed.close()
    with pytest.raises(UsageError, match="closed file"):
        shots_of(closed)
    with (tmp_path / "new").open("wb") as file, pytest.raises(UsageError, match="cannot be read"):
        shots_of(file)


def test_what_has_no_answer_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    assert refused(tmp_path / "absent.jpg") == "file_not_found"
    assert refused("a\0b") == "file_not_found"
    assert refused(tmp_path) == "unreadable"
    assert refused(b"") == "unreadable"
    assert refused(io.BytesIO(b"no image")) == "unreadable"
    assert refused(Image.new("F", (WIDTH, HEIGHT))) == "unreadable"
    assert refused(COLOURS[:100]) == refused(Image.fromarray(COLOURS[:100])) == "too_small"
    assert refused(np.zeros((0, 0, 3), np.uint8)) == "too_small"


def test_views_are_read_and_left_alone(scene: np.ndarray) -> None:
    bgr = scene[..., ::-1].copy()
    bgr.setflags(write=False)
    np.testing.assert_array_equal(pixels(bgr[..., ::-1]), scene)


def test_the_pipeline_says_what_it_takes() -> None:
    pipeline = Pipeline.__new__(Pipeline)
    with pytest.raises(UsageError, match="expected a path"):
        pipeline.run(7)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="got list"):
        pipeline.run_image([[0]])  # type: ignore[arg-type]


def blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_limits_end_with_the_last_that_asked_for_them() -> None:
    before, opencv = cv2.getNumThreads(), blas_threads()
    cv2.setNumThreads(3)
    try:
        with limited_threads(2):
            assert cv2.getNumThreads() == 2
            with limited_threads(1):
                assert cv2.getNumThreads() == 1
                assert set(blas_threads()) == {1}
            with limited_threads(64):
                assert cv2.getNumThreads() == 2
            assert cv2.getNumThreads() == 2

        def limited(number: int) -> None:
            for _ in range(50):
                with limited_threads(1 + number % 2):
                    assert cv2.getNumThreads() <= 2

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(limited, range(8)))
        assert cv2.getNumThreads() == 3
        assert blas_threads() == opencv
    finally:
        cv2.setNumThreads(before)


def test_warnings_are_shown_again_after_the_last_picture() -> None:
    with warnings.catch_warnings():
        before = list(warnings.filters)

        def silent(number: int) -> None:
            for _ in range(50):
                with quiet_pillow():
                    pass

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(silent, range(8)))
        assert list(warnings.filters) == before
