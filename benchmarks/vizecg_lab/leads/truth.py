"""What is printed on a picture: which lead lies where, at which scale, and what the page says of itself.

``wild_truth.json`` and ``photos_truth.json`` hold it for pictures of other origin, as read off them by eye before any
reader was run on them: numbers and names alone. A picture has

- ``image``, ``readable`` and ``why`` not; ``arrangement``, ``strips`` (their leads), ``order``, ``timing``;
- ``quarter_turns`` and ``mirrored`` of the page in the picture;
- ``rows``: from the top, each a list of [lead, x, y, x, y], where the trace of a piece begins and ends, on its 0 mV, in
  pixels of the upright picture; the strips are the last rows;
- ``square_px``: pixels of a 5 mm square across and down, near the middle of the block; ``column_mm``;
- ``corners_px``: of the first row's beginning and end and the last row's end and beginning; ``columns_px``: where the
  columns of the first row begin, and the last one ends;
- ``speed_mm_s``, ``gain_mm_mv``, null where nothing states them, and what does (``speed_from``, ``gain_from``);
- ``pulses``: how many, where, how high; ``rate_bpm``, and whether it is ``printed`` or was ``counted``;
  ``counted_bpm`` where a closer count of what the page shows, by its own ruler, gives another rate; ``remark``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.spec import LEADS, UsageError

FOLDER = Path(__file__).parent
WILD, PHOTOS = FOLDER / "wild_truth.json", FOLDER / "photos_truth.json"


@dataclass(frozen=True, kw_only=True)
class PlacedLead:
    """A stretch of a lead in a picture: ``start`` and ``end`` (x, y) of its trace, on its 0 mV, in pixels.

    ``row`` counts from the top, 0 being the first.
    """

    lead: str
    start: tuple[float, float]
    end: tuple[float, float]
    row: int
    strip: bool = False
    inverted: bool = False

    @property
    def centre(self) -> np.ndarray:
        return (np.array(self.start) + np.array(self.end)) / 2

    @property
    def along(self) -> np.ndarray:
        """From its start to its end."""
        return np.array(self.end, np.float64) - np.array(self.start, np.float64)


@dataclass(frozen=True, kw_only=True)
class PrintedPage:
    """What a picture shows.

    Attributes:
        image: its name.
        readable: whether a reader of printouts can be asked to read it.
        arrangement: rows by columns without strips, ``3x4``.
        timing: ``sequential``, ``simultaneous``, or ``unknown``.
        placed: its leads, row by row; none where they were not measured.
        square_px: pixels of a 5 mm square across and down, near the middle; None where it was not measured.
        speed_mm_s, gain_mm_mv: as the page states them, by text or pulse; None where it does not.
        chest_gain_mm_mv: of V1 to V6 where it is another.
        rate_bpm, rate_from: beats a minute, ``printed`` or ``counted``.
        counted_bpm: of the beats that the page shows, where that is another: what is printed may be of more than these.
        ecg_id: of the PTB-XL record on it, where that is known.
    """

    image: str
    readable: bool
    arrangement: str
    timing: str
    placed: tuple[PlacedLead, ...]
    square_px: tuple[float, float] | None
    speed_mm_s: float | None
    gain_mm_mv: float | None
    chest_gain_mm_mv: float | None = None
    rate_bpm: float | None = None
    rate_from: str | None = None
    counted_bpm: float | None = None
    strips: tuple[str, ...] = ()
    ecg_id: int | None = None

    @property
    def name(self) -> str:
        """Of its layout, as in manifests: ``3x4+R``."""
        count = len(self.strips)
        return self.arrangement + ("" if not count else "+R" if count == 1 else f"+{count}R")

    @property
    def shown_bpm(self) -> float | None:
        """The rate of the beats on the page, as far as it is known."""
        return self.rate_bpm if self.counted_bpm is None else self.counted_bpm

    @property
    def rows(self) -> int:
        """Rows of traces, strips included."""
        return len({piece.row for piece in self.placed})


def read_truth(path: Path) -> dict[str, PrintedPage]:
    """A table of this folder: name of the picture -> what it shows.

    Raises:
        UsageError: no such file, or a lead in it is none.
    """
    if not path.is_file():
        raise UsageError(f"{path} does not exist")
    return {entry["image"]: _page(entry) for entry in json.loads(path.read_text())}


def pictures_of(folder: Path) -> list[tuple[Path, PrintedPage]]:
    """The pictures of a folder of which a table of ours tells, with what is printed on them.

    Raises:
        UsageError: there is none.
    """
    for table in (WILD, PHOTOS):
        found = [(folder / name, page) for name, page in read_truth(table).items() if (folder / name).is_file()]
        if found:
            return found
    raise UsageError(f"{folder} has none of the pictures that {WILD.name} and {PHOTOS.name} name")


def _page(entry: dict[str, Any]) -> PrintedPage:
    strips = tuple(entry["strips"])
    rows: Sequence[Sequence[Sequence[Any]]] = entry["rows"]
    placed = []
    for number, row in enumerate(rows):
        for name, x0, y0, x1, y1 in row:
            lead = name.lstrip("-")
            if lead not in LEADS:
                raise UsageError(f"{entry['image']}: {name} is no lead")
            strip = number >= len(rows) - len(strips)
            placed.append(
                PlacedLead(lead=lead, start=(x0, y0), end=(x1, y1), row=number, strip=strip, inverted=name != lead)
            )
    square = entry["square_px"]
    return PrintedPage(
        image=entry["image"],
        readable=entry["readable"],
        arrangement=entry["arrangement"],
        timing=entry["timing"],
        placed=tuple(placed),
        square_px=None if square is None else (square[0], square[1]),
        speed_mm_s=entry["speed_mm_s"],
        gain_mm_mv=entry["gain_mm_mv"],
        rate_bpm=entry["rate_bpm"],
        rate_from=entry["rate_from"],
        counted_bpm=entry.get("counted_bpm"),
        strips=strips,
        ecg_id=entry.get("ecg_id"),
    )
