"""Everyday light, pose, paper, camera and scanner."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import cv2
import numpy as np

from vizecg.render import CONDITIONS, Effects
from vizecg.spec import Condition
from vizecg_lab.attacks.kinds import Family, Kind, numbered
from vizecg_lab.attacks.studio import Studio

STEADY = Effects(background=0.3, light=0.2, noise=0.2, jpeg=0.2)
"""A careful photograph, of which one thing is varied."""
_EFFECTS = {
    "light": ("light", (0.5, 1.0)), "tint": ("temperature", (0.5, 1.0)), "soft_shadow": ("shadow", (0.3, 0.6)),
    "tilt": ("rotation", (0.3, 0.6)), "perspective": ("perspective", (0.3, 0.6)), "lens": ("lens", (0.3, 0.6)),
    "mild_folds": ("folds", (0.2, 0.35)), "mild_curl": ("curl", (0.25, 0.5)), "defocus": ("defocus", (0.3, 0.6)),
    "background": ("background", (0.6, 1.0)),
}  # fmt: skip


def _with_effect(studio: Studio, strength: float, *, effect: str) -> np.ndarray:
    return studio.shot(studio.printed(), effects=replace(STEADY, **{effect: strength})).image


def _condition(studio: Studio, condition: Condition) -> np.ndarray:
    return studio.shot(studio.printed(), effects=CONDITIONS[condition]).image


def _sized(studio: Studio, width: float) -> np.ndarray:
    if studio.photographed:
        return studio.shot(studio.printed(px_per_mm=8.0), width_px=(int(width), int(width) + 1)).image
    return studio.printed(px_per_mm=width / 288).image


def _turned(studio: Studio, degrees: float) -> np.ndarray:
    turn = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}[round(degrees)]
    return cv2.rotate(studio.control(), turn)


def _blurred(studio: Studio, pixels: float) -> np.ndarray:
    return cv2.GaussianBlur(studio.control(), (0, 0), pixels)


def _noisy(studio: Studio, levels: float) -> np.ndarray:
    image = studio.control()
    return np.clip(image + studio.rng.normal(0, levels, image.shape), 0, 255).astype(np.uint8)


def _compressed(studio: Studio, quality: float) -> bytes:
    image = cv2.cvtColor(studio.control(), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, round(quality)])[1].tobytes()


def _grey(studio: Studio, percent: float) -> np.ndarray:
    """With so much less colour."""
    image = studio.control()
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return cv2.addWeighted(image, 1 - percent / 100, grey, percent / 100, 0)


PICTURES = (
    *(
        Kind(
            name=name, family=Family.PICTURE, ways=numbered(strengths), draw=partial(_with_effect, effect=effect)
        )
        for name, (effect, strengths) in _EFFECTS.items()
    ),
    Kind(
        name="scanned", family=Family.PICTURE, ways={"colour": Condition.SCAN, "two levels": Condition.BW_SCAN},
        draw=_condition,
    ),
    Kind(name="width", family=Family.PICTURE, ways=numbered((900, 1400, 2600, 4000), "px"), draw=_sized),
    Kind(name="turned", family=Family.PICTURE, ways=numbered((90, 180, 270)), draw=_turned),
    Kind(name="mild_blur", family=Family.PICTURE, ways=numbered((0.7, 1.1), "px"), draw=_blurred),
    Kind(name="mild_noise", family=Family.PICTURE, ways=numbered((4, 8)), draw=_noisy),
    Kind(name="jpeg", family=Family.PICTURE, ways=numbered((95, 80, 60)), draw=_compressed),
    Kind(name="less_colour", family=Family.PICTURE, ways=numbered((50, 100), "%"), draw=_grey),
)  # fmt: skip
