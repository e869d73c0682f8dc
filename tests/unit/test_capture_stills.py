"""Still images of every format and condition -> the same upright RGB, or one line why not."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vizecg.spec import InputRefusedError, MissingToolError
from vizecg_edge.capture import decode, file_shots, read_picture
from vizecg_edge.capture.jpeg import is_whole
from vizecg_edge.capture.picture import MAX_PIXELS

pytestmark = pytest.mark.unit

WIDTH, HEIGHT = 480, 416


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """Smooth colours with a dark mark in the upper left corner: uint8 (HEIGHT, WIDTH, 3)."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    image = np.stack([90 + x / 4, 80 + y / 4, 220 - x / 5], axis=-1)
    image[20:80, 20:140] = 30
    return image.astype(np.uint8)


def encoded(picture: Image.Image, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, **options)
    return stream.getvalue()


def assert_close(image: np.ndarray, scene: np.ndarray, *, within: float = 4.0) -> None:
    assert (image.dtype, image.shape) == (np.uint8, scene.shape)
    assert np.abs(image.astype(float) - scene).mean() < within


@pytest.mark.parametrize(
    "options",
    [
        {"format": "JPEG", "quality": 92},
        {"format": "JPEG", "quality": 92, "progressive": True},
        {"format": "JPEG", "quality": 92, "restart_marker_blocks": 4},
        {"format": "MPO", "quality": 92},
        {"format": "PNG"},
        {"format": "TIFF", "compression": "tiff_lzw"},
        {"format": "TIFF", "compression": "jpeg"},
        {"format": "WEBP", "quality": 90},
        {"format": "WEBP", "lossless": True},
        {"format": "BMP"},
    ],
    ids=lambda options: "-".join(map(str, options.values())),
)
def test_every_format_comes_back(scene: np.ndarray, options: dict[str, Any]) -> None:
    assert_close(decode(encoded(Image.fromarray(scene), **options)), scene)


