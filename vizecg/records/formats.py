"""Records in the files of recorders: SCP-ECG, HL7 aECG, MUSE, Philips and Mortara XML, DICOM, EDF, MFER, ISHNE.

``ecgdatakit`` tells the format by what is in the file and decodes it; what comes out is judged here like any record.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.records.lead_names import lead_of, twelve_leads
from vizecg.records.on_identity import OnIdentity, record_under
from vizecg.records.packing import unpack_labels
from vizecg.records.record import EcgRecord, bad_record
from vizecg.records.wfdb.folder import WfdbEntry, WfdbFolder, headers_in
from vizecg.records.wfdb.folder import read_entry as read_wfdb_entry
from vizecg.spec import CODE6, LabelSet, MissingToolError, UsageError
from vizecg.spec.checks import printable
from vizecg.spec.install import pip_install

ENDINGS = (".scp", ".xml", ".dcm", ".dicom", ".edf", ".mwf", ".mfer", ".mfr", ".ecg")
"""Of the files that are taken for records, beside the ``.hea`` of WFDB."""
LARGEST_BYTES = 256 * 2**20
"""A 12-lead ECG of an hour at 1,000 Hz takes 86 MB: what is larger is none, and is not read into memory."""
_LONGEST_REASON = 300


def files_in(root: Path) -> list[str]:
    """Names of all records below a folder, sorted, with slashes: files of ``ENDINGS``, and WFDB headers less ``.hea``.

    Raises:
        UsageError: no folder, or no record in it.
    """
    if not root.is_dir():
        raise UsageError(f"{root} does not exist: expected a folder of records")
    files = [
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.suffix.lower() in ENDINGS and path.is_file()
    ]
    names = sorted([*files, *headers_in(root)])
    if not names:
        raise UsageError(f"{root} holds no record: expected files that end in .hea, {', '.join(ENDINGS)}")
    return names


def records_folder(root: Path, *, table: Path | None, labels: LabelSet | None) -> WfdbFolder:
    """A folder of records of any of these formats, mixed or not, with a table of labels as that of a WFDB folder."""
    return WfdbFolder(root=root, table=table, labels=labels, names=files_in(Path(root)))


def read_entry(
    entry: WfdbEntry, *, root: Path, labels: int = len(CODE6), on_identity: OnIdentity = OnIdentity.SKIP
) -> EcgRecord:
    """Read and check one record, of so many ``labels``, in whatever format it is.

    Raises:
        InputRefusedError: the file is missing, damaged, of no known format or without twelve leads, or a check fails.
        LimbLeadsError: as ``record_under``.
        MissingToolError: what reads the format is not installed.
    """
    path = root / entry.name
    if path.suffix.lower() not in ENDINGS:
        return read_wfdb_entry(entry, root=root, labels=labels, on_identity=on_identity)
    decoded = _decoded(path, entry.name)
    leads = [lead for lead in decoded.leads if lead_of(lead.label) is not None]
    unscaled = next((lead for lead in leads if lead.is_raw or lead.units != "mV"), None)
    if unscaled is not None:
        raise bad_record(entry.name, f"lead {printable(unscaled.label, 20)} has no gain in volts")
    rates, lengths = {float(lead.sampling_rate) for lead in leads}, {len(lead.samples) for lead in leads}
    if len(rates) > 1 or len(lengths) > 1:
        raise bad_record(entry.name, "its leads differ in length or sampling rate")
    signal, notes = twelve_leads(
        [(lead.label, np.asarray(lead.samples, dtype=np.float64)) for lead in leads], record_id=entry.name
    )
    return record_under(
        on_identity,
        signal=signal,
        sampling_rate=rates.pop(),
        record_id=entry.name,
        labels=unpack_labels(entry.packed_labels, labels),
        patient_id=entry.patient_id,
        notes=notes,
    )


def _decoded(path: Path, record_id: str) -> Any:
    """An ``ecgdatakit.ECGRecord`` in millivolts."""
    try:
        from ecgdatakit import FileParser
    except ImportError as error:
        raise MissingToolError(f"reading {path.suffix} files needs ecgdatakit: {pip_install('formats')}") from error
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise bad_record(record_id, f"{size / 2**20:.0f} MiB are more than an ECG takes")
        with warnings.catch_warnings():
            # Told of fields that are missing, most of them of the patient.
            warnings.simplefilter("ignore")
            return FileParser.parse(path)
    except ImportError as error:
        raise MissingToolError(f"reading {path.suffix} files needs {error.name}: {pip_install('formats')}") from error
    except MemoryError:
        raise
    except Exception as error:
        # Whatever a file can do to a decoder: what it raises is its own business.
        told = " ".join(str(error).replace(str(path), path.name).split()) or type(error).__name__
        raise bad_record(record_id, f"cannot be read: {printable(told, _LONGEST_REASON)}") from error
