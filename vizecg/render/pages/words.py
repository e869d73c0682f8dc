"""What recorders write beside the traces. The figures say nothing about the record: a reader must not learn to trust
the machine's own report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vizecg.render.layout import Layout
from vizecg.render.pages.forms import Header
from vizecg.render.pages.lots import one
from vizecg.render.style import Text

_FILTERS = ("0.15-40 Hz", "100Hz", "0.05-150Hz", "0.56-20 Hz", "F 60~ 0.5-100 Hz", "AC 50Hz", "TP 40Hz, AC 50Hz", "")
_FOOTERS = (
    "{speed} mm/s {gain} mm/mV {filters}",
    "{speed}mm/s  {gain}mm/mV  {filters}",
    "{speed}.0 mm/s   {gain}.0 mm/mV",
    "{speed} mm/s, {gain} mm/mV",
    "Speed: {speed} mm/sec   Limb: {limb} mm/mV   Chest: {chest} mm/mV   {filters}",
    "Speed:{speed} mm/sec  Limb:{limb} mm/mV  Chest:{chest} mm/mV",
    "x{times} .05-150Hz {speed}mm/sec",
    "{filters}  {cm} cm/mV  {speed} mm/s",
    "{gain}mm/mV {speed}mm/s {filters}",
    "LOC 00000-0000   {speed} mm/sec   {gain} mm/mV   {filters}",
)
_APART = tuple(footer for footer in _FOOTERS if "{limb}" in footer or ("{gain}" in footer and ".0" not in footer))
_STATES = ("Sinus rhythm", "Normal ECG", "Abnormal ECG", "Unconfirmed report", "Left axis deviation", "Borderline ECG",
           "Nonspecific T wave abnormality", "Atrial fibrillation", "Otherwise normal ECG")  # fmt: skip
_TITLES = ("ECG REPORT", "12-lead ECG", "Resting ECG", "RUHE-EKG", "Electrocardiogram", "Figure 65", "ECG 3")
_LABELS = (
    ("Vent. rate", "PR interval", "QRS duration", "QT/QTc", "P-R-T axes"),
    ("HR", "PR", "QRS", "QT/QTcB", "P/QRS/T"),
    ("Heart rate", "P dur.", "PQ", "QRS", "QTc"),
    ("Herzfrequenz", "PQ Intervall", "QRS Dauer", "QT/QTc", "RR/PP"),
)
_PERSON = (
    "ID: {id:06d}",
    "Name:",
    "Age: {age} Years",
    "Sex: M",
    "{day}",
    "Room: {room}",
    "Technician:",
    "12:{room:02d}:07",
)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The printed note of a page's scale, and what it states."""

    text: str
    speed: bool
    gain: bool


def setting(layout: Layout, rng: np.random.Generator, *, printed: float) -> Setting:
    """One of the ways in which recorders note speed and gain; nothing in all but ``printed`` of the draws."""
    limb, chest = layout.gain_mm_mv, layout.gain_of("V1")
    plain = rng.random() < printed
    if not plain:
        return Setting(text=one(rng, ("", "", one(rng, _FILTERS))), speed=False, gain=False)
    form = one(rng, _FOOTERS if limb == chest else _APART)
    times = {2.5: "1/4", 5.0: "1/2", 10.0: "1.0", 20.0: "2.0"}[limb]
    text = form.format(
        speed=f"{layout.speed_mm_s:g}",
        gain=f"{limb:g}" if limb == chest else f"{limb:g}/{chest:g}",
        limb=f"{limb:g}",
        chest=f"{chest:g}",
        cm=f"{limb / 10:g}",
        times="1" if limb == 10 and rng.random() < 0.3 else times,
        filters=one(rng, _FILTERS),
    ).replace(".5.0", ".5").rstrip()  # fmt: skip
    return Setting(text=text, speed=True, gain=True)


def gain_note(gain_mm_mv: float) -> str:
    """What stands beside a column."""
    return f"{gain_mm_mv / 10:g} cm/mV"


def header(kind: Header, width_mm: float, height_mm: float, size_mm: float, rng: np.random.Generator) -> list[Text]:
    """What stands above the traces, in columns, within ``height_mm`` of the top."""
    if kind is Header.NONE or height_mm < 2 * size_mm:
        return []
    if kind is Header.TITLE:
        return [
            Text(
                text=one(rng, _TITLES),
                x_mm=width_mm * rng.uniform(0.1, 0.6),
                y_mm=0.8 * height_mm,
                height_mm=1.5 * size_mm,
            )
        ]
    facts = {
        "id": int(rng.integers(1, 999999)),
        "day": f"{rng.integers(1, 29):02d}.{rng.integers(1, 13):02d}.{rng.integers(1985, 2026)}",
        "age": int(rng.integers(18, 95)),
        "room": int(rng.integers(1, 60)),
    }
    person = [line.format(**facts) for line in _PERSON]
    labels = one(rng, _LABELS)
    values = [f"{rng.integers(40, 160)} {one(rng, ('bpm', 'BPM', '/min'))}"]
    values += [f"{rng.integers(80, 260)} ms" for _ in range(2)]
    values += [f"{rng.integers(320, 480)}/{rng.integers(360, 500)} ms"]
    values += [f"{rng.integers(0, 90)} {rng.integers(-40, 90)} {rng.integers(0, 80)}"]
    columns = [person[: int(rng.integers(2, 6))], list(labels), values]
    if kind is Header.REPORT:
        columns += [
            [one(rng, _STATES) for _ in range(int(rng.integers(1, 4)))],
            [one(rng, (person[5], person[6], "Referred by:", "Confirmed by:"))],
        ]
    line = 1.7 * size_mm
    room = max(1, int((height_mm - size_mm) / line))
    starts = np.array([0.03, 0.27, 0.42, 0.57, 0.82]) + rng.uniform(-0.02, 0.02)
    return [
        Text(text=text, x_mm=float(start * width_mm), y_mm=1.5 * size_mm + row * line)
        for start, column in zip(starts, columns, strict=False)
        for row, text in enumerate(column[:room])
    ]
