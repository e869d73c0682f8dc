"""``vizecg evaluate``: accuracy of a checkpoint or of a bundle on drawn records."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vizecg.records.on_identity import OnIdentity
from vizecg.records.recorders.presets import NONE, PRESETS, recorder_named
from vizecg.spec import Condition, UsageError
from vizecg.spec.commands import takes
from vizecg.spec.options import (
    FiguresOption,
    IgnoreOption,
    LimitOption,
    RootOption,
    SeedOption,
    SheetsCacheOption,
    ValuesPerMvOption,
    WorkersOption,
)
from vizecg.verbs.options import DataOption, MergeFlag, OnIdentityOption, ShardOption

if TYPE_CHECKING:
    from vizecg.data.registry import SourceRequest
    from vizecg.data.signal_view import SignalView
    from vizecg.data.source import RecordSource
    from vizecg.models import Modality
    from vizecg.records.annotators import Annotations
    from vizecg.train.evaluation.measure import Fit, Measured
    from vizecg.train.evaluation.predict import Classifier, Predictions


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is evaluated on what.

    ``condition``: none is the clean print; ``fold`` is PTB-XL's, where ``split`` is None. ``cache`` keeps drawn
    sheets: one condition in the folder itself, several in folders of their names, a validation split in ``NAME-val``.
    """

    checkpoint: Annotated[Path | None, typer.Option(help="A training checkpoint.")] = None
    bundle: Annotated[Path | None, typer.Option(help="A bundle made by vizecg-export.")] = None
    data: DataOption = "ptbxl"
    root: RootOption = None
    ignore_columns: IgnoreOption = None
    values_per_mv: ValuesPerMvOption = None
    on_identity: OnIdentityOption = OnIdentity.SKIP
    fold: Annotated[int, typer.Option(min=1, max=10, help="PTB-XL fold; 9 is validation.")] = 9
    split: Annotated[
        str | None,
        typer.Option(help="train, val or test; default: val, the fold of PTB-XL, test of code-test."),
    ] = None
    condition: Annotated[
        list[Condition] | None, typer.Option(help="How the records are printed; repeatable. Default: clean.")
    ] = None
    recorder: Annotated[
        list[str] | None,
        typer.Option(
            help=f"The records as another recorder makes them; repeatable: {', '.join(PRESETS)}. Default: {NONE}."
        ),
    ] = None
    all_conditions: Annotated[bool, typer.Option("--all-conditions", help="Every condition there is.")] = False
    stream: Annotated[str, typer.Option(help="The checkpoint's image or signal stream; a signal is not drawn.")] = (
        "image"
    )
    signal_view: Annotated[
        str | None,
        typer.Option(
            help="What the signal stream is shown: whole recordings, or what a sheet shows (sheet). Default: what the"
            " checkpoint was validated on."
        ),
    ] = None
    fit: Annotated[
        str,
        typer.Option(
            help="Calibration and thresholds also fitted: cross (on the other patients evaluated), "
            "val (on the validation split), or none."
        ),
    ] = "none"
    limit: LimitOption = None
    figures: FiguresOption = None
    report: Annotated[Path | None, typer.Option(help="Write tables and diagrams into this folder.")] = None
    experts: Annotated[
        Path | None,
        typer.Option(
            help="code-test: folder of its annotators' tables, to set the network beside them (vizecg experts)."
        ),
    ] = None
    cache: SheetsCacheOption = None
    workers: WorkersOption = 2
    seed: SeedOption = 0
    shard: ShardOption = None
    merge: MergeFlag = False
    parts: Annotated[
        Path | None, typer.Option(help="Folder where each --shard leaves its part, and where --merge finds them all.")
    ] = None

    def view(self) -> SignalView | None:
        """What a signal stream is shown; None: what its checkpoint says."""
        from vizecg.data.signal_view import SignalView

        views = (SignalView.WHOLE.value, SignalView.SHEET.value)
        if self.signal_view is None or self.signal_view in views:
            return None if self.signal_view is None else SignalView(self.signal_view)
        raise UsageError(f"unknown --signal-view {self.signal_view!r}: expected one of {', '.join(views)}")

    def ways(self, classifier: Classifier, source: RecordSource) -> list[Way]:
        """Every condition with every recorder, the first recorder's first."""
        conditions, _, _ = self.choices()
        recorders = tuple(dict.fromkeys(self.recorder or (NONE,)))
        for recorder in recorders:
            recorder_named(recorder)
        if source.read_sheet is not None and (self.condition or self.all_conditions):
            raise UsageError("photographs are as they were printed: leave --condition and --all-conditions away")
        return [
            Way(name=_way(classifier, source, condition, recorder), condition=condition, recorder=recorder)
            for recorder in recorders
            for condition in conditions
        ]

    def choices(self) -> tuple[tuple[Condition, ...], Modality, Fit]:
        """Conditions, stream and fit; raises UsageError where they are not to be had together."""
        from vizecg.data.sharding import Shard
        from vizecg.models import Modality
        from vizecg.train.evaluation.measure import Fit

        streams, fits = ("image", "signal"), [fit.value for fit in Fit]
        if self.stream not in streams:
            raise UsageError(f"unknown --stream {self.stream!r}: expected one of {', '.join(streams)}")
        if self.fit not in fits:
            raise UsageError(f"unknown --fit {self.fit!r}: expected one of {', '.join(fits)}")
        if self.signal_view is not None and self.stream != "signal":
            raise UsageError("--signal-view is for --stream signal: the image stream sees sheets")
        if self.shard is not None:
            Shard.parse(self.shard)
        if self.shard and self.merge:
            raise UsageError("--merge takes what the shards have left: leave --shard out")
        if bool(self.shard or self.merge) != (self.parts is not None):
            raise UsageError("--parts goes with --shard or --merge: name the folder of the parts with it")
        if self.condition and self.all_conditions:
            raise UsageError("name --condition or --all-conditions, not both")
        if self.stream == "signal" and (self.condition or self.all_conditions):
            raise UsageError("--stream signal reads no print: leave --condition and --all-conditions away")
        chosen = tuple(Condition) if self.all_conditions else tuple(dict.fromkeys(self.condition or ()))
        return chosen or (Condition.CLEAN,), Modality(self.stream), Fit(self.fit)


