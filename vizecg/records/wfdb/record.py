"""One WFDB record -> canonical leads: by lead name, in millivolts, also where ``wfdb`` refuses the date."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.records.record import EcgRecord, bad_record
from vizecg.spec import LEADS, MissingToolError
from vizecg.spec.install import pip_install

_MILLIVOLTS = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "v": 1e3}
_RECORD_FIELDS = 4
"""Name, signals, sampling rate, samples: what follows on the record line is the time and date of recording."""


def read_wfdb(
    path: Path, *, record_id: str, labels: np.ndarray | None = None, patient_id: str | None = None
) -> EcgRecord:
    """Read and check the record whose header is ``path`` with ``.hea`` appended.

    Raises:
        InputRefusedError: the files are missing or damaged, a lead is missing or doubled, or a check fails.
        MissingToolError: ``wfdb`` is not installed.
    """
    raw = _read(path, record_id)
    if raw.p_signal is None or not raw.sig_name:
        raise bad_record(record_id, "holds no signal")
    names = [name.strip().upper() for name in raw.sig_name]
    for lead in LEADS:
        times = names.count(lead.upper())
        if times != 1:
            raise bad_record(
                record_id, f"lead {lead} is missing" if times == 0 else f"lead {lead} is there {times} times"
            )
    columns = [names.index(lead.upper()) for lead in LEADS]
    gains = [_gain(raw.units[column], record_id) for column in columns]
    return EcgRecord(
        signal=np.ascontiguousarray((raw.p_signal[:, columns] * gains).T, dtype=np.float32),
        sampling_rate=float(raw.fs),
        record_id=record_id,
        labels=labels,
        patient_id=patient_id,
    )


def header_comments(path: Path) -> list[str]:
    """The comment lines of a header without their number signs."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return [line.strip().lstrip("#").strip() for line in text.splitlines() if line.lstrip().startswith("#")]


def _read(path: Path, record_id: str) -> Any:
    try:
        import wfdb
    except ImportError as error:
        raise MissingToolError(f"reading WFDB records needs wfdb: {pip_install('train')}") from error
    try:
        try:
            return wfdb.rdrecord(str(path))
        except ValueError as error:
            header = path.with_name(path.name + ".hea")
            undated = _without_date(header.read_text(encoding="ascii", errors="ignore"))
            if undated is None:
                raise error
            with tempfile.TemporaryDirectory() as scratch:
                (Path(scratch) / header.name).write_text(undated, encoding="ascii")
                for name in _signal_files(undated):
                    shutil.copyfile(path.parent / name, Path(scratch) / name)
                return wfdb.rdrecord(str(Path(scratch) / path.name))
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        # A damaged header leaves fields empty, on which wfdb then computes: a TypeError is what comes out of that.
        raise bad_record(
            record_id, f"cannot be read: {' '.join(str(error).split()) or type(error).__name__}"
        ) from error


def _without_date(header: str) -> str | None:
    """The header with its record line cut to what reading needs; None where nothing would be cut."""
    lines = header.splitlines()
    for number, line in enumerate(lines):
        if line.strip() and not line.lstrip().startswith("#"):
            fields = line.split()
            lines[number] = " ".join(fields[:_RECORD_FIELDS])
            return "\n".join(lines) + "\n" if len(fields) > _RECORD_FIELDS else None
    return None


def _signal_files(header: str) -> set[str]:
    lines = [line for line in header.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    # Only names: a header must not make us copy from elsewhere.
    return {Path(line.split()[0]).name for line in lines[1:]}


def _gain(unit: str, record_id: str) -> float:
    try:
        return _MILLIVOLTS[unit.strip().lower()]
    except KeyError:
        raise bad_record(record_id, f"unit {unit!r} is unknown: expected mV, uV or V") from None
