"""The leads as files: CSV, WFDB (``.hea`` and ``.dat``), EDF+."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from vizecg.spec import MissingToolError, UsageError
from vizecg.spec.files import write_atomically
from vizecg.spec.install import pip_install
from vizecg_edge.leads.signals import Leads
from vizecg_edge.leads.table import LeadTable, table_of

CSV, WFDB, EDF = ".csv", ".hea", ".edf"
SIGNALS = (CSV, WFDB, EDF)
_TOOLS = {WFDB: "wfdb", EDF: "edfio"}
_STEPS_PER_MV, _MOST_MV = 1000, 32.0
_MARK = 70
"""Characters that the header of an EDF file has for a mark."""
_NAME = re.compile(r"[^-\w]", re.ASCII)


def check_signal_file(ending: str) -> None:
    """Whether leads can be written to files of this ending.

    Raises:
        UsageError: another ending.
        MissingToolError: what writes it is not installed.
    """
    if ending.lower() not in SIGNALS:
        raise UsageError(f"{ending}: signals are written to one of {', '.join(SIGNALS)}")
    tool = _TOOLS.get(ending.lower())
    if tool is not None and find_spec(tool) is None:
        raise MissingToolError(f"writing {ending.lower()} needs {tool}: {pip_install('signals')}")


def write_leads(path: Path, leads: Leads, *, mark: str = "") -> None:
    """Write the leads as the ending says, whole or not at all.

    CSV: a comment (#), then ``time_s`` and one column a lead in millivolts, empty where it is not printed. WFDB: 16
    bits at 1 microvolt, invalid samples where it is not printed. EDF+: the same, but -32 mV where it is not printed,
    since EDF knows no invalid samples; annotations tell those stretches.

    Args:
        path: ends in .csv, .hea or .edf.
        leads: of a page.
        mark: tells this program's files from others.

    Raises:
        UsageError, MissingToolError: see ``check_signal_file``; nothing to write, or a name that WFDB cannot have.
        OSError: it cannot be written.
    """
    check_signal_file(path.suffix or path.name)
    table = table_of(leads)
    if not table.names or not len(table.mv):
        raise UsageError(f"{path}: there are no leads to write")
    writers: dict[str, Callable[[Path, LeadTable, str], None]] = {CSV: _csv, WFDB: _wfdb, EDF: _edf}
    writers[path.suffix.lower()](path, table, mark)


def check_record_name(path: Path) -> None:
    """Whether WFDB takes the name of a file.

    Raises:
        UsageError: it holds more than letters, digits, hyphens and underscores.
    """
    fitting = _NAME.sub("_", path.stem)
    if fitting != path.stem:
        raise UsageError(f"{path}: a WFDB record is named with letters, digits, - and _: {fitting}{path.suffix}")


def _csv(path: Path, table: LeadTable, mark: str) -> None:
    lines = [f"# {mark or 'vizecg-edge'}; millivolts", ",".join(("time_s", *table.names))]
    for number, row in enumerate(table.mv.tolist()):
        cells = ("" if value != value else f"{value:.3f}" for value in row)
        lines.append(",".join((f"{number / table.sampling_rate:.5g}", *cells)))
    write_atomically(path, "\n".join(lines) + "\n")


def _wfdb(path: Path, table: LeadTable, mark: str) -> None:
    import wfdb

    check_record_name(path)
    count = len(table.names)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        wfdb.wrsamp(
            path.stem, fs=table.sampling_rate, units=["mV"] * count, sig_name=list(table.names),
            p_signal=np.clip(table.mv.astype(np.float64), -_MOST_MV, _MOST_MV), fmt=["16"] * count,
            adc_gain=[float(_STEPS_PER_MV)] * count, baseline=[0] * count, comments=[mark] if mark else [],
            write_dir=folder,
        )  # fmt: skip
        # The header last: whoever sees it finds the signal.
        os.replace(Path(folder) / f"{path.stem}.dat", path.with_suffix(".dat"))
        os.replace(Path(folder) / f"{path.stem}.hea", path)


def _edf(path: Path, table: LeadTable, mark: str) -> None:
    import io

    import edfio

    rate = table.sampling_rate
    padding = -len(table.mv) % round(rate)
    mv = np.pad(table.mv.astype(np.float64), ((0, padding), (0, 0)), constant_values=np.nan)
    missing = ~np.isfinite(mv)
    mv = np.where(missing, -_MOST_MV, np.clip(mv, -_MOST_MV, _MOST_MV))
    signals = [
        edfio.EdfSignal(
            mv[:, column], sampling_frequency=rate, label=f"ECG {name}", physical_dimension="mV",
            physical_range=(-_MOST_MV, _MOST_MV), digital_range=(-32000, 32000),
        )
        for column, name in enumerate(table.names)
    ]  # fmt: skip
    annotations = [
        edfio.EdfAnnotation(first / rate, (last - first) / rate, f"{name} not printed")
        for column, name in enumerate(table.names)
        for first, last in _stretches(missing[:, column])
    ]
    file = edfio.Edf(
        signals,
        patient=edfio.Patient(additional=mark[:_MARK].split()),
        data_record_duration=1,
        annotations=sorted(annotations, key=lambda one: one.onset),
    )
    data = io.BytesIO()
    file.write(data)
    write_atomically(path, data.getvalue())


def _stretches(mask: np.ndarray) -> list[tuple[int, int]]:
    """First and last (exclusive) of every run of True in (n,)."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in zip(changes[::2], changes[1::2], strict=True)]
