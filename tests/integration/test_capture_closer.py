"""Small pictures that are looked at twice."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tolerances import tolerance
from vizecg.records.synthetic import synthesise
from vizecg.render import photograph, render_sheet
from vizecg.spec import Condition, SheetSpec
from vizecg_edge.capture import Picture
from vizecg_edge.capture.closer import MOST_PX, enlarged
from vizecg_edge.pipeline import Pipeline

pytestmark = pytest.mark.integration


def test_the_photograph_of_a_screen_is_read_where_its_raster_is_calmed() -> None:
    """Its grid is found in the enlarged picture only; where the leads lie is told in pixels of the picture itself."""
    spec = SheetSpec()
    sheet = render_sheet(synthesise((), seed=3), spec=spec).image
    photo = photograph(sheet, rng=np.random.default_rng(3), spec=spec, condition=Condition.MONITOR, strength=1.0)
    assert max(photo.image.shape) <= MOST_PX
    answer = Pipeline(threads=1).run_image(photo.image).answer
    assert answer.reasons == ()
    assert answer.decisions is not None
    assert not any(answer.decisions.values())
    leads = {piece.name: np.array(piece.corners) for piece in answer.geometry.pieces if not piece.strip}
    on_sheet = cv2.perspectiveTransform(
        np.array([leads["I"][0], leads["V6"][2]], np.float64)[None], np.linalg.inv(photo.homography)
    )[0]
    width_mm = float(on_sheet[1, 0] - on_sheet[0, 0]) / spec.px_per_mm
    assert width_mm == pytest.approx(250, rel=tolerance("gridless-scale"))
    assert answer.timings_ms.total is not None


def test_an_enlarged_picture_knows_its_files_pixels() -> None:
    ramp = np.repeat(np.arange(200, dtype=np.uint8)[None], 100, axis=0)
    picture = enlarged(Picture.of(np.dstack([ramp] * 3)))
    assert picture.pixels.shape == (150, 300, 3)
    assert (picture.width, picture.height) == (200, 100)
    column = picture.to_pixels @ [100.0, 50.0, 1.0]
    assert picture.pixels[round(column[1]), round(column[0]), 0] == pytest.approx(100, abs=1)
