"""How far the streams disagree while they train: KL(signal || image) per class and step, from the logs of runs.

The logged KL is of one batch, at temperature 1, from the signal stream to the image stream whatever is distilled, and
of streams that see each other in the samples that modality dropout spares. The scores of finished runs, where they lie
beside the logs, give the same figure of the streams alone, on every validation record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr

from vizecg.spec import CODE6, UsageError
from vizecg.spec.files import write_atomically
from vizecg.spec.results import write_result
from vizecg.train.losses import bernoulli_kl
from vizecg.train.runs.folder import log_folders
from vizecg.train.runs.logs import logged
from vizecg_bench.report.plots.colours import colours_of
from vizecg_bench.report.text import markdown_table
from vizecg_lab.tables.intervals import mean_interval, shown
from vizecg_lab.tables.plots import Curve, curves

SCORES_FILE = "scores.npz"
IMAGE_WAYS = ("image_clean", "image_photo")
VALIDATION = ("signal/auroc", "photo/image_auroc")
LAST_SHARE = 0.1
SMOOTH_SHARE = 0.05
"""Of the logged points, what ``smoothed`` takes the mean over: one batch has few positives of a rare class, or none."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """A logged column: ``steps`` int64 (n,), ascending, and ``values`` float64 (n,)."""

    steps: np.ndarray
    values: np.ndarray


def measure_agreement(runs: Mapping[str, Path], *, out: Path) -> dict[str, Any]:
    """Read the logs of runs, plot and tabulate the disagreement of their streams, and write a report.

    Args:
        runs: name (such as "with distillation") -> folder that ``vizecg.train.loop.train`` wrote.
        out: folder of ``report.md``, ``figures.json`` and ``kl.png``; created when absent.

    Returns:
        What ``figures.json`` holds: per run and class ``first``, ``peak``, ``last``, ``last_over_first`` and
        ``last_over_peak``, and ``final``, the agreement on the validation records, where there are scores.

    Raises:
        UsageError: no run, no logs, or logs without the KL of the classes.
    """
    if not runs:
        raise UsageError("name at least one run")
    logs = {name: read_logs(folder) for name, folder in runs.items()}
    for name, columns in logs.items():
        missing = [label for label in CODE6.names if f"kl/{label}" not in columns]
        if missing:
            raise UsageError(f"the logs of {runs[name]} have no KL of {missing[0]}: they are of one stream, or too old")
    result = {
        "runs": {
            name: {
                "steps": int(columns[f"kl/{CODE6.names[0]}"].steps[-1]),
                "kl": {label: course(columns[f"kl/{label}"]) for label in CODE6.names},
                "final": final_agreement(runs[name] / SCORES_FILE),
            }
            for name, columns in logs.items()
        }
    }
    out.mkdir(parents=True, exist_ok=True)
    _draw(out / "kl.png", logs)
    write_atomically(out / "report.md", report(result))
    write_result(out / "figures.json", kind="agreement", figures=result)
    return result


def read_logs(folder: Path) -> dict[str, Series]:
    """Every column of a run's logs; a run that was resumed has several.

    Raises:
        UsageError: there is no log.
    """
    if not log_folders(folder):
        raise UsageError(f"{folder} holds no logs: expected the folder of a training run")
    return {name: _series(column) for name, column in logged(folder).items()}


def _series(column: Mapping[int, float]) -> Series:
    steps = sorted(column)
    return Series(steps=np.array(steps, np.int64), values=np.array([column[step] for step in steps], np.float64))


def smoothed(values: np.ndarray, *, share: float = SMOOTH_SHARE) -> np.ndarray:
    """Centred moving mean over ``share`` of the values (n,), over fewer at the ends, as far as there are any."""
    half = round(len(values) * share / 2)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    low, high = np.maximum(0, places - half), np.minimum(len(values), places + half + 1)
    return np.asarray((sums[high] - sums[low]) / (high - low))


def course(series: Series) -> dict[str, float | None]:
    """First value, peak of the smoothed ones, median of the last tenth, and its ratios to both.

    Fresh networks agree that they know nothing: the streams part first, and the peak says how far.
    """
    first, peak = float(series.values[0]), float(smoothed(series.values).max())
    last = float(np.median(series.values[-max(1, round(LAST_SHARE * len(series.values))) :]))
    return {
        "first": round(first, 6),
        "peak": round(peak, 6),
        "last": round(last, 6),
        "last_over_first": round(last / first, 4) if first > 0 else None,
        "last_over_peak": round(last / peak, 4) if peak > 0 else None,
    }


def final_agreement(scores: Path) -> dict[str, Any] | None:
    """Both streams on the same records: per way of looking and class ``kl``, ``same_answer`` (both sides of 0.5 alike)
    and ``rank_correlation`` (Spearman's, of the logits). None without a file, or without both streams in it."""
    if not scores.is_file():
        return None
    with np.load(scores) as data:
        found = {name: np.array(data[name], np.float32) for name in ("signal", *IMAGE_WAYS) if name in data.files}
    if "signal" not in found or len(found) < 2:
        return None
    signal = found.pop("signal")
    return {
        way: {
            label: _agreement(signal[:, column], image[:, column], kl[:, column])
            for column, label in enumerate(CODE6.names)
        }
        for way, image in found.items()
        for kl in (_kl_per_record(signal, image),)
    }


def _agreement(signal: np.ndarray, image: np.ndarray, kl: np.ndarray) -> dict[str, Any]:
    return {
        "kl": mean_interval(kl),
        "same_answer": mean_interval(((signal > 0) == (image > 0)).astype(float)),
        "rank_correlation": round(float(spearmanr(signal, image).statistic), 4),
    }


def _kl_per_record(signal: np.ndarray, image: np.ndarray) -> np.ndarray:
    """KL(signal || image), (n, 6): the loss's own formula, of batches of one."""
    rows = [
        bernoulli_kl(torch.from_numpy(s[None]), torch.from_numpy(i[None])) for s, i in zip(signal, image, strict=True)
    ]
    return torch.stack(rows).numpy()


def _draw(path: Path, logs: Mapping[str, Mapping[str, Series]]) -> None:
    panels: dict[str, list[Curve]] = {label: [] for label in CODE6.names}
    validation: list[Curve] = []
    for name, columns in logs.items():
        for label in CODE6.names:
            found = columns[f"kl/{label}"]
            panels[label].append(Curve(name=name, x=found.steps, y=smoothed(found.values), raw=found.values))
        for key in VALIDATION:
            if key in columns:
                part = "|signal stream" if key.startswith("signal") else ""
                validation.append(Curve(name=f"{name}{part}", x=columns[key].steps, y=columns[key].values))
    if validation:
        panels["validation"] = validation
    curves(
        path,
        panels,
        title="KL(signal || image) while training",
        ylabels={name: "macro AUROC" if name == "validation" else "KL, nats" for name in panels},
        colours=colours_of(list(logs)),
        logarithmic=CODE6.names,
    )


def report(result: Mapping[str, Any]) -> str:
    """Markdown for people."""
    parts = [
        "# Do the streams come together?",
        "KL(signal || image) of the logged batches, in nats, at temperature 1. `first`: the first logged batch;"
        f" `peak`: of the moving mean over {SMOOTH_SHARE:.0%} of the batches; `last`: median of the last"
        f" {LAST_SHARE:.0%}. Fresh networks agree that they know nothing, so the ratio to the peak says more than"
        " that to the first. While training the streams see each other in some of the samples.",
        "![KL per class](kl.png)",
    ]
    for name, run in result["runs"].items():
        rows = [[label, *(_number(run["kl"][label][key]) for key in _COURSE)] for label in CODE6.names]
        parts += [f"## {name}, {run['steps']} steps", markdown_table(["class", *_COURSE.values()], rows)]
        for way, found in (run["final"] or {}).items():
            rows = [
                [label, shown(one["kl"], digits=4), shown(one["same_answer"]), f"{one['rank_correlation']:.3f}"]
                for label, one in found.items()
            ]
            parts += [
                f"Streams alone, on the validation records, signal against {way}:",
                markdown_table(["class", "KL (95 % interval)", "same side of 0.5", "rank correlation"], rows),
            ]
    return "\n\n".join(parts) + "\n"


_COURSE = {
    "first": "first", "peak": "peak", "last": "last",
    "last_over_first": "last / first", "last_over_peak": "last / peak",
}  # fmt: skip


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
