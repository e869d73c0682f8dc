"""Lines of text as they look on photographs of ECG paper: what the letter network learns from.

Every face that this project's own packages bring is used, and those of Debian's fonts-liberation and
fonts-freefont-ttf, which are shaped as Arial, Helvetica and Courier: stretched, slanted, thickened and thinned, on
coloured and black grids, blurred to the sharpness of telephone pictures. The pictures go through the very code that the
device runs.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vizecg_edge.printed.ink import ink_of_view
from vizecg_edge.printed.lines import Box, letter_rows, strip_of
from vizecg_edge.printed.net import ALPHABET

FACES = (
    "DejaVuSans", "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSansMono-Bold",
    "DejaVuSerif", "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "cmr10", "cmss10", "cmss10", "cmtt10",
    "pillow", "pillow", "bitmap",
    "cv0", "cv0", "cv1", "cv2", "cv3", "cv4", "cv5", "cv6",
    "LiberationSans-Regular", "LiberationSans-Regular", "LiberationSans-Bold", "LiberationSans-Italic",
    "LiberationSansNarrow-Regular", "LiberationSansNarrow-Bold", "LiberationMono-Regular", "LiberationMono-Bold",
    "LiberationSerif-Regular", "LiberationSerif-Bold", "FreeSans", "FreeSans", "FreeSansBold", "FreeMono",
    "FreeMonoBold", "FreeSerif",
)  # fmt: skip
SYSTEM_FACES = Path("/usr/share/fonts/truetype")
SAME = {"C": "c", "S": "s", "v": "V", "X": "x", "\u00d7": "x", "P": "p", "Z": "z", ";": ":"}
PUNCTUATION = ":;()-+~=|'\"_<>#*"
SPEEDS, GAINS = ("12.5", "25", "50", "100"), ("2.5", "5", "10", "20", "40")
CENTIMETRES, TIMES = (
    ("0.25", "0.5", ".5", "1", "1.0", "2", "2.0"),
    ("1", "1", "1.0", "2", "2.0", "1/2", ".5", "0.5", "1/4"),
)
RATES = (
    "HR", "HR:", "HF", "Hf:", "Heart rate", "Heart Rate:", "Vent. rate", "Vent. Rate:", "Vent rate", "Ventricular rate",
    "Rate", "RATE", "VR", "FC", "Puls", "",
)  # fmt: skip
WORDS = (
    "Speed:", "Gain:", "Limb:", "Chest:", "Speed", "Gain", "Paper", "Filter", "Hz", "bpm", "ms", "QRS", "PR", "QT/QTc",
    "Vent. rate", "Age:", "yrs", "Sex:", "Male", "Female", "Name:", "Date:", "ID", "sinus rhythm", "Normal ECG",
    "Unconfirmed report", "Room", "mmHg", "cm", "kg", "mm", "m/s", "mV", "sec", "RV5/SV1", "P-R-T axes", "AC", "DFT",
    "12SL", "MAC55", "PH100B", "CL", "aVR", "aVL", "aVF", "V1", "V2", "V5", "II", "III", "Technician", "Referred by",
    "Atrial fibrillation", "left axis", "SEQ", "50~", "F 60~", "0.05-150 Hz", "0.15-40Hz", "0.5-35 Hz", "Dr.",
    "Hospital", "Chest:", "Chest", "Limb", "LIMB", "CHEST", "/min", "BPM", "25mm", "10mm", "HR", "Heart rate", "Axis",
    "QTcB", "Device:", "Extr.", "Brust", "Mingograf", "LIFEPAK", "Ref.", "Phone", "x1", "x2", "Lead", "Auto", "Paced",
)  # fmt: skip


def target_of(text: str) -> str:
    """What the network is to say for ``text``: other letters as ``*``, other punctuation as ``:``."""
    out = []
    for letter in text:
        letter = SAME.get(letter, letter)
        if letter == "*":
            out.append(":")
            continue
        out.append(letter if letter in ALPHABET else ":" if letter in PUNCTUATION else "*")
    return " ".join("".join(out).split())


def random_text(rng: np.random.Generator) -> str:
    """Settings, rates, words and numbers in any order."""
    items = []
    for _ in range(int(rng.choice([1, 1, 2, 2, 3]))):
        kind = rng.random()
        if kind < 0.52:
            items.append(_setting(rng))
        elif kind < 0.62:
            items.append(_rate(rng))
        elif kind < 0.78:
            items.append(str(rng.choice(WORDS)))
        elif kind < 0.9:
            items.append(
                _number(rng) + str(rng.choice(["", " "])) + str(rng.choice(["Hz", "ms", "bpm", "mm", "", "/"]))
            )
        else:
            some = rng.choice(list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.,:-"), 6)
            items.append("".join(some))
    return str(rng.choice([" ", " ", "  ", ", ", "*", ";", "   "])).join(items)


def _setting(rng: np.random.Generator) -> str:
    kind = rng.random()
    gap = str(rng.choice(["", "", " "]))
    if kind < 0.6:
        return _speed_or_gain(rng, speed=bool(rng.random() < 0.5), gap=gap)
    if kind < 0.72:
        words = [str(word) for word in rng.choice([["Limb", "Chest"], ["LIMB", "CHEST"], ["limb", "chest"]])]
        colon = str(rng.choice(["", ":", ": ", " "]))
        unit = str(rng.choice(["", gap + "mm/mV", gap + "mm/mV"]))
        comma = str(rng.choice([" ", "  ", ", "]))
        return comma.join(word + (colon or " ") + _value(rng, GAINS) + unit for word in words[: rng.integers(1, 3)])
    if kind < 0.82:
        return f"{_value(rng, GAINS)}/{_value(rng, GAINS)}{gap}mm/mV"
    if kind < 0.91:
        return _value(rng, CENTIMETRES) + gap + "cm/mV"
    return str(rng.choice(["x", "x", "X", "\u00d7"])) + gap * int(rng.random() < 0.2) + _value(rng, TIMES)


def _speed_or_gain(rng: np.random.Generator, *, speed: bool, gap: str) -> str:
    number = _value(rng, SPEEDS if speed else GAINS) if rng.random() < 0.6 else _number(rng)
    before = str(
        rng.choice(
            ["", "", "", "Speed: ", "Speed:", "Gain: ", "Gain:", "Limb: ", "Chest: ", "Limb:", "Chest ", "x", "("]
        )
    )
    unit = str(
        rng.choice(["mm/s", "mm/s", "mm/sec", "mm/Sec."] if speed else ["mm/mV", "mm/mV", "mm/mV", "mm/mv", "cm/mV"])
    )
    return before + number + gap + unit


def _value(rng: np.random.Generator, values: tuple[str, ...]) -> str:
    """One of the values as printers write them: with a decimal more, with a comma."""
    number = str(rng.choice(values))
    if rng.random() < 0.15 and number.isdigit():
        number += ".0"
    return number.replace(".", ",") if rng.random() < 0.15 else number


def _rate(rng: np.random.Generator) -> str:
    unit = str(rng.choice(["bpm", "bpm", "BPM", "/min", "1/min", "", " 1/min"]))
    return f"{rng.choice(RATES)} {rng.integers(30, 220)}{rng.choice(['', ' '])}{unit}".strip()


def _number(rng: np.random.Generator) -> str:
    digits = "".join(str(d) for d in rng.integers(0, 10, int(rng.choice([1, 2, 2, 3, 4]))))
    if rng.random() < 0.2:
        at = int(rng.integers(0, len(digits)))
        digits = digits[: at + 1] + "." + digits[at + 1 :] if at + 1 < len(digits) else digits
    return digits


@lru_cache(maxsize=64)
def _face(name: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    if name == "pillow":
        return ImageFont.load_default(size)
    if name == "bitmap":
        return ImageFont.load_default_imagefont()
    if name.startswith(("Liberation", "Free")):
        folder = "liberation" if name.startswith("Liberation") else "freefont"
        return ImageFont.truetype(str(SYSTEM_FACES / folder / f"{name}.ttf"), size)
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"), size)


def draw_text(text: str, face: str) -> np.ndarray:
    """uint8 (h, w), 255 on 0: the text in large letters, cut to its ink; empty for text without any."""
    if face.startswith("cv"):
        number = int(face[2:])
        (width, height), below = cv2.getTextSize(text, number, 1.4, 2)
        canvas = np.zeros((height + below + 40, width + 60), np.uint8)
        cv2.putText(canvas, text, (20, height + 10), number, 1.4, 255, 2, cv2.LINE_AA)
    else:
        font = _face(face, 40)
        box = font.getbbox(text)
        image = Image.new("L", (int(box[2]) + 30, int(box[3]) + 30))
        ImageDraw.Draw(image).text((10, 5), text, fill=255, font=font)
        canvas = np.asarray(image)
        if face == "bitmap":
            canvas = cv2.resize(canvas, None, fx=4, fy=4, interpolation=cv2.INTER_LINEAR)
    rows, columns = np.flatnonzero(canvas.max(axis=1) > 60), np.flatnonzero(canvas.max(axis=0) > 60)
    if not len(rows):
        return np.zeros((0, 0), np.uint8)
    return np.ascontiguousarray(canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def random_strip(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """A picture (2, 24, w) float32 as ``strip_of`` makes them, and what it says."""
    text = random_text(rng) if rng.random() < 0.95 else ""
    view, mask, px_per_mm = photographed(text, str(rng.choice(FACES)), rng)
    first, last = letter_rows(mask)
    columns = np.flatnonzero(mask.any(axis=0)) if mask.any() else np.array([0, mask.shape[1] - 1])
    tall = last - first
    top, bottom = first + rng.normal(0, 0.05) * tall, last + rng.normal(0, 0.05) * tall
    edges = columns[0] + rng.normal(0, 1.0), columns[-1] + 1 + rng.normal(0, 1.0)
    ink = ink_of_view(view, px_per_mm)
    box = Box(round(edges[0]), round(top), round(edges[1]), max(round(bottom), round(top) + 4))
    return strip_of(ink, box, scale=float(rng.uniform(0.88, 1.12))), target_of(text)


def photographed(text: str, face: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """uint8 grey view with the text on a grid, bool mask of the letters, and pixels per millimetre."""
    fine = draw_text(text, face)
    tall_mm = float(rng.uniform(1.5, 4.2))
    least = 5.2 / tall_mm
    px_per_mm = float(np.exp(rng.uniform(np.log(max(2.4, least)), np.log(7.5))))
    if not fine.size:
        fine = np.zeros((40, int(rng.integers(80, 900))), np.uint8)
    weight = int(rng.integers(-1, 3))
    if weight and fine.shape[0] > 24 and face != "bitmap":
        brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (1 + abs(weight), 1 + abs(weight)))
        fine = cv2.dilate(cv2.copyMakeBorder(fine, 3, 3, 3, 3, cv2.BORDER_CONSTANT), brush) if weight > 0 else fine
        fine = fine if weight > 0 else cv2.erode(fine, brush)
    capital = 29.0 * (1.25 if face.startswith("cv") else 1.0)
    grow = tall_mm * px_per_mm / capital
    stretch, slant, turn = rng.uniform(0.75, 1.2), rng.normal(0, 0.06), np.radians(rng.normal(0, 0.7))
    wide, high = fine.shape[1] * grow * stretch, fine.shape[0] * grow
    margin = 16 * px_per_mm
    size = (round(wide + 2 * margin), round(max(14 * px_per_mm, high + 4 * px_per_mm)))
    stroke = np.array([[grow * stretch, -slant * grow], [0, grow]])
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = rotation @ stroke
    middle = np.array([fine.shape[1] / 2, fine.shape[0] / 2])
    centre = np.array([size[0] / 2, size[1] / 2 + rng.uniform(-2, 2)])
    soft = cv2.GaussianBlur(fine, (0, 0), max(0.4, 0.42 / grow))
    flat = cv2.warpAffine(soft, np.column_stack([matrix, centre - matrix @ middle]), size, flags=cv2.INTER_LINEAR)
    mask = flat > 90
    letters = flat.astype(np.float32) / 255
    paper = 1 - _grid(size, px_per_mm, rng)
    darkness = rng.uniform(0.45, 0.97)
    light = paper * (1 - darkness * letters)
    for _ in range(int(rng.integers(0, 2))):
        _scribble(light, rng, px_per_mm)
    ramp = np.linspace(rng.uniform(0.7, 1), rng.uniform(0.7, 1), size[0], dtype=np.float32)
    light = cv2.GaussianBlur(light * ramp, (0, 0), float(rng.uniform(0.25, max(0.3, 0.11 * tall_mm * px_per_mm))))
    grey = light * rng.uniform(120, 250) + rng.normal(0, rng.uniform(0.5, 7), light.shape).astype(np.float32)
    view = np.clip(grey, 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        view = cv2.imdecode(cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 92))])[1], 0)
    return view, mask, px_per_mm


def _grid(size: tuple[int, int], px_per_mm: float, rng: np.random.Generator) -> np.ndarray:
    """float32 (h, w), darkness of a grid whose lines are not quite where they belong."""
    width, height = size
    grid = np.zeros((height, width), np.float32)
    strong = float(rng.choice([0, rng.uniform(0.05, 0.4), rng.uniform(0.3, 0.9)], p=[0.15, 0.5, 0.35]))
    weak = strong * float(rng.choice([0, rng.uniform(0.1, 0.6)]))
    dots = rng.random() < 0.35
    thick = rng.uniform(0.15, 0.45) * px_per_mm
    x0, y0 = rng.uniform(0, 5, 2)
    drift = 0.12 * px_per_mm * np.sin(np.linspace(0, rng.uniform(1, 6), width) + rng.uniform(0, 6))
    x = (np.arange(width)[None] + drift[None]) / px_per_mm
    y = (np.arange(height)[:, None] + drift[None]) / px_per_mm
    for period, dark in ((1.0, weak), (5.0, strong)):
        if dark <= 0:
            continue
        near = [np.abs((axis - at + period / 2) % period - period / 2) * px_per_mm for axis, at in ((x, x0), (y, y0))]
        along = [np.clip(thick / 2 + 0.5 - distance, 0, min(1.0, thick)) for distance in near]
        both = np.minimum(*along) if period == 1 and dots else np.maximum(*along)
        grid = np.maximum(grid, dark * both.astype(np.float32))
    return grid


def _scribble(light: np.ndarray, rng: np.random.Generator, px_per_mm: float) -> None:
    """A stretch of a trace or a pen line somewhere, seldom through the text."""
    height, width = light.shape
    x = np.arange(0, width, 3)
    base = rng.choice([rng.uniform(-0.1, 0.2), rng.uniform(0.8, 1.1)]) * height
    y = base + rng.normal(0, 1, len(x)).cumsum() * 0.5
    y += rng.uniform(0, 2) * px_per_mm * np.sin(x / rng.uniform(5, 40))
    points = np.stack([x, y], axis=-1).round().astype(np.int32)
    cv2.polylines(light, [points], False, float(rng.uniform(0.05, 0.5)), max(1, round(0.3 * px_per_mm)))
