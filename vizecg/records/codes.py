"""Which diagnosis codes of which vocabulary stand for the six labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from vizecg.spec import LABELS, label_vector

CodeTable = Mapping[str, frozenset[str]]

SCP_CODES: CodeTable = {
    "1dAVb": frozenset({"1AVB"}),
    "RBBB": frozenset({"CRBBB"}),
    "LBBB": frozenset({"CLBBB"}),
    "SB": frozenset({"SBRAD"}),
    "AF": frozenset({"AFIB"}),
    "ST": frozenset({"STACH"}),
}
"""SCP-ECG statements, as PTB-XL uses them."""

# Left out of SNOMED_CODES on purpose: incomplete right bundle branch block (713426002) has a QRS below 120 ms and is
# no RBBB of the label set; atrial flutter (164890007) has its own rhythm and its own waves and is no AF.
SNOMED_CODES: CodeTable = {
    "1dAVb": frozenset({"270492004"}),
    "RBBB": frozenset({"59118001", "713427006"}),  # unspecified, complete
    "LBBB": frozenset({"164909002", "733534002"}),  # unspecified, complete
    "SB": frozenset({"426177001"}),
    "AF": frozenset({"164889003"}),
    "ST": frozenset({"427084000"}),
}
"""SNOMED CT concepts, as the PhysioNet Challenges write them into their headers."""


def labels_of(codes: Iterable[str], *, table: CodeTable) -> np.ndarray:
    """float32 (6,): a label is present when one of its codes is, whatever else is said about the code."""
    present = set(codes)
    return label_vector({label: bool(table[label] & present) for label in LABELS})
