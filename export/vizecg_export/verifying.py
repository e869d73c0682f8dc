"""Is a bundle whole, and does it still compute what it was accepted for?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vizecg.spec import BundleError, MissingToolError, ParityError, parity
from vizecg.spec.manifest import GOLDEN, Artefact, Bundle, open_bundle
from vizecg.spec.preprocess import normalise
from vizecg_export.contract.write import check_written
from vizecg_export.running import open_artefact


@dataclass(frozen=True, kw_only=True)
class Verified:
    """One artefact: ran, with its largest difference from the float network, or why it did not run here."""

    artefact: str
    file: str
    ran: bool
    max_abs: float | None = None
    note: str = ""


def verify_bundle(path: Path, *, run: bool = True) -> list[Verified]:
    """Check every hash, then run the golden sheets through every artefact that this machine can run.

    Raises:
        BundleError: damaged, changed, of another schema, its contract contradicts its manifest, or an artefact does not
            give its golden answers.
    """
    bundle = open_bundle(path)
    check_written(bundle)
    golden = _golden(bundle)
    found = []
    for artefact in bundle.manifest.artefacts:
        if run:
            found.append(_verify(bundle, artefact, golden))
        else:
            found.append(Verified(artefact=artefact.name, file=artefact.file, ran=False, note="--no-run"))
    return found


def _golden(bundle: Bundle) -> dict[str, np.ndarray]:
    if GOLDEN not in bundle.manifest.files:
        raise BundleError(f"{bundle.path}: {GOLDEN} is missing")
    with np.load(bundle.file(GOLDEN)) as stored:
        return {name: stored[name] for name in stored.files}


def _verify(bundle: Bundle, artefact: Artefact, golden: dict[str, np.ndarray]) -> Verified:
    try:
        model = open_artefact(bundle, artefact)
    except MissingToolError as error:
        return Verified(artefact=artefact.name, file=artefact.file, ran=False, note=str(error))
    images = normalise(golden["inks"], bundle.manifest.preprocess)
    try:
        logits = np.concatenate([model(image[None]) for image in images])
        measured = parity.compare(golden["float_logits"], logits, rule=artefact.decision)
        parity.check(
            measured, limits=parity.ParityLimits.from_dict(artefact.parity.get("limits", {})), artefact=artefact.name
        )
    except ParityError as error:
        raise BundleError(f"{bundle.path}: {artefact.file} does not give its golden answers: {error}") from error
    return Verified(artefact=artefact.name, file=artefact.file, ran=True, max_abs=measured.max_abs)
