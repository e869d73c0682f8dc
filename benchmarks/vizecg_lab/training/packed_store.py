"""What a packed store costs: its size, and what its steps change in sheets and in answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from vizecg.data.packed.build import STEPS_UV, PackRequest, build_packed
from vizecg.data.packed.file import PackedStore, open_packed
from vizecg.data.packed.source import packed_source
from vizecg.data.progress import progress
from vizecg.data.registry import SourceRequest, build_source
from vizecg.data.source import RecordSource
from vizecg.render import sheet_under
from vizecg.scoring.metrics import Bootstrap, bootstrap_figures, decide
from vizecg.scoring.resamples import Interval
from vizecg.spec import LEADS, Condition, UsageError
from vizecg.spec.results import write_result
from vizecg.train.evaluation.predict import Classifier, Predictions, checkpoint_classifier, predict

KIND = "packed-store"
_COMPARED = ("macro/auroc", "macro/auprc")


@dataclass(frozen=True, kw_only=True)
class PackedStoreRequest:
    """What is measured.

    Attributes:
        root: PTB-XL folder.
        out: folder of the packed stores, kept; one that is there is measured without being made.
        checkpoint: whose answers are compared.
        conditions: how the validation records are printed for it.
        sheets: clean sheets that are compared pixel by pixel.
        limit: use only the first records of each split.
    """

    root: Path
    out: Path
    checkpoint: Path
    conditions: Sequence[Condition] = (Condition.CLEAN,)
    sheets: int = 200
    limit: int | None = None
    seed: int = 0
    workers: int = 1


def measure_packed_store(request: PackedStoreRequest, *, json_path: Path | None = None) -> dict[str, Any]:
    """Pack PTB-XL at every step, and compare fold 9 read from each with fold 9 itself."""
    console = Console(stderr=True)
    sources = {
        split: build_source("ptbxl", SourceRequest(root=request.root, split=split)).limited(request.limit)
        for split in ("train", "val")
    }
    classifier = checkpoint_classifier(request.checkpoint)
    truth = sources["val"]
    answers = {condition: _answers(request, classifier, truth, condition, "source") for condition in request.conditions}
    steps: dict[str, Any] = {}
    for step_uv in STEPS_UV:
        name = f"{step_uv:g}"
        console.print(f"{name} microvolts a step")
        packed = _packed(request, sources, step_uv)
        source = packed_source(packed.path, split="val")
        if not set(source.record_ids) <= set(truth.record_ids):
            raise UsageError(f"{packed.path} holds other records: delete it, or name another folder")
        steps[name] = {
            "bytes": packed.path.stat().st_size,
            "samples_bytes": _samples_bytes(packed),
            "counts": {split: counts["records"] for split, counts in packed.header["counts"].items()},
            "signals_uv": _signals(truth, source, request.sheets),
            "sheets": _sheets(truth, source, request.sheets, classifier, request.seed),
            "answers": {
                condition.value: _compared(found, _answers(request, classifier, source, condition, name), classifier)
                for condition, found in answers.items()
            },
        }
    figures = {
        "data": " + ".join(source.name for source in sources.values()),
        "checkpoint": classifier.fingerprint,
        "steps": steps,
    }
    write_result(json_path, kind=KIND, figures=figures)
    _print(figures)
    return figures


def _packed(request: PackedStoreRequest, sources: dict[str, RecordSource], step_uv: float) -> PackedStore:
    """Made where it is not there."""
    path = request.out / f"packed_{step_uv:g}.ecgpack"
    if path.is_file():
        packed = open_packed(path)
        if packed.step_uv != step_uv:
            raise UsageError(f"{path} has {packed.step_uv:g} microvolts a step: delete it, or name another folder")
        return packed
    with progress("packing", sum(map(len, sources.values())), quiet=False) as advance:
        return build_packed(
            path, sources=sources, request=PackRequest(step_uv=step_uv), workers=request.workers, advance=advance
        )


def _samples_bytes(packed: PackedStore) -> dict[str, int]:
    """Split -> bytes of its blocks, each of which holds records of one split."""
    found: dict[str, int] = {}
    row = 0
    for block in packed.blocks:
        split = packed.columns["split"][row]
        found[split] = found.get(split, 0) + block.packed
        row += block.records
    return found


def _pairs(truth: RecordSource, source: RecordSource, n: int) -> list[tuple[Any, Any]]:
    """Items of the same records, evenly over the source."""
    place = {name: index for index, name in enumerate(truth.record_ids)}
    chosen = range(0, len(source), max(1, len(source) // n))
    return [(truth.items[place[source.record_ids[index]]], source.items[index]) for index in chosen][:n]


def _signals(truth: RecordSource, source: RecordSource, n: int) -> dict[str, dict[str, float]]:
    """Lead -> largest and root mean square difference, microvolts."""
    differences = [
        1000 * (source.read(packed).signal.astype(float) - truth.read(item).signal)
        for item, packed in _pairs(truth, source, n)
    ]
    joined = np.concatenate(differences, axis=1)
    return {
        lead: {
            "largest": round(float(np.abs(joined[row]).max()), 2),
            "rms": round(float(np.sqrt((joined[row] ** 2).mean())), 2),
        }
        for row, lead in enumerate(LEADS)
    }


def _sheets(truth: RecordSource, source: RecordSource, n: int, classifier: Classifier, seed: int) -> dict[str, Any]:
    """Clean sheets of the same records, at the scale of the network: pixels that differ, and by how much."""
    shares, levels = [], []
    for item, packed in _pairs(truth, source, n):
        first, second = (
            sheet_under(Condition.CLEAN, record, seed=seed, spec=classifier.sheet).astype(int)
            for record in (truth.read(item), source.read(packed))
        )
        difference = np.abs(first - second)
        shares.append(float(difference.any(axis=2).mean()))
        levels.append(float(difference.mean()))
    return {
        "n": len(shares),
        "px_per_mm": classifier.sheet.px_per_mm,
        "pixels_that_differ": round(float(np.mean(shares)), 6),
        "mean_grey_levels": round(float(np.mean(levels)), 5),
        "worst_mean_grey_levels": round(float(np.max(levels)), 5),
    }


def _answers(
    request: PackedStoreRequest, classifier: Classifier, source: RecordSource, condition: Condition, name: str
) -> Predictions:
    cache = request.out / "cache" / f"{name}-{condition.value}-{classifier.fingerprint[:12]}-{len(source)}"
    return predict(
        classifier, source=source, condition=condition, cache=cache, seed=request.seed, workers=request.workers
    )


def _figures(found: Predictions, classifier: Classifier) -> Bootstrap:
    probabilities = classifier.rule.probabilities(found.logits)
    decisions = decide(probabilities, classifier.rule.threshold)
    return bootstrap_figures(probabilities, found.labels, decisions=decisions, names=classifier.labels.names)


def _compared(truth: Predictions, found: Predictions, classifier: Classifier) -> dict[str, Any]:
    """Figures of both, their paired differences, and how far the logits are apart."""
    common = set(found.record_ids) & set(truth.record_ids)
    truth, found = truth.only(common), found.only(common)
    if truth.record_ids != found.record_ids:
        raise AssertionError("a packed store keeps the order of its source")
    before, after = _figures(truth, classifier), _figures(found, classifier)
    apart = np.abs(truth.logits - found.logits)
    turned = (truth.logits > 0) != (found.logits > 0)
    differences = after.minus(before)
    return {
        "n": len(common),
        "source": {key: before.intervals()[key] for key in _COMPARED},
        "packed": {key: after.intervals()[key] for key in _COMPARED},
        "packed_minus_source": {key: differences[key] for key in _COMPARED},
        "logits_apart": {
            "mean": round(float(apart.mean()), 5),
            "p99": round(float(np.quantile(apart, 0.99)), 5),
            "largest": round(float(apart.max()), 5),
        },
        "decisions_turned_at_half": int(turned.sum()),
    }


def _print(figures: dict[str, Any]) -> None:
    """A line for the sheets and one for each condition: differences with their paired 95 % intervals."""
    for name, step in figures["steps"].items():
        sheets = step["sheets"]
        print(
            f"{name} microvolts a step: {step['bytes'] / 2**20:.1f} MiB; {sheets['pixels_that_differ']:.2%} of the "
            f"pixels of {sheets['n']} clean sheets differ, {sheets['mean_grey_levels']:.3f} grey levels in the mean"
        )
        for condition, found in step["answers"].items():
            told = ", ".join(
                f"{key.removeprefix('macro/').upper()} {_told(found['source'][key], '.4f')}, packed "
                f"{_told(one, '+.5f')} ({_told(one, '+.5f', 'low')} to {_told(one, '+.5f', 'high')})"
                for key, one in found["packed_minus_source"].items()
            )
            print(f"  {condition}: {told}; {found['decisions_turned_at_half']} decisions turned at 0.5")


def _told(interval: Interval, form: str, part: str = "value") -> str:
    """A figure that is not defined, of a class without positives say, is a dash."""
    value = interval[part]
    return "-" if value is None else f"{value:{form}}"
