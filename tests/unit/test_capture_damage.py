"""Damaged files: what their decoders and checksums tell of them, and where; whole ones tell nothing."""

from __future__ import annotations

import io
import itertools
import os
import struct
import sys
import threading
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vizecg.spec import InputRefusedError
from vizecg_edge.capture import Picture, read_picture
from vizecg_edge.capture.damage import Damage, damage_heard, turned
from vizecg_edge.capture.jpeg import turn_upright
from vizecg_edge.capture.jpeg_checks import ending_zeros, quantisation_tables
from vizecg_edge.judge.damage import file_doubts, refuse_anywhere, refuse_on_leads
from vizecg_edge.process import decoder_messages

pytestmark = pytest.mark.unit

WIDTH, HEIGHT = 480, 400


def scene() -> np.ndarray:
    """Something with edges in it: uint8 RGB."""
    rng = np.random.default_rng(7)
    return np.repeat(np.repeat(rng.integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), np.uint8), 8, axis=0), 8, axis=1)


def saved(kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(scene()).save(file, kind, **options)
    return file.getvalue()


def spoilt(data: bytes, at: float, with_bytes: bytes = b"\xaa" * 300) -> bytes:
    place = int(len(data) * at)
    return data[:place] + with_bytes + data[place + len(with_bytes) :]


WHOLE: dict[str, bytes] = {
    "jpeg": saved("JPEG", quality=90),
    "coarse": saved("JPEG", quality=3),
    "fine": saved("JPEG", quality=100, subsampling=0),
    "progressive": saved("JPEG", progressive=True),
    "restarts": saved("JPEG", restart_marker_rows=1),
    "png": saved("PNG"),
    "interlaced": saved("PNG", optimize=True),
    "deflate": saved("TIFF", compression="tiff_adobe_deflate"),
    "lzw": saved("TIFF", compression="tiff_lzw"),
    "tiff-jpeg": saved("TIFF", compression="jpeg"),
    "plain": saved("TIFF"),
    "webp": saved("WEBP"),
    "bmp": saved("BMP"),
}


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_whole_files_tell_nothing(name: str) -> None:
    assert read_picture(WHOLE[name]).damage == ()


@pytest.mark.parametrize("name", ["jpeg", "progressive", "restarts", "fine"])
@pytest.mark.parametrize("reduced", [1, 2])
def test_jpeg_data_that_are_damaged_are_told(name: str, reduced: int, capfd: pytest.CaptureFixture[str]) -> None:
    (damage,) = read_picture(spoilt(WHOLE[name], 0.7), most_reduced=reduced).damage
    assert damage.told.startswith("Corrupt JPEG data: ")
    assert damage.box is None
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("value", [0, 200])
def test_a_table_that_no_encoder_writes_is_told(value: int) -> None:
    at = WHOLE["jpeg"].index(b"\xff\xdb") + 5 + 12
    assert len(list(quantisation_tables(WHOLE["jpeg"]))) == 2
    (damage,) = read_picture(spoilt(WHOLE["jpeg"], at / len(WHOLE["jpeg"]), bytes((value,)))).damage
    assert "quantisation table" in damage.told


def test_padding_and_metadata_are_no_damage() -> None:
    padded = WHOLE["jpeg"][:-2] + bytes(40) + b"\xff\xd9"
    assert ending_zeros(padded) >= 40
    assert read_picture(padded).damage == ()
    said = ["Warning: unknown JFIF revision number 7.01", "Corrupt JPEG data: bad ICC marker", "libpng warning: iCCP"]
    assert damage_heard(said) == ()
    assert len(damage_heard(["Corrupt JPEG data: 41 extraneous bytes before marker 0xd9"], padding=40)) == 1


def test_zeros_before_an_end_are_counted_in_one_pass() -> None:
    """Of half a million zeros without an end behind them each was once counted from every one of them."""
    assert ending_zeros(bytes(500_000) + b"x") == 0
    assert ending_zeros(b"x\0\xff\xd9" + bytes(3) + b"\xff\xd9" + bytes(9)) == 3


def test_a_jpeg_that_opencv_does_not_take_is_told_as_well() -> None:
    file = io.BytesIO()
    Image.fromarray(scene()).convert("CMYK").save(file, "JPEG")
    assert read_picture(file.getvalue()).damage == ()
    assert read_picture(spoilt(file.getvalue(), 0.5)).damage


def test_a_png_is_damaged_from_the_row_whose_checksum_differs() -> None:
    chunks = [bytes(chunk) for chunk in _stored_png(parts=10)]
    place = sum(map(len, chunks[:8])) + 4000
    data = b"".join(chunks)
    damaged = data[:place] + bytes((data[place] ^ 0x40,)) + data[place + 1 :]
    assert read_picture(data).damage == ()
    (damage,) = read_picture(damaged).damage
    assert damage.box is not None
    assert damage.box[::2] == (0, WIDTH)
    assert damage.box[3] == HEIGHT
    # The sixth of ten parts.
    assert damage.box[1] == pytest.approx(HEIGHT * 0.6, abs=1)


def _stored_png(*, parts: int) -> list[bytes]:
    """Signature, header, the picture in so many parts, end; stored, so that a flipped bit is no error in itself."""
    rows = b"".join(b"\0" + row.tobytes() for row in scene())
    packed = zlib.compress(rows, 0)
    # Pillow reads no further than the last row: what checks the whole comes behind it.
    bounds = np.linspace(0, len(packed), parts + 1).astype(int)
    header = WIDTH.to_bytes(4, "big") + HEIGHT.to_bytes(4, "big") + bytes((8, 2, 0, 0, 0))
    every = [
        (b"IHDR", header),
        *((b"IDAT", packed[a:b]) for a, b in itertools.pairwise(bounds)),
        (b"IEND", b""),
    ]
    chunks = [
        len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big") for kind, body in every
    ]
    return [b"\x89PNG\r\n\x1a\n", *chunks]


def test_a_tiff_without_a_tag_that_it_needs_is_refused() -> None:
    """Tiles whose width is not said."""
    strips, tiles = struct.pack("<H", 273), struct.pack("<H", 324)
    data = WHOLE["deflate"]
    directory = struct.unpack("<I", data[4:8])[0]
    at = data.index(strips, directory)
    with pytest.raises(InputRefusedError, match="damaged image"):
        read_picture(data[:at] + tiles + data[at + 2 :])


def test_a_strip_of_a_tiff_is_damaged_where_it_lies() -> None:
    data = WHOLE["tiff-jpeg"]
    with Image.open(io.BytesIO(data)) as picture:
        offsets, sizes, rows = (picture.tag_v2[tag] for tag in (273, 279, 278))  # type: ignore[attr-defined]
    place = offsets[2] + sizes[2] // 2
    (damage,) = read_picture(data[:place] + bytes(64) + data[place + 64 :]).damage
    assert damage.box == (0, 2 * rows, WIDTH, min(3 * rows, HEIGHT))
    assert damage.told.startswith("damaged TIFF: Corrupt JPEG data: ")


@pytest.mark.parametrize("page", [0, 1])
def test_a_fax_is_damaged_from_the_line_that_libtiff_names(page: int, capfd: pytest.CaptureFixture[str]) -> None:
    image = Image.fromarray(scene()).convert("1")
    file = io.BytesIO()
    image.save(file, "TIFF", compression="group4", save_all=True, append_images=[image])
    data = file.getvalue()
    assert [read_picture(data, page=one).damage for one in (0, 1)] == [(), ()]
    with Image.open(io.BytesIO(data)) as picture:
        picture.seek(page)
        place = picture.tag_v2[273][0] + picture.tag_v2[279][0] // 2  # type: ignore[attr-defined]
    data = data[:place] + bytes(64) + data[place + 64 :]
    damage = read_picture(data, page=page).damage
    assert damage[0].told.startswith("damaged TIFF: Fax4Decode: ")
    assert all(one.box is not None for one in damage)
    assert damage[0].box is not None
    assert HEIGHT // 4 < damage[0].box[1] < HEIGHT
    assert read_picture(data, page=1 - page).damage == ()
    assert capfd.readouterr().err == ""


def test_frames_of_a_film_are_counted_and_a_phones_second_picture_is_none() -> None:
    other = Image.fromarray(255 - scene())
    for kind in ("PNG", "WEBP"):
        picture = read_picture(saved(kind, save_all=True, append_images=[other, Image.new("RGB", other.size)]))
        assert picture.frames == 3
        (doubt,) = file_doubts(picture)
        assert (doubt.code, "film of 3 pictures" in doubt.message) == ("frames_ignored", True)
    assert read_picture(saved("MPO", save_all=True, append_images=[other])).frames == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_damage_turns_with_the_picture(orientation: int) -> None:
    mask = np.zeros((40, 60, 3), np.uint8)
    mask[5:9, 10:30] = 255
    upright = turn_upright(mask, orientation)[:, :, 0]
    rows, columns = np.nonzero(upright)
    one = turned(Damage(told="", box=(10, 5, 30, 9)), width=60, height=40, orientation=orientation)
    assert one.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


def test_damage_beside_the_leads_is_told_and_on_them_refused() -> None:
    lead = np.array([[100.0, 100.0], [300.0, 100.0], [300.0, 200.0], [100.0, 200.0]])

    def picture(box: tuple[int, int, int, int] | None) -> Picture:
        return Picture.of(scene(), damage=(Damage(told="a strip is missing.", box=box),))

    beside = picture((0, 250, WIDTH, HEIGHT))
    refuse_anywhere(beside)
    refuse_on_leads(beside, [lead])
    assert file_doubts(beside)[0].message == "the file is damaged outside of the leads: a strip is missing"
    assert not file_doubts(Picture.of(scene()))
    refused: list[Callable[[], None]] = [
        lambda: refuse_on_leads(picture((0, 150, WIDTH, HEIGHT)), [lead]),
        lambda: refuse_anywhere(picture(None)),
    ]
    for one in refused:
        with pytest.raises(InputRefusedError, match=r"The file is damaged.*\(a strip is missing\)") as error:
            one()
        assert error.value.reason == "damaged"


def test_other_lines_pass_and_threads_do_not_mix(capfd: pytest.CaptureFixture[str]) -> None:
    with decoder_messages() as said:
        os.write(2, b"Corrupt JPEG data: bad Huffman code\nanother thread's\n")
        print("and Python's", file=sys.stderr, flush=True)
    assert said == ["Corrupt JPEG data: bad Huffman code"]
    assert "another thread's\n" in capfd.readouterr().err
    damaged, found = spoilt(WHOLE["jpeg"], 0.5), [(0, 0)] * 4

    def read(number: int) -> None:
        for _ in range(5):
            one = read_picture(damaged if number % 2 else WHOLE["jpeg"])
            found[number] = (found[number][0] + 1, found[number][1] + len(one.damage))

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(5, 0), (5, 5), (5, 0), (5, 5)]
