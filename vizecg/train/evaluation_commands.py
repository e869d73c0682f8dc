"""What ``vizecg evaluate`` does, once its options are parsed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.progress import track

from vizecg.data.registry import DEFAULT_SPLITS, SourceRequest, build_source
from vizecg.data.source import RecordSource
from vizecg.models import Modality
from vizecg.spec import Condition, UsageError
from vizecg.spec.files import write_atomically
from vizecg.spec.provenance import provenance
from vizecg.train.evaluation.measure import Fit, measure, paired, result
from vizecg.train.evaluation.predict import (
    Classifier,
    Predictions,
    bundle_classifier,
    checkpoint_classifier,
    condition_name,
    predict,
)
from vizecg.train.evaluation.tables import text_tables


@dataclass(frozen=True, kw_only=True)
class EvaluationRequest:
    """The options of ``vizecg evaluate``.

    ``conditions``: none is the clean print; ``fold`` is PTB-XL's, where ``split`` is None. ``cache`` keeps drawn
    sheets: one condition in the folder itself, several in folders of their names, a validation split in ``NAME-val``.
    """

    checkpoint: Path | None
    bundle: Path | None
    data: str
    root: Path | None
    fold: int
    split: str | None
    conditions: Sequence[Condition]
    all_conditions: bool
    stream: str
    fit: str
    limit: int | None
    out: Path | None
    report: Path | None
    cache: Path | None
    workers: int
    seed: int

    def choices(self) -> tuple[tuple[Condition, ...], Modality, Fit]:
        """Conditions, stream and fit; raises UsageError where they are not to be had together."""
        streams, fits = ("image", "signal"), [fit.value for fit in Fit]
        if self.stream not in streams:
            raise UsageError(f"unknown --stream {self.stream!r}: expected one of {', '.join(streams)}")
        if self.fit not in fits:
            raise UsageError(f"unknown --fit {self.fit!r}: expected one of {', '.join(fits)}")
        if self.conditions and self.all_conditions:
            raise UsageError("name --condition or --all-conditions, not both")
        if self.stream == "signal" and (self.conditions or self.all_conditions):
            raise UsageError("--stream signal reads no print: leave --condition and --all-conditions away")
        chosen = tuple(Condition) if self.all_conditions else tuple(dict.fromkeys(self.conditions))
        return chosen or (Condition.CLEAN,), Modality(self.stream), Fit(self.fit)


def run_evaluation(request: EvaluationRequest) -> None:
    """``vizecg evaluate``

    Raises:
        UsageError: options that do not fit together, or too few records of a class to fit on.
    """
    conditions, stream, fit = request.choices()
    if request.out is not None and not request.out.parent.is_dir():
        raise UsageError(f"--json {request.out}: {request.out.parent} is no folder")
    classifier = _classifier(request, stream)
    source = _evaluated(request).limited(request.limit)
    fitting = _validation(request, source).limited(request.limit) if fit is Fit.VAL else None
    found: list[tuple[Predictions, Predictions | None]] = []
    for condition in conditions:
        name = condition_name(classifier, condition)
        if len(conditions) > 1:
            print(f"{name}:")
        with _cache(request, name if len(conditions) > 1 else "") as folder:
            mine = _predict(request, classifier, source, condition, folder)
        if fitting is None:
            found.append((mine, None))
            continue
        with _cache(request, f"{name}-val") as folder:
            found.append((mine, _predict(request, classifier, fitting, condition, folder)))
    pairs = zip(conditions, paired([one for one, _ in found]), (other for _, other in found), strict=True)
    measured = [
        measure(condition_name(classifier, condition), classifier, one, fit=fit, validation=other, seed=request.seed)
        for condition, one, other in track(list(pairs), description="resampling")
    ]
    figures = result(classifier, data=source.name, fit=fit, measured=measured) | {"kind": "evaluate", **provenance()}
    if request.out is not None:
        write_atomically(request.out, json.dumps(figures, indent=1, allow_nan=False) + "\n")
    print(text_tables(figures))
    if request.report is not None:
        from vizecg.train.evaluation.report import write_report

        print(f"report: {write_report(request.report, figures, measured)}")


def _classifier(request: EvaluationRequest, stream: Modality) -> Classifier:
    if (request.checkpoint is None) == (request.bundle is None):
        raise UsageError("name one of --checkpoint and --bundle")
    if request.checkpoint is not None:
        return checkpoint_classifier(request.checkpoint, looks_at=stream)
    assert request.bundle is not None
    if stream is Modality.SIGNAL:
        raise UsageError("a bundle holds the image stream alone: name its --checkpoint for --stream signal")
    return bundle_classifier(request.bundle)


def _evaluated(request: EvaluationRequest) -> RecordSource:
    split = request.split or DEFAULT_SPLITS.get(request.data, "val")
    folds = (request.fold,) if request.split is None else None
    return build_source(request.data, SourceRequest(root=request.root, split=split, folds=folds, seed=request.seed))


def _validation(request: EvaluationRequest, evaluated: RecordSource) -> RecordSource:
    """The validation split; raises UsageError where it shares records or patients with what is evaluated."""
    source = build_source(request.data, SourceRequest(root=request.root, split="val", seed=request.seed))
    patients = set(evaluated.patient_ids) & set(source.patient_ids) - {None}
    if patients or set(evaluated.record_ids) & set(source.record_ids):
        raise UsageError(
            f"--fit val fits on {source.name}, which shares patients with the evaluated {evaluated.name}: "
            "use --fit cross"
        )
    return source


def _predict(
    request: EvaluationRequest, classifier: Classifier, source: RecordSource, condition: Condition, cache: Path
) -> Predictions:
    return predict(
        classifier, source=source, condition=condition, cache=cache, seed=request.seed, workers=request.workers
    )


@contextmanager
def _cache(request: EvaluationRequest, name: str) -> Iterator[Path]:
    """The folder for drawn sheets; without ``--cache`` it is gone before the next condition is drawn."""
    if request.cache is not None:
        yield request.cache / name
        return
    with tempfile.TemporaryDirectory() as scratch:
        yield Path(scratch) / "cache"
