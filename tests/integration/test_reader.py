"""The shipped model from Python: one answer whatever holds the picture, alone and in eight threads."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vizecg.records.synthetic import synthesise
from vizecg.render import PrintStyle, photograph, render_sheet
from vizecg_edge import Answer, Reader

pytestmark = pytest.mark.integration

THREADS = 8
FILES = ("photo.jpg", "photo.png", "turned.jpg", "photo.pdf", "photo.heic")
READABLE = {"PIL": ("photo.jpg", "photo.png", "turned.jpg"), "array": ("photo.jpg", "photo.png")}
"""What not all of them are read from: Pillow alone opens neither PDF nor HEIC, an array has no orientation."""


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One photograph as JPEG, as PNG, as a JPEG that lies on its side, as PDF and as HEIC."""
    heif = pytest.importorskip("pillow_heif", reason="pip install '.[heic]' brings the reader of HEIC")
    pytest.importorskip("pypdfium2", reason="pip install '.[pdf]' brings the reader of PDFs")
    place = tmp_path_factory.mktemp("photographs")
    sheet = render_sheet(synthesise(["AF"], seed=12), style=PrintStyle(palette="pink", trace_mm=0.4))
    image = photograph(sheet.image, rng=np.random.default_rng(12), strength=0.5, width_px=(1400, 1500)).image
    picture = Image.fromarray(image)
    picture.save(place / "photo.jpg", quality=92)
    picture.save(place / "photo.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.transpose(Image.Transpose.ROTATE_90).save(place / "turned.jpg", exif=exif, quality=92)
    picture.save(place / "photo.pdf", resolution=300)
    heif.from_pillow(picture).save(place / "photo.heic", quality=90)
    return place


@pytest.fixture(scope="module")
def expected(reader: Reader, folder: Path) -> dict[str, Answer]:
    """What the path of each file gets."""
    found = {name: reader.read(folder / name) for name in FILES}
    for name, answer in found.items():
        assert answer.probabilities is not None, (name, answer.messages)
        assert max(answer.probabilities.items(), key=lambda item: item[1])[0] == "AF", name
    return found


KINDS: dict[str, Callable[[Path], Any]] = {
    "str": str,
    "bytes": Path.read_bytes,
    "file": lambda path: io.BytesIO(path.read_bytes()),
    "PIL": lambda path: Image.open(io.BytesIO(path.read_bytes())),
    "array": lambda path: np.asarray(Image.open(path)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_source_gets_the_answer_of_the_path(
    reader: Reader, folder: Path, expected: dict[str, Answer], kind: str
) -> None:
    for name in READABLE.get(kind, FILES):
        assert reader.read(KINDS[kind](folder / name)) == expected[name], name


def test_eight_threads_get_identical_answers(reader: Reader, folder: Path, expected: dict[str, Answer]) -> None:
    path = folder / "photo.jpg"
    # One object for all threads of its kind, and pictures that are refused in between.
    shared = [make(path) for make in KINDS.values()]
    blank = np.full((500, 600, 3), 255, np.uint8)
    work = [*shared, blank] * 4
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(reader.read, work))
    for source, answer in zip(work, found, strict=True):
        if source is blank:
            assert answer.reasons == ("no_grid",)
        else:
            assert answer == expected[path.name]


def test_the_command_prints_what_to_dict_gives(folder: Path, expected: dict[str, Answer]) -> None:
    command = [sys.executable, "-m", "vizecg_edge.cli", "run", str(folder / "photo.jpg"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    printed, given = json.loads(done.stdout), expected["photo.jpg"].to_dict()
    assert list(printed) == list(given)
    for told in (printed, given):
        del told["timings_ms"]
    assert printed == given
