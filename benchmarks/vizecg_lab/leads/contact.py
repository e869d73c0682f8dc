"""Contact sheets: each picture with the leads that were read on it, for looking."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vizecg_lab.leads.reading import Reading
from vizecg_lab.leads.score import Outcome, Scored
from vizecg_lab.leads.truth import PlacedLead

TILE, ACROSS, DOWN = (780, 560), 2, 3
_LINE = 22
_COLOURS = ("#0000ff", "#d000d0", "#00a000", "#e06000")
_VERDICT = {
    Outcome.RIGHT: "#007000",
    Outcome.PARTLY: "#408000",
    Outcome.REFUSED: "#806000",
    Outcome.WARNED: "#d06000",
    Outcome.SILENT: "#d00000",
}


class ContactSheets:
    """Six pictures a sheet, written as they fill: ``leads_1.png``, ``leads_2.png`` ...

    Args:
        folder: where they go; it is made.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.tiles: list[Image.Image] = []
        self.written = 0

    def add(self, photo: np.ndarray | None, whole: tuple[int, int] | None, reading: Reading, scored: Scored) -> None:
        """One picture, uint8 RGB, which may be a reduced reading of one of ``whole`` pixels (width, height)."""
        self.tiles.append(_tile(photo, whole, reading, scored))
        if len(self.tiles) == ACROSS * DOWN:
            self.close()

    def close(self) -> None:
        """Write what is left."""
        if not self.tiles:
            return
        sheet = Image.new("RGB", (ACROSS * TILE[0], DOWN * TILE[1]), "white")
        for number, tile in enumerate(self.tiles):
            sheet.paste(tile, (number % ACROSS * TILE[0], number // ACROSS * TILE[1]))
        self.written += 1
        sheet.save(self.folder / f"leads_{self.written}.png")
        self.tiles = []


def _tile(photo: np.ndarray | None, whole: tuple[int, int] | None, reading: Reading, scored: Scored) -> Image.Image:
    tile = Image.new("RGB", TILE, "white")
    draw, font = ImageDraw.Draw(tile), ImageFont.load_default()
    told = [f"{scored.image}: {scored.outcome.value} {', '.join(scored.reasons)}", _seen(reading, scored)]
    for line, text in enumerate(told):
        draw.text((6, 2 + line * _LINE // 2), text, fill=_VERDICT[scored.outcome], font=font)
    if photo is None or whole is None:
        return tile
    scale = min((TILE[0] - 10) / whole[0], (TILE[1] - _LINE - 10) / whole[1])
    size = (max(1, round(whole[0] * scale)), max(1, round(whole[1] * scale)))
    tile.paste(Image.fromarray(photo).resize(size, Image.Resampling.LANCZOS), (0, _LINE + 4))
    for number, piece in enumerate(reading.placed):
        _draw(draw, piece, scale, _COLOURS[number % len(_COLOURS)])
    return tile


def _seen(reading: Reading, scored: Scored) -> str:
    scale = "" if reading.square_px is None else f"{reading.square_px[0]:.1f} x {reading.square_px[1]:.1f} px"
    speed = f"{reading.speed_mm_s} mm/s ({reading.speed_source}), {reading.gain_mm_mv} mm/mV ({reading.gain_source})"
    faults = "; ".join(f"{fault}: {told}" for fault, told in scored.faults.items())
    return f"{reading.layout} of {scored.truth}, {scale}, {speed}, {reading.rate_bpm} bpm {faults}"


def _draw(draw: ImageDraw.ImageDraw, piece: PlacedLead, scale: float, colour: str) -> None:
    start, end = (np.array(point) * scale + (0, _LINE + 4) for point in (piece.start, piece.end))
    draw.line((*start, *end), fill=colour, width=2)
    draw.line((start[0], start[1] - 6, start[0], start[1] + 6), fill=colour, width=2)
    middle = (start + end) / 2
    name = f"{'-' * piece.inverted}{piece.lead}{' strip' * piece.strip}"
    draw.text((middle[0] - 8, middle[1] - 14), name, fill=colour, font=ImageFont.load_default())
