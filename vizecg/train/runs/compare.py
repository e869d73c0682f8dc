"""What two or more runs differ in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vizecg.train.runs.summary import Run

_ASKED = ("recipe", "limit", "start_from")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """``settings`` and ``figures``: name -> one value per run, None where a run has none. Of the settings there are
    those that differ alone; figures are those of each run's best epoch, ``best_epoch`` among them."""

    runs: tuple[str, ...]
    settings: dict[str, tuple[Any, ...]]
    figures: dict[str, tuple[float | None, ...]]

    def to_dict(self) -> dict[str, Any]:
        return {
            "runs": list(self.runs),
            "settings": {name: list(values) for name, values in self.settings.items()},
            "figures": {name: list(values) for name, values in self.figures.items()},
        }


def compared(runs: Sequence[Run]) -> Comparison:
    """Side by side."""
    settings = [_settings(run) for run in runs]
    names = dict.fromkeys(name for one in settings for name in one)
    columns = {name: tuple(one.get(name) for one in settings) for name in names}
    figures = [_figures(run) for run in runs]
    shown = dict.fromkeys(name for one in figures for name in one)
    return Comparison(
        runs=tuple(str(run.folder) for run in runs),
        settings={name: values for name, values in columns.items() if any(value != values[0] for value in values)},
        figures={name: tuple(one.get(name) for one in figures) for name in shown},
    )


def _settings(run: Run) -> dict[str, Any]:
    """All that decides what a run comes to, by dotted names, and on what code it ran."""
    asked = {} if run.record is None else run.record.asked
    summary = run.summary
    labels = {"labels": ", ".join(summary.labels)} if summary.labels else {}
    return {
        "data": summary.data,
        "records": summary.records,
        **{name: asked.get(name) for name in _ASKED},
        **labels,
        **{name: value for name, value in _flat(run.config) if not name.startswith("labels")},
        "commit": None if summary.commit is None else f"{summary.commit[:12]}{' and changes' if summary.dirty else ''}",
    }


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _figures(run: Run) -> dict[str, float]:
    """Of the best epoch; of the last one where none is known as such."""
    best = run.summary.best
    told = [epoch for epoch in run.epochs if epoch.figures]
    if not told:
        return {}
    chosen = next((epoch for epoch in told if best is not None and epoch.number == best["epoch"]), told[-1])
    loss = {} if chosen.loss is None else {"loss": chosen.loss}
    return {"best_epoch": float(chosen.number), "epochs_done": float(run.summary.epochs_done), **loss, **chosen.figures}
