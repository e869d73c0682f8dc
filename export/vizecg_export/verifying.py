"""Is a bundle whole, and does it still compute what it was accepted for?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vizecg.spec import BundleError, MissingToolError, ParityError
from vizecg.spec.golden import GoldenSheets, answer_golden, limits_of, read_golden
from vizecg.spec.manifest import Artefact, Bundle, open_bundle
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
    golden = read_golden(bundle)
    told = []
    for artefact in bundle.manifest.artefacts:
        if run:
            told.append(_verify(bundle, artefact, golden))
        else:
            told.append(Verified(artefact=artefact.name, file=artefact.file, ran=False, note="--no-run"))
    return told


def _verify(bundle: Bundle, artefact: Artefact, golden: GoldenSheets) -> Verified:
    try:
        model = open_artefact(bundle, artefact)
    except MissingToolError as error:
        return Verified(artefact=artefact.name, file=artefact.file, ran=False, note=str(error))
    try:
        answers = answer_golden(model, golden, rule=artefact.decision)
        answers.check(limits=limits_of(artefact), artefact=artefact.name)
    except ParityError as error:
        raise BundleError(f"{bundle.path}: {artefact.file} does not give its golden answers: {error}") from error
    return Verified(artefact=artefact.name, file=artefact.file, ran=True, max_abs=answers.parity.max_abs)
