"""Files that are damaged: decoders show something all the same."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from vizecg_lab.attacks.kinds import Family, Kind, numbered
from vizecg_lab.attacks.studio import Studio

_HEAD = 0.05
"""Share of a file that tells what it is and is left alone."""


def _encoded(studio: Studio, **options: object) -> bytes:
    data = io.BytesIO()
    Image.fromarray(studio.show(studio.printed())).save(data, **options)  # type: ignore[arg-type]
    return data.getvalue()


def _broken(data: bytes, places: int, rng: np.random.Generator) -> bytes:
    """Some bytes changed, anywhere behind the head."""
    changed = bytearray(data)
    for at in rng.integers(round(_HEAD * len(data)), len(data) - 64, places):
        changed[at : at + 4] = rng.bytes(4)
    return bytes(changed)


def _jpeg(studio: Studio, places: float) -> bytes:
    return _broken(_encoded(studio, format="JPEG", quality=85), round(places), studio.rng)


def _progressive(studio: Studio, places: float) -> bytes:
    return _broken(_encoded(studio, format="JPEG", quality=85, progressive=True), round(places), studio.rng)


def _tiff(studio: Studio, places: float) -> bytes:
    return _broken(_encoded(studio, format="TIFF", compression="packbits"), round(places), studio.rng)


def _ends_early(studio: Studio, percent: float) -> bytes:
    data = _encoded(studio, format="JPEG", quality=85)
    return data[: round(len(data) * percent / 100)]


FILES = (
    Kind(name="jpeg_damaged", family=Family.FILE, ways=numbered((1, 4, 16), "places"), draw=_jpeg),
    Kind(name="progressive_damaged", family=Family.FILE, ways=numbered((1, 4, 16), "places"), draw=_progressive),
    Kind(name="tiff_damaged", family=Family.FILE, ways=numbered((4, 40, 400), "places"), draw=_tiff),
    Kind(name="jpeg_ends_early", family=Family.FILE, ways=numbered((50, 75, 90), "%"), draw=_ends_early),
)
