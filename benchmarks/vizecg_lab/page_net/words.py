"""What else is written on pages: headers, reports, tables, dates."""

from __future__ import annotations

import numpy as np

_WORDS = (
    "Vent. rate", "PR interval", "QRS duration", "QT/QTc", "P-R-T axes", "Sinus rhythm", "Normal ECG", "Abnormal",
    "Unconfirmed", "Referred by:", "Technician:", "Name:", "ID:", "Age", "Sex:", "Male", "Female", "bpm", "ms",
    "mmHg", "Room", "Department", "Sinusrhythmus", "Lagetyp", "Herzfrequenz", "Page 1 of 2", "Seite 1", "LEAD",
    "Lead", "F 50", "F~ 0.05-40Hz", "AC50", "Filter: 0.5~35Hz", "0.67-25Hz", "25mm/s", "10mm/mV", "25 mm/sec", "x1.0",
    "1.0 cm/mV", "0.5 cm/mV", "Chest: 10 mm/mV", "Limb 10", "Cal", "Speed", "SEMIP V1.7", "SE-3 V1.0", "V2.31",
    "V4.6 (3)", "RV5/SV1", "RV5", "SV1", "RV6/SV1", "R+S", "V5/SV1", "LVH", "RVH", "LAE", "ST elevation", "T wave",
    "inferior", "anterior", "infarct", "block", "bundle branch", "LBBB", "RBBB", "AF", "AV", "VT", "VF", "ICU", "A&E",
    "DOB", "HR", "RR", "PP", "QTcB", "P/QRS/T", "mV", "Hz", "VI", "IV", "VII", "VIII", "IX", "XII", "IIII", "V7",
    "V8", "V9", "VR", "aV", "Rhythm", "(Rhythm)", "AVNRT", "Report", "Confirmed by", "Hospital", "Clinic", "Klinik",
    "Medication", "Dr.", "Visit", "Type II", "Type I", "Class III", "Mobitz I", "grade II", "II degree", "Stage III",
    "12SL v235", "Vol. VI", "11", "111", "1", "II/III", "LIMB", "CHEST", "5", "6", "R", "L", "N", "Ill.", "Vl", "W1",
    "Y2",
)  # fmt: skip
_LETTERS = "ABCDEFGHIJKLMNOPRSTUVWXYZabcdefghiklmnoprstuvwyz0123456789.:/-"


def random_line(rng: np.random.Generator) -> str:
    """A line of text in which no word is a lead's name as it stands beside a trace."""
    kind = rng.random()
    if kind < 0.45:
        return " ".join(str(word) for word in rng.choice(_WORDS, size=int(rng.integers(1, 5))))
    if kind < 0.6:
        return f"{rng.choice(_WORDS)} {rng.integers(0, 500)} {rng.choice(['ms', 'bpm', 'mm/s', '%', ''])}"
    if kind < 0.7:
        day, month, year = rng.integers(1, 29), rng.integers(1, 13), rng.integers(1985, 2027)
        roman = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")[month - 1]
        shown = str(rng.choice(["{0:02d}.{1:02d}.{2}", "{0:02d}-{3}-{2}", "{2}-{1:02d}-{0:02d} 12:{0:02d}:{1:02d}"]))
        return shown.format(day, month, year, roman)
    if kind < 0.8:
        return " ".join(str(number) for number in np.round(rng.normal(0, 40, int(rng.integers(1, 6))), 1))
    count = int(rng.integers(2, 9))
    words = ("".join(rng.choice(list(_LETTERS), size=int(rng.integers(2, 9)))) for _ in range(count // 2))
    return " ".join(words)
