"""Pictures taken badly: up to hopeless."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import cv2
import numpy as np

from vizecg.render import CONDITIONS, Effects
from vizecg.render.finish import finished
from vizecg.render.mapping import SheetToPhoto
from vizecg.render.spoil import Kind as Spoilt
from vizecg.render.spoil import spoil
from vizecg.spec import Condition
from vizecg.spec.condition import Finish
from vizecg_lab.attacks.kinds import Family, Kind, numbered
from vizecg_lab.attacks.studio import EVERYDAY, Studio

STRENGTHS = numbered((0.35, 0.65, 1.0))


def _spoilt(studio: Studio, strength: float, *, how: Spoilt) -> np.ndarray:
    shot = studio.shot(studio.printed())
    return spoil(shot.image, shot.block_px, how, strength, studio.rng)[0]


def _noisy(studio: Studio, levels: float) -> np.ndarray:
    image = studio.show(studio.printed())
    return np.clip(image + studio.rng.normal(0, levels, image.shape), 0, 255).astype(np.uint8)


def _under(studio: Studio, strength: float, *, effects: Effects) -> np.ndarray:
    """An everyday photograph of which one thing is bad."""
    return studio.shot(studio.printed(), effects=effects.scaled(strength)).image


def _screen(studio: Studio, strength: float) -> np.ndarray:
    """A photograph of a monitor."""
    return studio.shot(studio.printed(), effects=CONDITIONS[Condition.MONITOR].scaled(strength)).image


def _small(studio: Studio, width: float) -> np.ndarray:
    image = studio.show(studio.printed())
    return cv2.resize(image, None, fx=width / image.shape[1], fy=width / image.shape[1], interpolation=cv2.INTER_AREA)


def _fax(studio: Studio, strength: float) -> np.ndarray:
    page = studio.printed()
    image = studio.show(page)
    return finished(image, SheetToPhoto.identity(page.spec), Finish.FAX, studio.rng, strength=strength)[0]


def _pixelled(studio: Studio, millimetres: float) -> np.ndarray:
    """Made small and large again, as by a messenger: so many millimetres a pixel."""
    image = studio.show(studio.printed())
    factor = 288 / (millimetres * image.shape[1])
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_CUBIC)


_PAPER = {
    "creased": replace(EVERYDAY, folds=1.0, wrinkles=0.4),
    "crumpled": replace(EVERYDAY, wrinkles=1.0, folds=0.5),
    "curled": replace(EVERYDAY, curl=1.0, perspective=0.8),
    "shadowed": replace(EVERYDAY, shadow=1.0, light=1.0),
    "tilted": replace(EVERYDAY, perspective=1.0, rotation=1.0, lens=0.8),
    "stained_and_scribbled": replace(EVERYDAY, stains=1.0, handwriting=1.0),
    "moire": replace(EVERYDAY, moire=1.0),
}

CAMERA = (
    *(
        Kind(name=how.value, family=Family.CAMERA, ways=STRENGTHS, draw=partial(_spoilt, how=how))
        for how in (Spoilt.BLURRED, Spoilt.SHAKEN, Spoilt.DARK, Spoilt.GLARE, Spoilt.BENT, Spoilt.COMPRESSED)
    ),
    *(
        Kind(name=name, family=Family.CAMERA, ways=STRENGTHS, draw=partial(_under, effects=effects))
        for name, effects in _PAPER.items()
    ),
    Kind(
        name="severe", family=Family.CAMERA, ways=STRENGTHS, draw=partial(_under, effects=CONDITIONS[Condition.SEVERE])
    ),
    Kind(name="screen", family=Family.CAMERA, ways=STRENGTHS, draw=_screen),
    Kind(name="noisy", family=Family.CAMERA, ways=numbered((25, 50, 80)), draw=_noisy),
    Kind(name="small", family=Family.CAMERA, ways=numbered((700, 500, 350), "px"), draw=_small),
    Kind(name="pixelled", family=Family.CAMERA, ways=numbered((0.4, 0.6, 0.9), "mm"), draw=_pixelled),
    Kind(name="fax", family=Family.CAMERA, ways=STRENGTHS, draw=_fax),
)
