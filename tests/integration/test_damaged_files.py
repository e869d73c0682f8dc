"""Damaged files from end to end: refused where the leads may be spoilt, told beside them."""

from __future__ import annotations

import io
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from capture_runs import make_scene
from vizecg_edge.pipeline import Pipeline

pytestmark = pytest.mark.integration

MARGIN_PX = 300


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """A printout, and nothing below it."""
    return np.asarray(cv2.copyMakeBorder(make_scene(), 0, MARGIN_PX, 0, 0, cv2.BORDER_CONSTANT, value=(90, 90, 90)))


def png(scene: np.ndarray, *, wrong_from: float) -> bytes:
    """A PNG whose checksum is wrong from this share of its rows on."""
    height, width = scene.shape[:2]
    packer = zlib.compressobj(1)
    cut = int(height * wrong_from)
    parts = []
    for rows in (scene[:cut], scene[cut:]):
        parts.append(packer.compress(b"".join(b"\0" + row.tobytes() for row in rows)) + packer.flush(zlib.Z_SYNC_FLUSH))
    parts[1] += packer.flush()
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((8, 2, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body, wrong in ((b"IHDR", header, 0), (b"IDAT", parts[0], 0), (b"IDAT", parts[1], 1), (b"IEND", b"", 0)):
        data += len(body).to_bytes(4, "big") + kind + body + (zlib.crc32(kind + body) ^ wrong).to_bytes(4, "big")
    return data


def test_damage_below_the_printout_is_told_and_damage_on_it_refuses(pipeline: Pipeline, scene: np.ndarray) -> None:
    height = scene.shape[0]
    below = pipeline.run(png(scene, wrong_from=1 - MARGIN_PX / height)).answer
    assert below.answered
    assert [doubt.code for doubt in below.doubts][:1] == ["file_damaged"]
    assert "CAUTION: the file is damaged outside of the leads" in below.to_text()
    on_it = pipeline.run(png(scene, wrong_from=0.5)).answer
    assert on_it.reasons == ("damaged",)
    assert "a checksum of its picture differs" in on_it.messages[0]
    assert on_it.advice == ("Copy the file anew from where it was made, or take the photograph again.",)


def test_a_jpeg_whose_decoder_complains_is_refused_at_once(pipeline: Pipeline, scene: np.ndarray) -> None:
    file = io.BytesIO()
    Image.fromarray(scene).save(file, "JPEG", quality=90)
    data = file.getvalue()
    place = len(data) // 2
    answer = pipeline.run(data[:place] + b"\xaa" * 3000 + data[place + 3000 :]).answer
    assert answer.reasons == ("damaged",)
    assert "Corrupt JPEG data" in answer.messages[0]
    assert answer.timings_ms.detect is None
