"""Whether the traces on a sheet are those of an ECG, in the layout that is read: the leads are bound to each other.

I + III = II and aVR + aVL + aVF = 0 at every moment, and the rhythm strip repeats lead II. Rows of anything else do not
know of each other, and of leads in other places other sums hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vizecg_edge.rectify.content import cancels, centred_leads


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """``identities``: how well the leads agree, about 0 for unrelated traces, 9 at best. ``layout``: how much better
    they agree in the places of the layout that is read than in those of its relatives; negative speaks for these."""

    identities: float
    layout: float


def likeness(signals: np.ndarray) -> Likeness:
    """``Rectified.signals_mm``: (4, samples), heights of the rows in mm."""
    leads = centred_leads(signals)
    first, second = leads[:, 0], leads[:, 1]
    limb = cancels(first[0], -first[1], first[2])
    augmented = cancels(second[0], second[1], second[2])
    strip = cancels(first[3], -first[1])
    # Cabrera: aVL I -aVR, and II aVF III.
    cabrera = cancels(first[0], first[2], -1.5 * first[1]) + cancels(second[0], second[2], -2 * second[1])
    # Four rows of three leads: I II III aVR, or aVL I -aVR II.
    four_rows = cancels(first[0], first[1], 2 * first[3])
    four_cabrera = cancels(first[3], first[1], -2 * first[2])
    return Likeness(
        identities=max(limb, 0.0) + max(augmented, 0.0) + max(strip, 0.0),
        layout=min(limb + augmented - cabrera, strip - four_rows, strip - four_cabrera),
    )