@dataclass(frozen=True, kw_only=True)
class Way:
    """What records are evaluated by: how they are printed, and by which recorder; ``name`` is what figures are listed
    under."""

    name: str
    condition: Condition
    recorder: str


@takes(Options)
def evaluate(options: Options) -> None:
    """Macro and per-class figures with 95 % bootstrap intervals, under one condition or several."""
    from rich.progress import track

    from vizecg.data.recorders import recorded_source
    from vizecg.spec.files import write_atomically
    from vizecg.spec.provenance import provenance
    from vizecg.train.evaluation.measure import Fit, measure, paired, result
    from vizecg.train.evaluation.tables import text_tables
    from vizecg.train.quiet import one_line_warnings

    one_line_warnings()
    _, stream, fit = options.choices()
    classifier = _classifier(options, stream)
    asked = _asked(options, classifier)
    evaluated = _evaluated(options, asked)
    annotations = _annotations(options, classifier, evaluated)
    source = evaluated.limited(options.limit)
    fitting = _validation(options, asked, source).limited(options.limit) if fit is Fit.VAL else None
    ways = options.ways(classifier, source)
    predicted: list[tuple[Predictions, Predictions | None]] = []
    for way in ways:
        if len(ways) > 1:
            print(f"{way.name}:")
        through = partial(recorded_source, name=way.recorder, seed=options.seed)
        with _cache(options, way.name if len(ways) > 1 else "") as folder:
            mine = _predict(options, classifier, through(source), way.condition, folder, name=way.name)
        if fitting is None:
            predicted.append((mine, None))
            continue
        name = f"{way.name}-val"
        with _cache(options, name) as folder:
            predicted.append((mine, _predict(options, classifier, through(fitting), way.condition, folder, name=name)))
    if options.shard is not None:
        print(f"{options.parts}: shard {options.shard} done; when all are, the same command with --merge")
        return
    pairs = zip(ways, paired([one for one, _ in predicted]), (other for _, other in predicted), strict=True)
    measured = [
        measure(way.name, classifier, one, fit=fit, validation=other, seed=options.seed)
        for way, one, other in track(list(pairs), description="resampling")
    ]
    figures = result(classifier, data=source.name, fit=fit, measured=measured) | {"kind": "evaluate", **provenance()}
    if annotations is not None:
        figures["experts"] = {one.name: _beside(annotations, one, seed=options.seed) for one in measured}
    if options.figures is not None:
        write_atomically(options.figures, json.dumps(figures, indent=1, allow_nan=False) + "\n")
    print(text_tables(figures))
    for name, beside in figures.get("experts", {}).items():
        from vizecg.train.evaluation.experts import experts_text

        print(f"\n{name}, beside the annotators\n{experts_text(beside)}")
    if options.report is not None:
        from vizecg.train.evaluation.report import write_report

        print(f"report: {write_report(options.report, figures, measured)}")


def _classifier(options: Options, stream: Modality) -> Classifier:
    from vizecg.models import Modality
    from vizecg.train.evaluation.predict import bundle_classifier, checkpoint_classifier

    if (options.checkpoint is None) == (options.bundle is None):
        raise UsageError("name one of --checkpoint and --bundle")
    if options.checkpoint is not None:
        return checkpoint_classifier(options.checkpoint, looks_at=stream, view=options.view())
    assert options.bundle is not None
    if stream is Modality.SIGNAL:
        raise UsageError("a bundle holds the image stream alone: name its --checkpoint for --stream signal")
    return bundle_classifier(options.bundle)


