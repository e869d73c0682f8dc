"""How far networks fall where another recorder made the ECG: under each preset, beside none, on the same records."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table

from vizecg.data.recorders import recorded_source
from vizecg.data.source import RecordSource, ptbxl_source
from vizecg.models import Modality
from vizecg.records.recorders.presets import NONE, recorder_named
from vizecg.scoring.metrics import Bootstrap, bootstrap_figures, decide, positives
from vizecg.scoring.resamples import Interval, interval
from vizecg.spec import Condition, UsageError
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.results import write_result
from vizecg.train.evaluation.measure import paired
from vizecg.train.evaluation.predict import (
    Classifier,
    Predictions,
    bundle_classifier,
    checkpoint_classifier,
    condition_name,
    predict,
)
from vizecg.train.evaluation.tables import cell
from vizecg.train.runs.tables import console

KIND = "recorders"
METRICS = ("auroc", "auprc")

Scores = Mapping[tuple[str, str, str], Predictions]
"""(network, condition, recorder) -> what it says, of the same records."""


@dataclass(frozen=True, kw_only=True)
class RecordersRequest:
    """What is compared.

    Attributes:
        root: PTB-XL folder.
        checkpoints, bundles: whose image streams are judged.
        signals: checkpoints whose signal streams are judged, by what they were validated on.
        fold, limit: which records.
        conditions: how they are printed; a signal stream sees no print.
        recorders: by name, beside ``none``.
        cache: folder that keeps drawn sheets; None deletes them as soon as they were classified.
        bootstraps: resamples of the records.
    """

    root: Path
    checkpoints: tuple[Path, ...] = ()
    bundles: tuple[Path, ...] = ()
    signals: tuple[Path, ...] = ()
    fold: int = 9
    limit: int | None = None
    conditions: tuple[Condition, ...] = (Condition.CLEAN, Condition.PHOTO)
    recorders: tuple[str, ...] = ()
    cache: Path | None = None
    workers: int = 1
    seed: int = 0
    bootstraps: int = 1000


def measure_recorders(request: RecordersRequest, *, json_path: Path | None = None) -> dict[str, Any]:
    """Draw the records as every recorder makes them, classify, and print a table.

    Raises:
        UsageError: no network, networks of other labels, or a recorder that there is not.
    """
    names = tuple(dict.fromkeys((NONE, *request.recorders)))
    for name in names:
        recorder_named(name)
    networks = _networks(request)
    first = next(iter(networks.values()))
    source = ptbxl_source(request.root, folds=(request.fold,), labels=first.labels).limited(request.limit)
    figures = {
        "data": source.name,
        "seed": request.seed,
        "recorders": {name: asdict(recorder_named(name)) for name in names},
        "networks": {
            name: {"fingerprint": one.fingerprint, "stream": one.stream} for name, one in networks.items()
        },
        **compared(predictions(networks, source, request, names), networks, bootstraps=request.bootstraps),
    }  # fmt: skip
    write_result(json_path, kind=KIND, figures=figures)
    console().print(tables(figures))
    return figures


def predictions(
    networks: Mapping[str, Classifier], source: RecordSource, request: RecordersRequest, recorders: Sequence[str]
) -> Scores:
    """Of every network, of the records that none of the ways refused. Networks that look at the same share what is
    drawn."""
    found: dict[tuple[str, str, str], Predictions] = {}
    for recorder in recorders:
        recorded = recorded_source(source, recorder, seed=request.seed)
        for condition in request.conditions:
            with _folder(request.cache, f"{condition.value}-{recorder}") as folder:
                for name, network in networks.items():
                    way = (name, condition_name(network, condition), recorder)
                    if way not in found:
                        print(f"{name}, {way[1]}, {recorder}:")
                        found[way] = predict(
                            network, source=recorded, condition=condition, cache=folder / _sight(network),
                            seed=request.seed, workers=request.workers,
                        )  # fmt: skip
    return dict(zip(found, paired(list(found.values())), strict=True))


def compared(scores: Scores, networks: Mapping[str, Classifier], *, bootstraps: int) -> dict[str, Any]:
    """Figures of every way, how far each network falls from ``none``, and how the others differ from the first.

    Returns:
        ``{"n", "positives", "figures": {network: {condition: {recorder: ...}}}, "falls": the same, minus none,
        "between": {network: {condition: {recorder: {"figures", "falls"}}}}}``, the last minus the first network of the
        list where both saw the condition. Each is metric -> label or ``macro`` -> value and paired 95 % interval.
    """
    some = next(iter(scores.values()))
    labels = next(iter(networks.values())).labels.names
    measured = {way: _bootstrap(networks[way[0]], found, bootstraps=bootstraps) for way, found in scores.items()}
    figures: dict[str, Any] = {}
    falls: dict[str, Any] = {}
    between: dict[str, Any] = {}
    base = next(iter(networks))
    for (name, condition, recorder), mine in measured.items():
        still = measured[name, condition, NONE]
        _put(figures, (name, condition, recorder), _told(mine, labels))
        if recorder != NONE:
            _put(falls, (name, condition, recorder), _told(mine, labels, minus=still))
        theirs = measured.get((base, condition, recorder))
        if name == base or theirs is None:
            continue
        apart = {"figures": _told(mine, labels, minus=theirs)}
        if recorder != NONE:
            apart["falls"] = _fall_apart(mine, still, theirs, measured[base, condition, NONE], labels)
        _put(between, (name, condition, recorder), apart)
    return {
        "n": len(some.record_ids),
        "positives": positives(some.labels, names=labels),
        "bootstraps": bootstraps,
        "figures": figures,
        "falls": falls,
        "between": between,
    }


def tables(figures: Mapping[str, Any]) -> Group:
    """A line for each recorder, macro; differences are to ``none``, or between the falls of two networks."""
    shown = []
    for name, conditions in figures["figures"].items():
        for condition, recorders in conditions.items():
            table = Table(
                title=f"{name}, {condition}, n = {figures['n']}, macro", box=None, title_justify="left",
                header_style="bold",
            )  # fmt: skip
            beside = figures["between"].get(name, {}).get(condition, {})
            first = next(iter(figures["networks"]))
            for title in ("recorder", "AUROC", "AUPRC", "AUROC minus none", "AUPRC minus none"):
                table.add_column(title)
            if beside:
                table.add_column(f"its AUPRC falls, minus that of {first}")
            for recorder, values in recorders.items():
                fall = figures["falls"].get(name, {}).get(condition, {}).get(recorder)
                apart = beside.get(recorder, {}).get("falls")
                table.add_row(
                    recorder,
                    *(cell(values[metric]["macro"]) for metric in METRICS),
                    *("" if fall is None else cell(fall[metric]["macro"], sign="+") for metric in METRICS),
                    *(["" if apart is None else cell(apart["auprc"]["macro"], sign="+")] if beside else []),
                )
            shown.append(table)
    return Group(*shown)


def _networks(request: RecordersRequest) -> dict[str, Classifier]:
    """Name -> network; each name is there once."""
    found: dict[str, Classifier] = {}
    loaded = [
        *((path, checkpoint_classifier(path)) for path in request.checkpoints),
        *((path, bundle_classifier(path)) for path in request.bundles),
        *((path, checkpoint_classifier(path, looks_at=Modality.SIGNAL)) for path in request.signals),
    ]
    if not loaded:
        raise UsageError("name what is judged: --checkpoint, --bundle or --signal-checkpoint")
    for path, network in loaded:
        name = f"{path.resolve().parent.name}/{path.name}"
        name = name if network.looks_at is Modality.IMAGE else f"{name} ({network.stream})"
        if name in found:
            raise UsageError(f"two networks are called {name}: expected another folder or file name")
        found[name] = network
    labels = loaded[0][1].labels.names
    other = next((name for name, network in found.items() if network.labels.names != labels), None)
    if other is not None:
        raise UsageError(f"{other} has the labels {', '.join(found[other].labels.names)}, others {', '.join(labels)}")
    return found


def _sight(network: Classifier) -> str:
    """Name of what a network looks at."""
    told = [network.looks_at.value, network.sheet.to_dict(), network.preprocess.to_dict(), network.signal.to_dict()]
    return sha256_bytes(json.dumps(told, sort_keys=True).encode())[:12]


@contextmanager
def _folder(cache: Path | None, name: str) -> Iterator[Path]:
    if cache is not None:
        yield cache / name
        return
    scratch = Path(tempfile.mkdtemp())
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _bootstrap(network: Classifier, found: Predictions, *, bootstraps: int) -> Bootstrap:
    probabilities = network.rule.probabilities(found.logits)
    return bootstrap_figures(
        probabilities, found.labels, decisions=decide(probabilities, network.rule.threshold), bootstraps=bootstraps,
        names=network.labels.names,
    )  # fmt: skip


def _told(mine: Bootstrap, labels: Sequence[str], *, minus: Bootstrap | None = None) -> dict[str, dict[str, Interval]]:
    def of(key: str) -> Interval:
        return mine.interval(key) if minus is None else mine.difference(minus, key)

    return {metric: {label: of(f"{label}/{metric}") for label in ("macro", *labels)} for metric in METRICS}


def _fall_apart(
    mine: Bootstrap, mine_still: Bootstrap, theirs: Bootstrap, theirs_still: Bootstrap, labels: Sequence[str]
) -> dict[str, dict[str, Interval]]:
    """How much less the one falls than the other."""

    def of(key: str) -> Interval:
        own, other = (
            now.values[key] - still.values[key] for now, still in ((mine, mine_still), (theirs, theirs_still))
        )
        return interval(own - other)

    return {metric: {label: of(f"{label}/{metric}") for label in ("macro", *labels)} for metric in METRICS}


def _put(into: dict[str, Any], place: tuple[str, str, str], value: Any) -> None:
    name, condition, recorder = place
    into.setdefault(name, {}).setdefault(condition, {})[recorder] = value
