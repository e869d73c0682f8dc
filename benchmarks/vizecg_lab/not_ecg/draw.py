"""Pictures that are not ECGs, drawn: paper with something else on it, and no paper at all. All are seeded."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

Draw = Callable[[np.random.Generator], np.ndarray]
"""A generator -> uint8 RGB (H, W, 3). Paper is 1152 x 640, as a sheet at 4 px/mm."""

HEIGHT, WIDTH = 640, 1152
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
)  # fmt: skip
_LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))
_GRIDS = {
    "red": ((255, 205, 205), (240, 130, 130)), "blue": ((215, 225, 246), (150, 175, 225)),
    "green": ((214, 236, 216), (145, 200, 150)), "grey": ((226, 226, 226), (165, 165, 165)),
    "black": ((215, 215, 215), (70, 70, 70)), "brown": ((236, 220, 205), (205, 165, 135)),
}  # fmt: skip


def paper(value: int = 255) -> np.ndarray:
    """Blank paper."""
    return np.full((HEIGHT, WIDTH, 3), value, np.uint8)


def graph_paper(rng: np.random.Generator) -> np.ndarray:
    """Millimetre paper without anything on it."""
    page = paper()
    minor, major = _GRIDS[str(rng.choice(list(_GRIDS)))]
    for step, colour in ((4, minor), (20, major)):
        if step == 4 and rng.random() < 0.3:
            continue
        page[:, ::step] = colour
        page[::step] = colour
    return page


def words(rng: np.random.Generator, letters: int) -> str:
    """Words of made-up letters, ``letters`` in all."""
    text = ""
    while len(text) < letters:
        text += "".join(rng.choice(_LETTERS, int(rng.integers(2, 10)))) + " "
    return text[:letters]


def text_page(rng: np.random.Generator) -> np.ndarray:
    """One to four columns of text in one of six fonts."""
    page, font = paper(), _FONTS[int(rng.integers(len(_FONTS)))]
    columns, scale = int(rng.integers(1, 5)), float(rng.uniform(0.35, 0.9))
    wide = WIDTH // columns
    for column in range(columns):
        for y in range(40, HEIGHT - 20, int(34 * scale) + 6):
            line = words(rng, int(wide / (20 * scale)))
            cv2.putText(page, line, (column * wide + 20, y), font, scale, (20, 20, 20), 1, cv2.LINE_AA)
            cv2.rectangle(page, (column * wide + wide - 20, y - 30), (column * wide + wide, y + 9), (255,) * 3, -1)
    return page


def table(rng: np.random.Generator) -> np.ndarray:
    """A spreadsheet: lines and numbers."""
    page = paper()
    down, across = int(rng.integers(18, 60)), int(rng.integers(40, 160))
    colour = int(rng.integers(0, 190))
    page[::down] = colour
    page[:, ::across] = colour
    for y in range(0, HEIGHT, down):
        for x in range(0, WIDTH, across):
            if rng.random() < 0.7:
                number = f"{rng.uniform(0, 10 ** rng.integers(1, 5)):.1f}"
                cv2.putText(page, number, (x + 4, y + down - 4), _FONTS[0], down / 60, (10, 10, 10), 1, cv2.LINE_AA)
    return page


def calendar(rng: np.random.Generator) -> np.ndarray:
    """Seven columns of days."""
    page, first = paper(), int(rng.integers(7))
    cv2.putText(page, words(rng, 9).title(), (40, 60), _FONTS[4], 1.5, (160, 20, 20), 2, cv2.LINE_AA)
    for day in range(31):
        row, column = divmod(day + first, 7)
        x, y = 20 + column * 158, 90 + row * 88
        cv2.rectangle(page, (x, y), (x + 158, y + 88), (60, 60, 60), 1)
        cv2.putText(page, str(day + 1), (x + 8, y + 30), _FONTS[2], 0.9, (20, 20, 20), 1, cv2.LINE_AA)
    return page


def sheet_music(rng: np.random.Generator) -> np.ndarray:
    """Staves with notes."""
    page, gap = paper(), int(rng.integers(6, 12))
    for top in range(40, HEIGHT - 8 * gap, int(gap * rng.uniform(9, 14))):
        for line in range(5):
            page[top + line * gap, 40 : WIDTH - 40] = 0
        for x in range(90, WIDTH - 60, int(rng.integers(22, 60))):
            y = top + int(rng.integers(-1, 10)) * gap // 2
            cv2.ellipse(page, (x, y), (gap * 2 // 3, gap // 2), -20, 0, 360, (0, 0, 0), -1, cv2.LINE_AA)
            cv2.line(page, (x + gap // 2, y), (x + gap // 2, y - 4 * gap), (0, 0, 0), 2)
    return page


def floor_plan(rng: np.random.Generator) -> np.ndarray:
    """Rooms, doors and dimensions."""
    page = paper()
    for _ in range(int(rng.integers(6, 16))):
        x, y = int(rng.integers(20, WIDTH - 300)), int(rng.integers(20, HEIGHT - 200))
        w, h = (int(value) for value in rng.integers(80, 280, 2))
        cv2.rectangle(page, (x, y), (x + w, y + h), (30, 30, 30), int(rng.integers(1, 6)))
        cv2.ellipse(page, (x, y + h // 2), (30, 30), 0, 0, 90, (90, 90, 90), 1, cv2.LINE_AA)
        cv2.putText(page, f"{rng.uniform(5, 40):.1f} m2", (x + 8, y + h // 2), _FONTS[0], 0.5, (30, 30, 30), 1)
    return page


def sines(rng: np.random.Generator) -> np.ndarray:
    """Rows of sine waves on graph paper, each row alike or of its own frequency."""
    shared, alike = float(rng.uniform(0.02, 0.2)), rng.random() < 0.5
    x = np.arange(1000)

    def row(_: int) -> np.ndarray:
        frequency = shared if alike else float(rng.uniform(0.02, 0.2))
        return np.asarray(float(rng.uniform(10, 45)) * np.sin(frequency * x + float(rng.uniform(0, 6.3))))

    return _rows_on_grid(rng, row)


def wandering(rng: np.random.Generator) -> np.ndarray:
    """Rows as of an electroencephalogram or a seismogram on graph paper."""
    quake = rng.random() < 0.5

    def row(_: int) -> np.ndarray:
        noise = cv2.GaussianBlur(rng.normal(0, 1, (1, 1000)), (0, 0), float(rng.uniform(1.5, 6)), sigmaY=1e-3)[0]
        noise *= float(rng.uniform(5, 14)) / noise.std()
        if quake:
            at = float(rng.uniform(100, 800))
            noise *= 0.2 + 3 * np.exp(-np.maximum(np.arange(1000) - at, 0) / 150) * (np.arange(1000) > at)
        return np.asarray(noise)

    return _rows_on_grid(rng, row)


def spikes(rng: np.random.Generator) -> np.ndarray:
    """Four rows of beats that have nothing to do with each other: the nearest to an ECG that is none."""

    def row(_: int) -> np.ndarray:
        period, height = float(rng.uniform(60, 140)), float(rng.uniform(-50, 50))
        phase = (np.arange(1000) + float(rng.uniform(0, period))) % period
        bump = float(rng.uniform(-15, 15)) * np.exp(-(((phase - 30) / 8) ** 2))
        return np.asarray(height * np.exp(-(((phase - 10) / 2.5) ** 2)) + bump)

    return _rows_on_grid(rng, row, rows=4)


def single_strip(rng: np.random.Generator) -> np.ndarray:
    """One row of beats: a monitor's strip."""
    period = float(rng.uniform(60, 140))
    phase = np.arange(1000) % period
    beat = 45 * np.exp(-(((phase - 10) / 2.5) ** 2)) + 9 * np.exp(-(((phase - 34) / 8) ** 2))
    return _rows_on_grid(rng, lambda _: beat, rows=1)


