"""Does a model compute on this device what it was accepted for? Asked once of each bundle, engine and device."""

from __future__ import annotations

from vizecg.spec import BundleError, ParityError
from vizecg.spec.checks import first_line
from vizecg.spec.golden import answer_golden, limits_of, read_golden
from vizecg.spec.manifest import Bundle
from vizecg_edge.backends.choose import Opened
from vizecg_edge.vouch.record import VARIABLE, is_remembered, remember, what_was_checked


def check_golden_once(bundle: Bundle, opened: Opened) -> str:
    """Run the golden sheets of a bundle through its engine, unless that was done here before.

    A network that was exchanged, or whose labels change places, gives other answers, whatever its manifest says of it.

    Returns:
        A line for people where it cannot be remembered, else nothing.

    Raises:
        BundleError: it does not give its golden answers, or has none.
    """
    artefact, backend = opened.artefact, opened.backend
    what = what_was_checked(bundle, artefact, backend.name)
    if is_remembered(what):
        return ""
    golden, limits = read_golden(bundle), limits_of(artefact)
    try:
        answers = answer_golden(backend.logits, golden, rule=artefact.decision)
        answers.check(limits=limits, artefact=f"{artefact.name} in {backend.name}")
    except ParityError as error:
        raise BundleError(f"{bundle.path}: {artefact.file} does not give its golden answers: {error}") from error
    try:
        remember(what)
    except (OSError, RuntimeError) as error:
        return (
            f"the golden answers of bundle {bundle.manifest.name} are right, but are checked anew every time:"
            f" {first_line(error)} (${VARIABLE} names another folder)"
        )
    return ""
