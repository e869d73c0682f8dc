"""A checkpoint's deployment section: torch's tensors and plain types, as everything else in it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import torch

from vizecg.spec import CheckpointError
from vizecg.spec.arrays import read_arrays
from vizecg.spec.checks import first_line
from vizecg.spec.deployment import Deployment

SECTION = "deployment"


def to_section(deployment: Deployment) -> dict[str, Any]:
    """What ``read_deployment`` reads; the sheets are compressed, for most of a sheet is blank."""
    arrays = io.BytesIO()
    np.savez_compressed(arrays, inks=deployment.inks, logits=deployment.logits.astype(np.float32))
    packed = np.frombuffer(arrays.getvalue(), dtype=np.uint8)
    return {**deployment.to_dict(), "sheets": torch.from_numpy(packed.copy())}


def read_deployment(raw: dict[str, Any]) -> Deployment | None:
    """The deployment section of a checkpoint's dictionary; None where it has none.

    Raises:
        CheckpointError: it is damaged or of another schema.
    """
    section = raw.get(SECTION)
    if section is None:
        return None
    try:
        arrays = read_arrays(section["sheets"].numpy().tobytes())
        return Deployment.from_dict(section, inks=arrays["inks"], logits=arrays["logits"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"the checkpoint's calibration cannot be read: {first_line(error)}") from error
