"""Accuracy of the trained weights on the validation split, printed and photographed, beside the shipped ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import vizecg
from vizecg.data.pool import bounded_map
from vizecg.data.source import RecordSource
from vizecg.scoring.metrics import nested
from vizecg.spec import Condition, UsageError
from vizecg.train.evaluation.measure import Fit, Measured, measure, result
from vizecg.train.evaluation.predict import Classifier, Predictions, checkpoint_classifier, predict
from vizecg.train.runs.folder import BEST, LAST
from vizecg_lab.drawing.command import chosen_device
from vizecg_lab.gpu.request import Request
from vizecg_lab.gpu.steps.training import RUN

CONDITIONS = (Condition.CLEAN, Condition.PHOTO)
SHIPPED = Path("export/vizecg_export/weights/default.ckpt")
_FEW_BOOTSTRAPS = 20
TRAINED_NAME, SHIPPED_NAME = "trained", "shipped"


@dataclass(frozen=True, kw_only=True)
class _Job:
    """A classifier (without its network) under one condition."""

    name: str
    condition: Condition
    classifier: Classifier
    predictions: Predictions


def evaluate_weights(request: Request) -> dict[str, Any]:
    """Figures with intervals of all weights that there are, and their paired differences.

    Raises:
        UsageError: there are no weights.
    """
    options = request.options
    weights = _weights(options.work / RUN)
    device = chosen_device(options.device)
    classifiers = {name: checkpoint_classifier(path, device=device) for name, path in weights.items()}
    source = request.source("val")
    jobs = [
        job
        for condition in CONDITIONS
        for job in _predicted(condition, classifiers, source, folder=options.work / "cache-evaluation", request=request)
    ]
    print(f"{source.name}: {len(jobs)} times {len(jobs[0].predictions.labels)} records classified", flush=True)
    # Resampling takes longer than all the rest: a few resamples are kept for the case that it does not end in time.
    found: dict[str, Any] = {}
    for bootstraps in sorted({min(_FEW_BOOTSTRAPS, options.sizes.bootstraps), options.sizes.bootstraps}):
        work = partial(_measure, bootstraps=bootstraps, seed=options.seed)
        measured = list(bounded_map(work, jobs, workers=min(len(jobs), max(1, options.processes))))
        figures = _figures(classifiers, jobs, measured, data=source.name)
        found = {"data": source.name, "device": str(device), "bootstraps": bootstraps, **figures}
        request.keep(found)
    return found


def _figures(
    classifiers: Mapping[str, Classifier], jobs: list[_Job], measured: list[Measured], *, data: str
) -> dict[str, Any]:
    """Of each classifier, and their differences where there are two."""
    found: dict[str, Any] = {"differences": _differences(jobs, measured) if len(classifiers) == 2 else None}
    for name, classifier in classifiers.items():
        own = [one for job, one in zip(jobs, measured, strict=True) if job.name == name]
        fit = Fit.CROSS if all(one.fit is not None for one in own) else Fit.NONE
        found[name] = result(classifier, data=data, fit=fit, measured=own)
    return found


def _weights(run: Path) -> dict[str, Path]:
    trained = next((run / name for name in (BEST, LAST) if (run / name).is_file()), None)
    shipped = Path(vizecg.__file__).resolve().parents[1] / SHIPPED
    found = {TRAINED_NAME: trained, SHIPPED_NAME: shipped if shipped.is_file() else None}
    weights = {name: path for name, path in found.items() if path is not None}
    if not weights:
        raise UsageError(f"nothing was trained in {run}, and {SHIPPED} is not there")
    return weights


def _predicted(
    condition: Condition,
    classifiers: Mapping[str, Classifier],
    source: RecordSource,
    *,
    folder: Path,
    request: Request,
) -> list[_Job]:
    """Of all classifiers; those that see the same sheets share them."""
    drawn: list[Classifier] = []
    jobs = []
    for name, classifier in classifiers.items():
        looks = [(one.sheet, one.preprocess, one.signal) for one in drawn]
        mine = (classifier.sheet, classifier.preprocess, classifier.signal)
        place = looks.index(mine) if mine in looks else len(drawn)
        if place == len(drawn):
            drawn.append(classifier)
        predictions = predict(
            classifier, source=source, condition=condition, cache=folder / f"{condition.value}-{place}",
            seed=request.options.seed, workers=max(1, request.options.processes),
        )  # fmt: skip
        jobs.append(_Job(name=name, condition=condition, classifier=classifier, predictions=predictions))
    bare = partial(replace, logits=_gone)
    return [replace(job, classifier=bare(job.classifier)) for job in jobs]


def _gone(images: np.ndarray) -> np.ndarray:
    raise RuntimeError("the network was left behind")


def _measure(job: _Job, *, bootstraps: int, seed: int) -> Measured:
    work = partial(
        measure, job.condition.value, job.classifier, job.predictions, bootstraps=bootstraps, seed=seed
    )  # fmt: skip
    try:
        return work(fit=Fit.CROSS)
    except UsageError as error:
        # Few records have none to fit on; what they are without is told.
        print(f"{job.name}, {job.condition.value}: not calibrated: {error}", flush=True)
        return work(fit=Fit.NONE)


def _differences(jobs: list[_Job], measured: list[Measured]) -> dict[str, Any]:
    """Trained minus shipped under every condition, as it is and calibrated (null where either was not)."""
    by_key = {(job.name, job.condition): one for job, one in zip(jobs, measured, strict=True)}
    found = {}
    for condition in CONDITIONS:
        trained, shipped = by_key[TRAINED_NAME, condition], by_key[SHIPPED_NAME, condition]
        if trained.predictions.record_ids != shipped.predictions.record_ids:
            continue
        fitted = trained.platt is not None and shipped.platt is not None
        found[condition.value] = {
            "own": nested(trained.own.minus(shipped.own), names=trained.names),
            "calibrated": nested(trained.platt.minus(shipped.platt), names=trained.names) if fitted else None,  # type: ignore[union-attr, arg-type]
        }
    return found
