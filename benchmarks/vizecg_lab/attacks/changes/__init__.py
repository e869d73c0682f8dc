"""Kinds of change that an answer must not depend on, one family a file."""

from __future__ import annotations

from vizecg_lab.attacks.changes.forms import FORMS
from vizecg_lab.attacks.changes.pictures import PICTURES
from vizecg_lab.attacks.changes.prints import PRINTS
from vizecg_lab.attacks.changes.surroundings import SURROUNDINGS
from vizecg_lab.attacks.kinds import Kind

CHANGES: tuple[Kind, ...] = (*PRINTS, *FORMS, *SURROUNDINGS, *PICTURES)
