"""From what was asked to what is accepted: make, measure, and where it fails take the next step or stop."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vizecg.spec import AccuracyError, DecisionRule, ParityError, RuleSource, UsageError, parity
from vizecg.spec.manifest import Artefact
from vizecg.spec.preprocess import normalise
from vizecg_export import accuracy
from vizecg_export.accuracy import Evaluation
from vizecg_export.carried import carried_rule, check_decisions
from vizecg_export.job import Job, Made, Recipe
from vizecg_export.request import GateLimits
from vizecg_export.subject import Subject
from vizecg_export.targets import Machine, OnFail, Precision, Scope, artefact_name

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One artefact to be had, and what it must keep to. Of ``calibrators`` the best is kept; empty: of the recipe's."""

    recipe: Recipe
    precision: Precision
    machine: Machine
    on_fail: OnFail
    limits: GateLimits
    calibrators: tuple[str, ...] = ()
    qat_epochs: int = 0
    seed: int = 0

    def steps(self) -> list[tuple[Precision, Scope]]:
        """What is tried, in order."""
        steps = [(self.precision, Scope.FULL)]
        if self.precision is Precision.INT8 and self.on_fail is not OnFail.STOP:
            steps.append((Precision.INT8, Scope.TRUNK))
            if self.on_fail is OnFail.FP16 and Precision.FP16 in self.recipe.precisions:
                steps.append((Precision.FP16, Scope.FULL))
        return steps

    def name(self, precision: Precision) -> str:
        return artefact_name(self.recipe.target, precision, self.machine)


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """An artefact that passed its gates, its file in the bundle's folder."""

    artefact: Artefact
    made: Made
    golden_logits: np.ndarray


class Accepting(Protocol):
    """``accept``, and whatever takes its place."""

    def __call__(self, wanted: Wanted, subject: Subject, folder: Path, *, say: Say) -> Accepted: ...


def accept(wanted: Wanted, subject: Subject, folder: Path, *, say: Say) -> Accepted:
    """Make the artefact in ``folder``.

    Raises:
        ParityError, AccuracyError: of the first step, when none passes.
        UsageError: the recipe has no such precision.
    """
    if wanted.precision not in wanted.recipe.precisions:
        has = ", ".join(precision.value for precision in wanted.recipe.precisions)
        raise UsageError(f"target {wanted.recipe.target.value} has no {wanted.precision.value}, it has {has}")
    fallbacks: list[dict[str, Any]] = []
    failures: list[ParityError | AccuracyError] = []
    for precision, scope in wanted.steps():
        name = wanted.name(precision)
        attempt = folder / f".attempt-{len(failures)}"
        attempt.mkdir()
        try:
            accepted = _try(wanted, subject, attempt, precision=precision, scope=scope, say=say)
        except (ParityError, AccuracyError) as error:
            say(f"{name} ({scope.value}): {error}")
            failures.append(error)
            fallbacks.append({"tried": name, "scope": scope.value, "why": str(error)})
            continue
        else:
            for file in (accepted.made.file, *accepted.made.extra_files):
                shutil.move(attempt / file, folder / file)
            return replace(accepted, artefact=replace(accepted.artefact, fallbacks=tuple(fallbacks)))
        finally:
            shutil.rmtree(attempt)
    raise failures[0]


