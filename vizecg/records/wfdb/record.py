"""One WFDB record -> canonical leads: by lead name, in millivolts, also where ``wfdb`` refuses the header."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.records.lead_names import lead_of, twelve_leads
from vizecg.records.on_identity import OnIdentity, record_under
from vizecg.records.record import EcgRecord, Note, bad_record
from vizecg.records.wfdb.header import RECORD, readable_header
from vizecg.spec import MissingToolError
from vizecg.spec.install import pip_install

_MILLIVOLTS = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "nv": 1e-6, "v": 1e3}


def read_wfdb(
    path: Path,
    *,
    record_id: str,
    labels: np.ndarray | None = None,
    patient_id: str | None = None,
    on_identity: OnIdentity = OnIdentity.SKIP,
) -> EcgRecord:
    """Read and check the record whose header is ``path`` with ``.hea`` appended.

    Raises:
        InputRefusedError: the files are missing or damaged, a lead is missing or doubled, or a check fails.
        LimbLeadsError: as ``record_under``.
        MissingToolError: ``wfdb`` is not installed.
    """
    raw, mended = _read(path, record_id)
    if raw.p_signal is None or not raw.sig_name:
        raise bad_record(record_id, "holds no signal")
    channels = [
        (name, raw.p_signal[:, column] * _gain(raw.units[column], record_id))
        for column, name in enumerate(raw.sig_name)
        if lead_of(name) is not None
    ]
    signal, derived = twelve_leads(channels, record_id=record_id)
    return record_under(
        on_identity,
        signal=signal,
        sampling_rate=float(raw.fs),
        record_id=record_id,
        labels=labels,
        patient_id=patient_id,
        notes=(*mended, *derived),
    )


def header_comments(path: Path) -> list[str]:
    """The comment lines of a header without their number signs."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return [line.strip().lstrip("#").strip() for line in text.splitlines() if line.lstrip().startswith("#")]


def _read(path: Path, record_id: str) -> tuple[Any, tuple[Note, ...]]:
    try:
        import wfdb
    except ImportError as error:
        raise MissingToolError(f"reading WFDB records needs wfdb: {pip_install('train')}") from error
    try:
        text = path.with_name(path.name + ".hea").read_text(encoding="utf-8", errors="replace")
        header = readable_header(text, stem=path.name)
        if header is None:
            return wfdb.rdrecord(str(path)), ()
        with tempfile.TemporaryDirectory() as scratch:
            place = Path(scratch)
            (place / f"{RECORD}.hea").write_text(header.text, encoding="ascii", errors="ignore")
            for ours, name in header.files.items():
                (place / ours).symlink_to((path.parent / name).resolve(strict=True))
            return wfdb.rdrecord(str(place / RECORD)), header.notes
    except FileNotFoundError as error:
        raise bad_record(record_id, f"cannot be read: {Path(str(error.filename)).name} is not there") from error
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        # A damaged header leaves fields empty, on which wfdb then computes: a TypeError is what comes out of that.
        raise bad_record(
            record_id, f"cannot be read: {' '.join(str(error).split()) or type(error).__name__}"
        ) from error


def _gain(unit: str, record_id: str) -> float:
    try:
        return _MILLIVOLTS[unit.strip().lower()]
    except KeyError:
        raise bad_record(record_id, f"unit {unit!r} is unknown: expected mV, uV or V") from None