def bars(rng: np.random.Generator) -> np.ndarray:
    """A bar chart on graph paper."""
    page = graph_paper(rng)
    width = int(rng.integers(10, 60))
    for x in range(80, WIDTH - 80, int(width * 1.5)):
        top = int(rng.integers(60, 560))
        fill = -1 if rng.random() < 0.7 else 2
        cv2.rectangle(page, (x, top), (x + width, 580), tuple(int(v) for v in rng.integers(0, 160, 3)), fill)
    cv2.line(page, (60, 580), (WIDTH - 60, 580), (0, 0, 0), 2)
    return page


def scribbles(rng: np.random.Generator) -> np.ndarray:
    """Handwriting-like lines on graph paper."""
    page = graph_paper(rng)
    for y in range(60, HEIGHT - 20, int(rng.integers(36, 150))):
        t = np.arange(0, 900, 2.0)
        wave = cv2.GaussianBlur(rng.normal(0, 1, (2, len(t))), (0, 0), 2.0, sigmaY=1e-3)
        x = 60 + t + 14 * wave[0] / wave[0].std()
        points = np.stack([x, y + 9 * wave[1] / wave[1].std()], axis=-1)
        for part in np.array_split(points, int(rng.integers(8, 20))):
            cv2.polylines(page, [np.round(part[:-3]).astype(np.int32)], False, (40, 30, 110), 2, cv2.LINE_AA)
    return page


def _rows_on_grid(rng: np.random.Generator, row: Callable[[int], np.ndarray], *, rows: int | None = None) -> np.ndarray:
    page = graph_paper(rng)
    count = rows or int(rng.integers(3, 9))
    pen, left = int(rng.integers(1, 3)), 76 + int(rng.integers(-20, 20))
    for index in range(count):
        y = HEIGHT * (index + 0.5) / count - np.clip(row(index), -0.7 * HEIGHT / count, 0.7 * HEIGHT / count)
        points = np.stack([left + np.arange(len(y)), y], axis=-1)
        cv2.polylines(page, [np.round(points * 16).astype(np.int32)], False, (20, 20, 20), pen, cv2.LINE_AA, 4)
    return page


ON_PAPER: dict[str, Draw] = {
    "text": text_page, "table": table, "calendar": calendar, "sheet_music": sheet_music, "floor_plan": floor_plan,
    "graph_paper": graph_paper, "sines": sines, "wandering": wandering, "unrelated_beats": spikes,
    "single_strip": single_strip, "bars": bars, "scribbles": scribbles,
}  # fmt: skip
"""Photographed before they are shown."""
