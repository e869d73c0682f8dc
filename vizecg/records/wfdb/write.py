"""A folder of WFDB records with a table of labels, from any records."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from vizecg.records.packing import pack_labels
from vizecg.records.record import EcgRecord
from vizecg.records.wfdb.folder import LABELS_FILE
from vizecg.spec import CODE6, LEADS, MissingToolError, UsageError
from vizecg.spec.install import pip_install

_PER_FOLDER = 1000


def write_wfdb(folder: Path, records: Iterable[EcgRecord]) -> int:
    """Write ``records/00000/000000.hea`` and so on, 16 bits at 1 microvolt, and ``labels.csv``. Returns their number.

    The labels are those of ``code6``, as synthetic records have them.

    Raises:
        UsageError: a record has no labels.
    """
    try:
        import wfdb
    except ImportError as error:
        raise MissingToolError(f"writing WFDB records needs wfdb: {pip_install('train')}") from error
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{LABELS_FILE}.partial"
    count = 0
    with partial.open("w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle)
        table.writerow(["record", *CODE6.names, "patient_id"])
        for record in records:
            if record.labels is None:
                raise UsageError(f"record {record.record_id} has no labels, which {LABELS_FILE} must tell")
            name, below = f"{count:06d}", f"records/{count // _PER_FOLDER:05d}"
            (folder / below).mkdir(parents=True, exist_ok=True)
            wfdb.wrsamp(
                name, fs=record.sampling_rate, units=["mV"] * len(LEADS), sig_name=list(LEADS),
                p_signal=record.signal.T.astype(np.float64), fmt=["16"] * len(LEADS), adc_gain=[1000.0] * len(LEADS),
                baseline=[0] * len(LEADS), write_dir=str(folder / below),
            )  # fmt: skip
            bits = pack_labels(record.labels)
            cells = [bits >> bit & 1 for bit in range(len(CODE6))]
            table.writerow([f"{below}/{name}", *cells, record.patient_id or ""])
            count += 1
    os.replace(partial, folder / LABELS_FILE)
    return count
