"""What is done to a page: kinds of spoiling and of change, each in several ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from vizecg_lab.attacks.studio import Picture, Studio


class Family(str, Enum):
    """What kinds have in common. The last four change nothing that an answer may depend on."""

    NO_HEART = "no heartbeat"
    FADED = "faded ink"
    MISSING = "leads missing"
    COVERED = "leads covered"
    SEVERAL = "several ECGs"
    EXCHANGED = "places exchanged"
    ELECTRODES = "electrodes exchanged"
    SCALE = "scale"
    RHYTHM = "other rhythms"
    SIGNAL = "disturbed leads"
    CUT = "cut off"
    CAMERA = "spoilt pictures"
    FILE = "damaged files"
    PRINT = "print"
    FORM = "form"
    SURROUNDINGS = "surroundings"
    PICTURE = "picture"


BENIGN = (Family.PRINT, Family.FORM, Family.SURROUNDINGS, Family.PICTURE)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind.

    Attributes:
        name: unique.
        family: of the kind.
        ways: strengths or variants by name, each a value that ``draw`` takes.
        draw: the picture of a page in one of the ways.
        other_heart: whether the page shows another heart than the patient's, so that a diagnosis it has lost is no
            fault; one it has gained is.
    """

    name: str
    family: Family
    ways: Mapping[str, Any]
    draw: Callable[[Studio, Any], Picture]
    other_heart: bool = False

    @property
    def benign(self) -> bool:
        return self.family in BENIGN

    def picture(self, studio: Studio, way: str) -> Picture:
        """The picture of one of ``ways``."""
        return self.draw(studio, self.ways[way])


def numbered(values: Iterable[float], unit: str = "") -> dict[str, float]:
    """Strengths by what they are called, as ``20 uV``."""
    return {f"{value:g} {unit}".strip(): value for value in values}


def named(*values: str) -> dict[str, str]:
    """Variants that are called as they are."""
    return {value: value for value in values}
