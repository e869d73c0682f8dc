"""Whether the leads of a page look as if electrodes, or rows of the page, had been exchanged."""

from __future__ import annotations

import numpy as np

from vizecg.spec.electrodes import CHEST, Exchange, exchanged_in
from vizecg.spec.labels import LIMB_OF_I_II
from vizecg_edge.leads.averaged import MeanBeats
from vizecg_edge.leads.intervals import Marks


def exchanged(beats: MeanBeats, marks: Marks) -> Exchange | None:
    """What seems to be exchanged on a page that shows I, II or leads that give them, and V1 to V6; None of others, and
    where nothing does."""
    seen = eight_leads(beats)
    return None if seen is None else exchanged_in(seen, marks)


def eight_leads(beats: MeanBeats) -> np.ndarray | None:
    """Mean beats (8, samples) of ``LEADS``, I and II from all limb leads; None where they are not all given."""
    rows = {
        lead: np.average(
            beats.mv[[k for k, one in enumerate(beats.leads) if one == lead]],
            axis=0,
            weights=beats.counts[[k for k, one in enumerate(beats.leads) if one == lead]],
        )
        for lead in dict.fromkeys(beats.leads)
    }
    limb = [lead for lead in rows if lead in LIMB_OF_I_II]
    if len(limb) < 2 or not all(lead in rows for lead in CHEST):
        return None
    sums = np.linalg.pinv(np.array([LIMB_OF_I_II[lead] for lead in limb]))
    return np.concatenate([sums @ np.stack([rows[lead] for lead in limb]), [rows[lead] for lead in CHEST]])
