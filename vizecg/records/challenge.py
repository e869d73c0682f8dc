"""PhysioNet Challenge sets (2020 and later): ``.mat`` and ``.hea``, diagnoses as SNOMED CT codes in the header."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from vizecg.records.codes import Vocabulary, labels_of
from vizecg.records.on_identity import OnIdentity
from vizecg.records.record import EcgRecord, bad_record
from vizecg.records.splits import SplitRule, check_split
from vizecg.records.wfdb.folder import find_headers
from vizecg.records.wfdb.record import header_comments, read_wfdb
from vizecg.spec import CODE6, LabelSet

_DIAGNOSES = re.compile(r"dx\s*:(.*)", re.IGNORECASE)


def challenge_names(root: Path, *, split: str, rule: SplitRule) -> list[str]:
    """Names of the records of one split, by a hash of the name: Challenge sets do not tell the patients.

    Raises:
        UsageError: no folder, or no record in it.
    """
    check_split(split)
    return [name for name in find_headers(root) if rule.split_of(patient_id=None, record_id=name) == split]


def read_challenge(
    name: str, *, root: Path, labels: LabelSet = CODE6, on_identity: OnIdentity = OnIdentity.SKIP
) -> EcgRecord:
    """Read and check one record; labels are None where the header has no codes.

    Raises:
        InputRefusedError, LimbLeadsError: as ``read_wfdb``.
    """
    try:
        comments = header_comments(root / f"{name}.hea")
    except OSError as error:
        raise bad_record(name, f"cannot be read: {error}") from error
    return read_wfdb(root / name, record_id=name, labels=diagnoses(comments, labels), on_identity=on_identity)


def diagnoses(comments: list[str], labels: LabelSet = CODE6) -> np.ndarray | None:
    """float32 (labels,) from the comment lines of a header: ``Dx: 426177001,164889003``.

    None without such a line or without a code in it (``Dx: Unknown``), where the diagnoses are not known.
    """
    for comment in comments:
        match = _DIAGNOSES.match(comment)
        if match:
            codes = [code.strip() for code in match[1].split(",")]
            known = [code for code in codes if code.isdigit()]
            return labels_of(known, labels, Vocabulary.SNOMED) if known else None
    return None
