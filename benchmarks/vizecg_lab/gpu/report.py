"""``report.json`` with everything, and ``report.md`` with a table that can be read at a glance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vizecg.spec.provenance import provenance
from vizecg_lab.gpu.plan import PlannedStep
from vizecg_lab.gpu.state import RunState, Status, StepRecord

SCHEMA_VERSION = 1


def report_content(
    state: RunState, *, travelling: Mapping[str, int], seconds: float, files: Mapping[str, int], notes: Sequence[str]
) -> dict[str, Any]:
    """What ``report.json`` holds."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "gpu_run",
        **provenance(),
        "options": _without_places(state.options.to_dict()),
        "starts": state.starts,
        "seconds": round(seconds, 1),
        "travelling_bytes": dict(travelling),
        "steps": {name: step.to_dict() for name, step in state.steps.items()},
        "files": dict(files),
        "notes": list(notes),
    }


def _without_places(options: dict[str, Any]) -> dict[str, Any]:
    """A report is handed on: where its machine keeps things is of no use to others."""
    return {
        key: Path(value).name if key in ("out", "work", "root") and value else value for key, value in options.items()
    }


def report_text(content: Mapping[str, Any], state: RunState, steps: Sequence[PlannedStep]) -> str:
    """The same in Markdown, short."""
    options, travelling = state.options, content["travelling_bytes"]
    sizes = ", ".join(f"{name} {size / 2**20:.1f} MiB" for name, size in travelling.items())
    lines = [
        "# gpu-run",
        "",
        f"{options.minutes:g} minutes on {options.data}, recipe {options.recipe}, start {state.starts}; "
        f"{content['seconds']:.0f} s. Brought along: {sizes} of {options.budget_mib:g}.",
        "",
        "| step | status | s | limit | what came of it |",
        "|---|---|---|---|---|",
    ]
    for step in steps:
        record = state.steps.get(step.name)
        if record is None:
            lines.append(f"| {step.name} | not begun | | | |")
            continue
        limit = "" if record.limit_s is None else f"{record.limit_s:.0f}"
        status = record.status.value if record.why is None else f"{record.status.value}: {record.why}"
        told = "; ".join(_told(step.name, record))
        lines.append(f"| {step.name} | {_cell(status)} | {record.seconds:.0f} | {limit} | {_cell(told)} |")
    lines += ["", *(f"- {note}" for note in content["notes"])]
    lines += ["- files: " + ", ".join(f"{name} ({size / 2**20:.2f} MiB)" for name, size in content["files"].items())]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")


def _told(name: str, record: StepRecord) -> list[str]:
    """What is worth a glance; a result of another form tells nothing."""
    tellers = {
        "environment": _environment,
        "tests": _tests,
        "agreement": _agreement,
        "fusing": _fusing,
        "train-step": _train_step,
        "train": _train,
        "evaluate": _evaluate,
    }
    if record.result is None or name not in tellers or record.status is Status.SKIPPED:
        return []
    try:
        return tellers[name](record.result)
    except (KeyError, TypeError, ValueError):
        return ["see report.json"]


def _environment(found: Mapping[str, Any]) -> list[str]:
    gpu, versions = found["gpu"], found["versions"]
    card = "no GPU" if gpu is None else f"{gpu['name']}, driver {gpu['driver']}, CUDA {gpu['cuda']}"
    commit = found["git_commit"][:12] if found["git_commit"] else "commit not known"
    return [card, f"{found['processors']} processors", f"torch {versions.get('torch')}", commit, found["tree"]]


def _tests(found: Mapping[str, Any]) -> list[str]:
    return [f"{found['passed']} passed, {found['failed']} failed, {found['skipped']} skipped", *found["failures"]]


def _agreement(found: Mapping[str, Any]) -> list[str]:
    kinds = [
        f"{name.replace('_', ' ')} {one['share']:.2g} of levels differ, mean {one['mean']:.2g}"
        for name, one in found["agreement"].items()
    ]
    rates = found["rates"]["pictures_per_s"]
    return [*kinds, "pictures/s: " + ", ".join(f"{name} {rate:.0f}" for name, rate in rates.items())]


def _fusing(found: Mapping[str, Any]) -> list[str]:
    rates = found["pictures_per_s"]
    if not rates:
        return [found["why"]]
    told = f"{rates['fused']:.0f} pictures/s compiled, {rates['plain']:.0f} as written"
    return [told, f"compiled in {found['first_s']:.0f} s", f"ink maps {found['difference']:.2g} levels off"]


def _train_step(found: Mapping[str, Any]) -> list[str]:
    rates = found["images_per_s"]
    return [f"{rates['real']:.0f} of {rates['bound']:.0f} images/s, {100 * found['share_of_bound']:.0f} % of the bound"]


def _train(found: Mapping[str, Any]) -> list[str]:
    best = "not validated" if found["best"] is None else f"{found['figure']} {found['best']:.4f}"
    how = "" if found["finished"] else ", stopped by the clock"
    told = [f"{found['epochs']} of {found['epochs_planned']} epochs, {found['steps']} steps{how}", best]
    if found["pictures_per_s"] is not None:
        told.append(f"{found['pictures_per_s']:.0f} pictures/s with validations and pauses")
    return [*told, *found["chosen"]]


def _evaluate(found: Mapping[str, Any]) -> list[str]:
    told = []
    for name in ("trained", "shipped"):
        for condition, entry in found.get(name, {}).get("conditions", {}).items():
            fitted = entry["calibrated"] or entry
            told.append(
                f"{name}, {condition}: AUROC {_interval(entry['macro']['auroc'])}, "
                f"AUPRC {_interval(entry['macro']['auprc'])}, F1 {_interval(fitted['macro']['f1'])}"
            )
    for condition, values in (found.get("differences") or {}).items():
        told.append(f"trained minus shipped, {condition}: AUROC {_interval(values['own']['macro']['auroc'], sign='+')}")
    return told


def _interval(found: Mapping[str, Any], *, sign: str = "") -> str:
    if found["value"] is None:
        return "not defined"
    value, low, high = found["value"], found["low"], found["high"]
    return f"{value:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"
