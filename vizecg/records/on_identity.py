"""What becomes of a record whose limb leads do not fit each other."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Any

import numpy as np

from vizecg.records.identities import FROM_I_II, LIMB, limb_misfit
from vizecg.records.record import LIMB_LEADS, EcgRecord, Note, bad_record
from vizecg.spec import ExitCode, InputRefusedError, VizecgError

DERIVED, KEPT = "limb_leads_derived", "limb_leads_kept"
_LEAST_FITTING = 2
"""Of III, aVR, aVL and aVF, how many must fit I and II, or one of those two is what is wrong."""


class OnIdentity(str, Enum):
    """``fail`` stops, ``skip`` leaves the record out, ``derive`` keeps I and II and computes the other limb leads from
    them, ``keep`` uses it as it is."""

    FAIL = "fail"
    SKIP = "skip"
    DERIVE = "derive"
    KEEP = "keep"


class LimbLeadsError(VizecgError):
    """A record whose limb leads do not fit, where that was to stop everything."""

    exit_code = ExitCode.REFUSED


def record_under(on_identity: OnIdentity, *, signal: np.ndarray, **known: Any) -> EcgRecord:
    """The record of a signal float32 (12, samples) millivolts and what is ``known`` of it (as ``EcgRecord``).

    Raises:
        InputRefusedError: a check fails; with ``skip``, that of the limb leads too, and with ``derive`` where I and II
            themselves are in doubt.
        LimbLeadsError: with ``fail``, the limb leads do not fit.
    """
    try:
        return EcgRecord(signal=signal, **known)
    except InputRefusedError as error:
        if error.reason != LIMB_LEADS or on_identity is OnIdentity.SKIP:
            raise
        told = str(error)
    if on_identity is OnIdentity.FAIL:
        raise LimbLeadsError(f"{told} (--on-identity skip, derive or keep goes on)")
    why = told.partition(": ")[2]
    kept = EcgRecord(signal=signal, **known, check_limb_leads=False)
    if on_identity is OnIdentity.KEEP:
        return replace(kept, notes=(*kept.notes, Note(code=KEPT, message=f"kept all the same: {why}")))
    return _derived(kept, why)


def _derived(record: EcgRecord, why: str) -> EcgRecord:
    limb = record.signal[: len(LIMB)].astype(np.float64)
    made = (FROM_I_II @ limb[:2]).astype(np.float32)
    fitting = 0
    for row in range(2, len(LIMB)):
        one = made.copy()
        one[row] = limb[row]
        fitting += limb_misfit(one, sampling_rate=record.sampling_rate) is None
    if fitting < _LEAST_FITTING:
        raise bad_record(record.record_id, f"limb leads cannot be derived, for I or II is in doubt: {why}")
    note = Note(code=DERIVED, message=f"III, aVR, aVL and aVF computed from I and II: {why}")
    signal = np.concatenate([made, record.signal[len(LIMB) :]])
    return replace(record, signal=signal, check_limb_leads=True, notes=(*record.notes, note))