def test_heic_comes_back_and_its_absence_names_the_extra(scene: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    heif = pytest.importorskip("pillow_heif", reason="pip install '.[heic]' brings the reader of HEIC")
    stream = io.BytesIO()
    heif.from_pillow(Image.fromarray(scene)).save(stream, quality=90)
    data = stream.getvalue()
    assert_close(decode(data), scene)
    with pytest.raises(InputRefusedError, match="damaged"):
        decode(data[: len(data) // 2])
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    with pytest.raises(MissingToolError, match=r"\[heic\]'"):
        decode(data)


def test_a_whole_jpeg_has_the_pixels_that_pillow_gives(scene: np.ndarray) -> None:
    data = encoded(Image.fromarray(scene), format="JPEG", quality=80)
    np.testing.assert_array_equal(decode(data), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_every_orientation_is_turned_upright(scene: np.ndarray, orientation: int, form: str) -> None:
    stored = Image.fromarray(scene)
    undo = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    for step in undo.get(orientation, []):
        stored = stored.transpose(step)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read_picture(encoded(stored, format=form, exif=exif))
    assert_close(picture.pixels, scene, within=5.0)
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)


def test_damaged_exif_does_not_matter(scene: np.ndarray) -> None:
    data = encoded(Image.fromarray(scene), format="JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7fgarbage")
    assert_close(decode(data), scene)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "YCbCr", "LA", "RGBA", "I;16"])
def test_pixels_of_every_kind_become_rgb(scene: np.ndarray, mode: str) -> None:
    colour = Image.fromarray(scene)
    grey = np.repeat(np.asarray(colour.convert("L"))[:, :, None], 3, axis=2)
    if mode == "I;16":
        wide = grey[:, :, 0].astype(np.uint16) * 257
        assert_close(decode(encoded(Image.fromarray(wide), format="PNG")), grey, within=0.01)
        assert_close(decode(encoded(Image.fromarray(wide), format="TIFF")), grey, within=0.01)
        return
    form = {"CMYK": "JPEG", "YCbCr": "TIFF"}.get(mode, "PNG")
    stored = colour.convert(mode)
    wanted = np.asarray(stored.convert("RGB")) if mode in ("1", "P") else grey if mode in ("L", "LA") else scene
    assert_close(decode(encoded(stored, format=form)), wanted)


def test_what_is_transparent_shows_white_paper(scene: np.ndarray) -> None:
    alpha = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    alpha[200:] = 0
    image = decode(encoded(Image.fromarray(np.concatenate([scene, alpha], axis=2)), format="PNG"))
    assert (image[200:] == 255).all()
    np.testing.assert_array_equal(image[:200], scene[:200])


def test_pixels_of_unknown_range_are_refused(scene: np.ndarray) -> None:
    with pytest.raises(InputRefusedError, match="range is not known"):
        decode(encoded(Image.fromarray(scene[:, :, 0].astype(np.float32)), format="TIFF"))


def test_large_jpegs_are_read_smaller_where_that_is_allowed(scene: np.ndarray) -> None:
    large = Image.fromarray(scene).resize((4000, 3467), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(large, format="JPEG", quality=90, exif=exif)
    half = read_picture(data, most_reduced=float("inf"))
    assert (half.reduced, half.pixels.shape, half.width, half.height) == (2, (2000, 1734, 3), 3467, 4000)
    whole = read_picture(data)
    assert (whole.reduced, whole.pixels.shape) == (1, (4000, 3467, 3))
    np.testing.assert_allclose(half.to_pixels @ [1.5, 0.5, 1], [0.5, 0, 1])


def test_the_pages_of_a_tiff_are_images_of_their_own(scene: np.ndarray, tmp_path: Path) -> None:
    pages = [Image.fromarray(scene), Image.fromarray(255 - scene), Image.fromarray(scene[:, ::-1].copy())]
    pages[0].save(tmp_path / "three.tif", save_all=True, append_images=pages[1:])
    shots = list(file_shots(tmp_path / "three.tif"))
    assert [shot.page for shot in shots] == [1, 2, 3]
    for shot, page in zip(shots, pages, strict=True):
        np.testing.assert_array_equal(shot.load(1).pixels, np.asarray(page))
    animated = encoded(pages[0], format="PNG", save_all=True, append_images=pages[1:])
    (tmp_path / "moves.png").write_bytes(animated)
    (only,) = file_shots(tmp_path / "moves.png")
    np.testing.assert_array_equal(only.load(1).pixels, scene)


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress(b"\0" * 1000)
    start = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + start + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def webp_header(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + size
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "data",
    [png_header(60_000, 60_000), png_header(9_000, 9_000), webp_header(16_000, 16_000)],
    ids=["png-3600-MP", "png-81-MP", "webp-256-MP"],
)
def test_bombs_are_refused_before_memory_is_taken(data: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(InputRefusedError, match="too many") as refused:
            decode(data)
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()
    assert refused.value.reason == "unreadable"
    assert MAX_PIXELS < 81_000_000


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_half_a_file_is_refused(scene: np.ndarray, form: str, share: float) -> None:
    noisy = np.clip(scene + np.random.default_rng(1).normal(0, 20, scene.shape), 0, 255).astype(np.uint8)
    data = encoded(Image.fromarray(noisy), format=form)
    with pytest.raises(InputRefusedError) as refused:
        decode(data[: int(len(data) * share)])
    assert refused.value.reason == "unreadable"
    assert "\n" not in str(refused.value)


def test_the_end_of_a_thumbnail_is_not_taken_for_the_end_of_the_picture(scene: np.ndarray) -> None:
    thumbnail = encoded(Image.fromarray(scene[::8, ::8].copy()), format="JPEG")
    data = encoded(Image.fromarray(scene), format="JPEG", exif=b"Exif\0\0" + thumbnail)
    assert thumbnail in data
    assert is_whole(data)
    assert is_whole(data + b"what a phone appends")
    assert not is_whole(data[:-2])
    assert not is_whole(data[: len(data) // 2])
    assert not is_whole(data[:3])


def test_files_that_are_no_images_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "zip.jpg", "w") as archive:
        archive.writestr("a.txt", "text")
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.jpg").mkdir()
    for name, words in {
        "zip.jpg": "not an image in JPEG",
        "empty.png": "not an image",
        "folder.jpg": "not a file",
        "none.jpg": "no such file",
    }.items():
        (shot,) = file_shots(tmp_path / name)
        with pytest.raises(InputRefusedError, match=words):
            shot.load(1)