def _try(wanted: Wanted, subject: Subject, folder: Path, *, precision: Precision, scope: Scope, say: Say) -> Accepted:
    name = wanted.name(precision)
    job = Job(
        network=subject.network,
        input_shape=subject.preprocess.input_shape,
        folder=folder,
        precision=precision,
        machine=wanted.machine,
        scope=scope,
        qat_epochs=wanted.qat_epochs,
        seed=wanted.seed,
    )
    say(f"{name}: making it")
    made = _best_calibrated(wanted, subject, job, say=say) if precision is Precision.INT8 else wanted.recipe.make(job)
    golden_logits = subject.logits(made.run, subject.golden.inks)
    figures = {"limits": parity.LIMITS[precision.value].to_dict()}
    figures["golden"] = _near(subject, name, precision, subject.golden.logits, golden_logits)
    rule, source, told = DecisionRule.plain(len(subject.labels)), RuleSource.NONE, dict[str, Any]()
    if subject.deployment is not None:
        stored = subject.logits(made.run, subject.deployment.inks)
        figures["stored"] = _near(subject, name, precision, subject.deployment.logits, stored)
    if subject.evaluation is not None:
        source = RuleSource.ARTEFACT
        rule, told = _fitted(subject, subject.evaluation, made, name, precision, wanted.limits, figures)
    elif subject.deployment is not None:
        source = RuleSource.NETWORK
        largest = max(figures["golden"]["max_abs"], figures["stored"]["max_abs"])
        rule = carried_rule(subject.deployment, largest_error=largest)
        figures["stored"] |= check_decisions(subject.deployment, rule, stored, artefact=name)
    artefact = Artefact(
        name=name,
        file=made.file,
        target=wanted.recipe.target.value,
        precision=precision.value,
        decision=rule,
        rule_source=source,
        machine=wanted.machine.value,
        scope=scope.value if precision is Precision.INT8 else None,
        runtime=made.runtime,
        extra_files=made.extra_files,
        parity=figures,
        accuracy=told,
        details=made.details,
    )
    return Accepted(artefact=artefact, made=made, golden_logits=golden_logits)


def _fitted(
    subject: Subject,
    judged: Evaluation,
    made: Made,
    name: str,
    precision: Precision,
    limits: GateLimits,
    figures: dict[str, Any],
) -> tuple[DecisionRule, dict[str, Any]]:
    """A rule fitted to the artefact on the evaluation records, where it reads as well as the float network, and how
    well that is."""
    logits = tuple(subject.logits(made.run, inks, told=f"{name}: evaluation") for inks in judged.inks)
    figures["evaluation"] = _near(subject, name, precision, np.concatenate(judged.logits), np.concatenate(logits))
    rule = accuracy.artefact_rule(judged, logits, limits=limits)
    told = accuracy.judge(judged, logits, rule)
    accuracy.check(told, limits=limits, artefact=name)
    told["limits"] = limits.to_dict()
    if subject.deployment is not None:
        # Two photographs of one printout differ by as much for every copy of the network.
        rule = replace(rule, undecided_margin=subject.deployment.rule.undecided_margin)
    return rule, told


def _near(subject: Subject, name: str, precision: Precision, floating: np.ndarray, own: np.ndarray) -> dict[str, Any]:
    """How near the artefact's logits (n, labels) are to the float network's; ParityError where not near enough."""
    measured = parity.compare(floating, own, rule=subject.rule)
    parity.check(measured, limits=parity.LIMITS[precision.value], artefact=name)
    return measured.to_dict()


def _best_calibrated(wanted: Wanted, subject: Subject, job: Job, *, say: Say) -> Made:
    """The file of the calibrator that stays nearest to the float network, with what the others reached."""
    assert subject.calibration is not None
    assert subject.selection is not None
    images = normalise(subject.calibration.inks, subject.preprocess)
    calibrators = wanted.calibrators or wanted.recipe.calibrators
    best: tuple[float, str, Made] | None = None
    reached: dict[str, float | None] = {}
    for calibrator in calibrators:
        folder = job.folder / calibrator
        folder.mkdir()
        made = wanted.recipe.make(replace(job, images=images, calibrator=calibrator, folder=folder))
        logits = subject.logits(made.run, subject.selection.inks)
        if not np.isfinite(logits).all():
            reached[calibrator] = None
            continue
        sqnr = parity.compare(subject.selection.logits, logits, rule=subject.rule).sqnr_db
        reached[calibrator] = round(sqnr, 2)
        say(f"  {calibrator}: SQNR {sqnr:.1f} dB on {len(logits)} calibration sheets")
        if best is None or sqnr > best[0]:
            best = sqnr, calibrator, made
    if best is None:
        raise ParityError(f"{job.precision.value} gives logits that are not finite, by {' and '.join(calibrators)}")
    _, chosen, made = best
    for file in (made.file, *made.extra_files):
        shutil.move(job.folder / chosen / file, job.folder / file)
    return replace(made, details={**made.details, "calibrator": chosen, "calibrators_sqnr_db": reached})
