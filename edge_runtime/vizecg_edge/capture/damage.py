"""What tells that a picture's file is damaged, and which part of the picture that spoils."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom lie outside."""
_SPOILS = re.compile(
    r"Corrupt JPEG data: (?!bad ICC).*|Inconsistent progression.*|Premature end of JPEG.*|Fax\w+: .*|LZW\w+: .*"
    r"|JPEGLib: .*|PackBits\w+: .*|tempfile\.tif: .*"
)
"""What spoils the picture, of what libjpeg and libtiff say; Pillow has libtiff call every file ``tempfile.tif``."""
_EXTRANEOUS = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd9")
_MOST_TOLD = 3


@dataclass(frozen=True, kw_only=True)
class Damage:
    """``told``: what is wrong, for people. ``box``: the part of the upright picture that may be spoilt; None where that
    may be anywhere."""

    told: str
    box: Box | None = None


def damage_heard(said: Iterable[str], *, padding: int = 0, most: int = _MOST_TOLD) -> tuple[Damage, ...]:
    """What decoders said while they decoded a picture.

    Their words on metadata do not count. libjpeg tells its first complaint alone, and not where the damage is: what
    comes later in a file hangs on all that was before.

    Args:
        said: their lines.
        padding: how many bytes of zero end a JPEG's data: some encoders put them there, and nothing is amiss.
        most: so many of their lines are taken.
    """
    spoils = []
    for line in said:
        extraneous = _EXTRANEOUS.fullmatch(line)
        if _SPOILS.fullmatch(line) and not (extraneous and int(extraneous[1]) <= padding):
            spoils.append(line)
    return tuple(Damage(told=told) for told in dict.fromkeys(spoils[:most]))


def turned(damage: Damage, *, width: int, height: int, orientation: int) -> Damage:
    """``damage`` of a picture as it is stored, in the picture turned upright by an EXIF orientation, 1 to 8.

    Args:
        damage: in the stored picture.
        width, height: of the stored picture.
        orientation: as ``turn_upright`` takes it.
    """
    if damage.box is None:
        return damage
    left, top, right, bottom = damage.box
    if orientation in (2, 3, 7, 8):
        left, right = width - right, width - left
    if orientation in (3, 4, 6, 7):
        top, bottom = height - bottom, height - top
    box = (top, left, bottom, right) if orientation > 4 else (left, top, right, bottom)
    return replace(damage, box=box)
