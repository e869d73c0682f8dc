"""Kinds of spoiling, one family a file: a page that is spoilt may be refused or doubted, never decided otherwise."""

from __future__ import annotations

from vizecg_lab.attacks.kinds import Kind
from vizecg_lab.attacks.spoilings.camera import CAMERA
from vizecg_lab.attacks.spoilings.covered import COVERED
from vizecg_lab.attacks.spoilings.cut import CUT
from vizecg_lab.attacks.spoilings.disturbed import DISTURBED
from vizecg_lab.attacks.spoilings.electrodes import ELECTRODES
from vizecg_lab.attacks.spoilings.exchanged import EXCHANGED
from vizecg_lab.attacks.spoilings.faded import FADED
from vizecg_lab.attacks.spoilings.files import FILES
from vizecg_lab.attacks.spoilings.flat import FLAT
from vizecg_lab.attacks.spoilings.rhythms import RHYTHMS
from vizecg_lab.attacks.spoilings.scales import SCALES
from vizecg_lab.attacks.spoilings.several import SEVERAL

SPOILINGS: tuple[Kind, ...] = (
    *FLAT, *FADED, *COVERED, *SEVERAL, *EXCHANGED, *ELECTRODES, *SCALES, *RHYTHMS, *DISTURBED, *CUT, *CAMERA, *FILES,
)  # fmt: skip