def _asked(options: Options, classifier: Classifier) -> SourceRequest:
    """Records with the labels of what is evaluated."""
    from vizecg.data.registry import SourceRequest

    labels = classifier.labels.ignoring(options.ignore_columns or ())
    return SourceRequest(
        root=options.root, seed=options.seed, labels=labels, values_per_mv=options.values_per_mv,
        on_identity=options.on_identity,
    )  # fmt: skip


def _evaluated(options: Options, asked: SourceRequest) -> RecordSource:
    from vizecg.data.registry import DEFAULT_SPLITS, build_source

    split = options.split or DEFAULT_SPLITS.get(options.data.partition(":")[0], "val")
    folds = (options.fold,) if options.split is None else None
    return build_source(options.data, replace(asked, split=split, folds=folds))


def _annotations(options: Options, classifier: Classifier, evaluated: RecordSource) -> Annotations | None:
    """The tables of ``--experts``, which must be of what is evaluated; None without."""
    from vizecg.records.annotators import read_annotations
    from vizecg.train.evaluation.experts import check_experts

    if options.experts is None:
        return None
    if options.data.partition(":")[0] != "code-test":
        raise UsageError(f"--experts are the annotators of code-test: they say nothing of --data {options.data}")
    annotations = read_annotations(options.experts, labels=classifier.labels)
    check_experts(annotations, len(evaluated))
    return annotations


def _beside(annotations: Annotations, measured: Measured, *, seed: int) -> dict[str, Any]:
    from vizecg.scoring.metrics import decide
    from vizecg.train.evaluation.experts import FITTED, NETWORK, experts_beside

    decisions = {NETWORK: decide(measured.probabilities, measured.thresholds)}
    if measured.fit is not None:
        decisions[FITTED] = measured.fit.decisions
    found = measured.predictions
    return experts_beside(annotations, decisions, record_ids=found.record_ids, labels=found.labels, seed=seed)


def _validation(options: Options, asked: SourceRequest, evaluated: RecordSource) -> RecordSource:
    """The validation split; raises UsageError where it shares records or patients with what is evaluated."""
    from vizecg.data.registry import build_source

    source = build_source(options.data, replace(asked, split="val"))
    patients = set(evaluated.patient_ids) & set(source.patient_ids) - {None}
    if patients or set(evaluated.record_ids) & set(source.record_ids):
        raise UsageError(
            f"--fit val fits on {source.name}, which shares patients with the evaluated {evaluated.name}: "
            "use --fit cross"
        )
    return source


def _way(classifier: Classifier, source: RecordSource, condition: Condition, recorder: str) -> str:
    """What figures are listed under."""
    from vizecg.train.evaluation.predict import condition_name

    printed = condition_name(classifier, condition) if source.read_sheet is None else "photographs"
    return printed if recorder == NONE else f"{printed}-{recorder}"


def _predict(
    options: Options, classifier: Classifier, source: RecordSource, condition: Condition, cache: Path, *, name: str
) -> Predictions:
    """Of all records; of those of one share with ``--shard``, which leaves its part."""
    from vizecg.data.sharding import Shard
    from vizecg.train.evaluation.parts import Work, merged_parts, predict_part
    from vizecg.train.evaluation.predict import predict

    if options.parts is not None:
        work = Work(name=name, classifier=classifier, source=source, condition=condition, seed=options.seed)
        if options.merge:
            return merged_parts(work, options.parts)
        assert options.shard is not None
        return predict_part(work, options.parts, shard=Shard.parse(options.shard), cache=cache, workers=options.workers)
    return predict(
        classifier, source=source, condition=condition, cache=cache, seed=options.seed, workers=options.workers
    )


@contextmanager
def _cache(options: Options, name: str) -> Iterator[Path]:
    """The folder for drawn sheets; without ``--cache`` it is gone before the next condition is drawn. A share that is
    stopped goes on with what it has drawn."""
    if options.shard is not None and options.parts is not None:
        from vizecg.data.sharding import Shard

        folder = (options.cache or options.parts / "drawn") / f"{name or 'one'}.{Shard.parse(options.shard).name}"
        yield folder
        if options.cache is None:
            shutil.rmtree(folder, ignore_errors=True)
        return
    if options.cache is not None:
        yield options.cache / name
        return
    with tempfile.TemporaryDirectory() as scratch:
        yield Path(scratch) / "cache"
        _keep_list(Path(scratch) / "cache", options.figures, name)


def _keep_list(cache: Path, figures: Path | None, name: str) -> None:
    """What was left out of drawn sheets that are gone now, beside the figures."""
    from vizecg.data.left_out import FILE

    if not (cache / FILE).is_file():
        return
    if figures is None:
        print("the list of what was left out is gone with the drawn sheets: --figures or --cache keep it")
        return
    kept = figures.with_name(f"{figures.stem}.{name}.{FILE}" if name else f"{figures.stem}.{FILE}")
    shutil.copyfile(cache / FILE, kept)
    print(f"what was left out: {kept}")
