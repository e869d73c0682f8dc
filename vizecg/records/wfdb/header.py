"""WFDB headers as data sets ship them -> headers that ``wfdb`` reads; the samples stay its business.

Seen in the PhysioNet Challenges: a time and date in forms that wfdb refuses, the record's name with the ending of its
file (``E00001.mat 12 500 5000 05-May-2020``), baselines with a decimal point, and in Georgia's set of 2020 a gain of
4880/mV for samples that are stored at 1000/mV, as that of 2021 states.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from vizecg.records.record import Note

RECORD = "record"
GAIN_MENDED = "gain_mended"
_RECORD_FIELDS = 4
"""Name, signals, sampling rate, samples: what follows on the record line is the time and date of recording."""
_SIGNAL_FIELDS = 9
"""Of a signal's line, the last one being its description, which may have blanks."""
_BASELINE = re.compile(r"\((-?\d+)\.\d*\)")
_STATED, _TRUE = re.compile(r"^4880(\.0*)?(?=\(|/|$)"), "1000"
_MATLAB = ("16+24", "16x1+24")
_NAME, _FILE = re.compile(r"[-\w]+", re.ASCII), re.compile(r"[-\w]+(\.\w+)?", re.ASCII)
"""What wfdb takes."""


@dataclass(frozen=True, kw_only=True)
class ReadableHeader:
    """``text`` of a header for the record ``RECORD``; ``files``: its names of signal files -> those of the set."""

    text: str
    files: dict[str, str]
    notes: tuple[Note, ...]


def readable_header(text: str, *, stem: str) -> ReadableHeader | None:
    """The header of the file ``stem`` as wfdb reads it, with what had to be mended; None where nothing has to be, for
    one of several segments, and for one without lines.

    Names of signal files lose their folders: a header must not make us read elsewhere.
    """
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines or "/" in lines[0].split()[0]:
        return None
    first = lines[0].split()
    fits = len(first) <= _RECORD_FIELDS and first[0] == stem and text[0] != "\ufeff" and bool(_NAME.fullmatch(stem))
    names: dict[str, str] = {}
    signals, mended = [], 0
    for line in lines[1:]:
        fields = line.split(None, _SIGNAL_FIELDS - 1)
        stated, name = list(fields), Path(fields[0]).name
        fits = fits and name == fields[0] and bool(_FILE.fullmatch(name))
        fields[0] = names.setdefault(name, f"signals{len(names)}{_ending(name)}")
        if len(fields) > 2:
            fields[2] = _BASELINE.sub(r"(\1)", fields[2])
            if fields[1] in _MATLAB:
                fields[2], count = _STATED.subn(_TRUE, fields[2])
                mended += count
            fits = fits and fields[2] == stated[2]
        signals.append(" ".join(fields))
    if fits:
        return None
    notes = (Note(code=GAIN_MENDED, message=f"gain 4880/mV of {mended} leads read as 1000/mV"),) if mended else ()
    files = {ours: name for name, ours in names.items()}
    return ReadableHeader(
        text="\n".join([" ".join([RECORD, *first[1:_RECORD_FIELDS]]), *signals]) + "\n", files=files, notes=notes
    )


def _ending(name: str) -> str:
    ending = Path(name).suffix
    return ending if re.fullmatch(r"\.\w+", ending) else ".dat"
