"""The twelve leads by the names that recorders and data sets give them, and limb leads from other limb leads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from vizecg.records.identities import FROM_I_II, LIMB
from vizecg.records.record import Note, bad_record
from vizecg.spec import LEADS

LEAD_DERIVED = "lead_derived"
_PREFIX = re.compile(r"^(mdc[ _]ecg[ _]lead[ _]|ecg[ _]|leads?[ _]|ml(?=i))")
_OTHER = {
    **{f"d{roman}": lead for roman, lead in (("i", "I"), ("ii", "II"), ("iii", "III"))},
    **{f"{letter}{number}": lead for letter in "dl" for number, lead in ((1, "I"), (2, "II"), (3, "III"))},
    **{f"c{number}": f"V{number}" for number in range(1, 7)},
    **{f"av{letter}{suffix}": f"aV{letter.upper()}" for letter in "rlf" for suffix in ("+", "")},
}
_KNOWN = {lead.lower(): lead for lead in LEADS} | _OTHER


def lead_of(name: str) -> str | None:
    """The lead that a channel of this name holds, as ``vizecg.spec.LEADS`` spells it: ``AVR``, ``MLII``, ``Lead I``,
    ``DII`` and ``MDC_ECG_LEAD_V1`` are known; None for another."""
    return _KNOWN.get(_PREFIX.sub("", name.strip().lower()).strip())


def twelve_leads(
    channels: Mapping[str, np.ndarray] | Sequence[tuple[str, np.ndarray]], *, record_id: str
) -> tuple[np.ndarray, tuple[Note, ...]]:
    """Channels by their names, each (samples,) millivolts -> float32 (12, samples) in the order of ``LEADS``.

    Limb leads that are missing follow from any two others, which is noted; channels of other names are not used.

    Raises:
        InputRefusedError: a lead is there twice, or is missing and does not follow from others.
    """
    found: dict[str, np.ndarray] = {}
    times: dict[str, int] = {}
    for name, samples in channels.items() if isinstance(channels, Mapping) else channels:
        lead = lead_of(name)
        if lead is not None:
            found[lead] = samples
            times[lead] = times.get(lead, 0) + 1
    doubled = next((lead for lead in LEADS if times.get(lead, 0) > 1), None)
    if doubled is not None:
        raise bad_record(record_id, f"lead {doubled} is there {times[doubled]} times")
    missing = [lead for lead in LEADS if lead not in found]
    limb = [lead for lead in LIMB if lead in found]
    lost = [lead for lead in missing if lead not in LIMB or len(limb) < 2]
    if lost:
        raise bad_record(record_id, f"lead {lost[0]} is missing" + (f" ({len(lost)} are)" if len(lost) > 1 else ""))
    notes: tuple[Note, ...] = ()
    if missing:
        rows = [LIMB.index(lead) for lead in limb]
        first_two = np.linalg.pinv(FROM_I_II[rows]) @ np.stack([found[lead] for lead in limb]).astype(np.float64)
        found |= {lead: FROM_I_II[LIMB.index(lead)] @ first_two for lead in missing}
        notes = (Note(code=LEAD_DERIVED, message=f"{', '.join(missing)} computed from {', '.join(limb)}"),)
    return np.ascontiguousarray(np.stack([found[lead] for lead in LEADS]), dtype=np.float32), notes
