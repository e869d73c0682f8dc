"""Does this device compute what the exporter accepted? The bundle's golden sheets, and its golden photograph."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from vizecg.spec import BundleError, ParityError
from vizecg.spec.bundle_files import MOST_TEXT_BYTES
from vizecg.spec.contract_check import check_contract
from vizecg.spec.golden import WARM_UP, answer_golden, limits_of, read_golden
from vizecg.spec.manifest import Bundle
from vizecg_edge.pipeline import Pipeline

PHOTO, EXPECTED = "selftest.jpg", "selftest.json"
"""Optional files of a bundle; ``vizecg-export golden-photo`` makes both."""
EXPECTED_SCHEMA = 1
NO_PHOTO = f"the bundle has no {PHOTO}: only the golden sheets were run"


@dataclass(frozen=True, kw_only=True)
class SheetsResult:
    """Golden sheets through the engine. ``figures`` compare with the float network, and have the times.

    ``from_accepted`` is the largest difference from the logits that the exporter accepted this artefact with, None
    where the bundle has none.
    """

    figures: dict[str, Any]
    limits: dict[str, float]
    from_accepted: float | None
    failure: str | None


@dataclass(frozen=True, kw_only=True)
class PhotoResult:
    """The golden photograph through the whole pipeline."""

    status: str
    reasons: tuple[str, ...]
    probabilities: dict[str, float] | None
    expected: dict[str, float]
    tolerance: float
    total_ms: float | None
    failure: str | None


@dataclass(frozen=True, kw_only=True)
class SelfTest:
    """Both tests of one bundle in one engine. ``photo`` is None where the bundle has no photograph, ``notes`` say who
    made the bundle where that is not certain."""

    bundle: dict[str, Any]
    sheets: SheetsResult
    photo: PhotoResult | None
    notes: tuple[str, ...] = ()

    @property
    def failures(self) -> list[str]:
        """One line for each test that failed."""
        both = [self.sheets.failure, self.photo.failure if self.photo else None]
        return [failure for failure in both if failure is not None]

    def to_dict(self) -> dict[str, Any]:
        note = None if self.photo else NO_PHOTO
        return {"passed": not self.failures, "failures": self.failures, "note": note, **asdict(self)}


def run_selftest(pipeline: Pipeline) -> SelfTest:
    """Run both tests; what fails is in the result.

    Raises:
        BundleError: the bundle has no usable golden data, its expectations cannot be read, or its contract for other
            languages contradicts its manifest.
    """
    # Before anything is computed: what is damaged should be told at once.
    check_contract(pipeline.bundle)
    expected = read_expected(pipeline.bundle)
    return SelfTest(
        bundle=asdict(pipeline.bundle_id),
        sheets=_sheets(pipeline),
        photo=None if expected is None else _photo(pipeline, expected),
        notes=pipeline.notes,
    )


def _sheets(pipeline: Pipeline) -> SheetsResult:
    artefact, backend = pipeline.artefact, pipeline.backend
    golden, limits = read_golden(pipeline.bundle), limits_of(artefact)
    failure, answers = None, None
    try:
        answers = answer_golden(backend.logits, golden, rule=artefact.decision, warm_up=WARM_UP)
        answers.check(limits=limits, artefact=f"{artefact.name} in {backend.name}")
    except ParityError as error:
        failure = str(error)
    return SheetsResult(
        figures={} if answers is None else answers.to_dict(),
        limits=limits.to_dict(),
        from_accepted=None if answers is None else answers.from_accepted(golden, artefact.name),
        failure=failure,
    )


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the golden photograph must get, by label, and how far the probabilities may be off."""

    probabilities: dict[str, float]
    decisions: dict[str, bool]
    tolerance: float


def _photo(pipeline: Pipeline, expected: Expected) -> PhotoResult:
    probabilities, decisions, tolerance = expected.probabilities, expected.decisions, expected.tolerance
    answer = pipeline.run(pipeline.bundle.file(PHOTO)).answer
    failure = None
    if answer.probabilities is None or answer.decisions is None:
        failure = f"the golden photograph was refused: {', '.join(answer.reasons)}"
    else:
        apart = {name: abs(answer.probabilities[name] - probabilities[name]) for name in probabilities}
        worst = max(apart, key=lambda name: apart[name])
        other = [name for name in decisions if answer.decisions[name] is not decisions[name]]
        # Written so that what is not a number fails.
        if not apart[worst] <= tolerance:
            failure = (
                f"the golden photograph has {worst} {answer.probabilities[worst]:.3f}, "
                f"expected {probabilities[worst]:.3f} within {tolerance:g}"
            )
        elif other:
            failure = f"the golden photograph is decided otherwise than expected: {', '.join(other)}"
    return PhotoResult(
        status=answer.status,
        reasons=answer.reasons,
        probabilities=answer.probabilities,
        expected=probabilities,
        tolerance=tolerance,
        total_ms=answer.timings_ms.total,
        failure=failure,
    )


def read_expected(bundle: Bundle) -> Expected | None:
    """What the bundle says of its golden photograph; None where it has none.

    Raises:
        BundleError: damaged, of another schema, or one of the two files is missing.
    """
    names = [name for name in (PHOTO, EXPECTED) if name in bundle.manifest.files]
    if not names:
        return None
    if len(names) == 1:
        raise BundleError(f"{bundle.path}: {names[0]} is there without its companion")
    try:
        data = json.loads(bundle.read(EXPECTED, most=MOST_TEXT_BYTES))
        if data["schema"] != EXPECTED_SCHEMA:
            raise ValueError(f"schema {data['schema']} is not {EXPECTED_SCHEMA}")
        labels = bundle.manifest.labels.names
        decisions = {name: data["decisions"][name] for name in labels}
        if not all(isinstance(value, bool) for value in decisions.values()):
            raise ValueError("decisions must be true or false")
        return Expected(
            probabilities={name: float(data["probabilities"][name]) for name in labels},
            decisions=decisions,
            tolerance=float(data["tolerance"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleError(f"{bundle.path}: {EXPECTED} cannot be read: {error!r}") from error
