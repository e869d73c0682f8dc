"""What ``vizecg-export --target`` does, once its options are parsed and checked."""

from __future__ import annotations

import json
import sys

from rich.console import Console

from vizecg_export.console import table_console
from vizecg_export.request import ExportRequest


def run_plan(request: ExportRequest, *, as_json: bool) -> None:
    """``--dry-run``: look into the checkpoint too, and say what would be done.

    Raises:
        As ``vizecg_export.build.export`` before it begins.
    """
    from vizecg.train.checkpoint import load_checkpoint
    from vizecg_export.carried import check_carried

    checkpoint = load_checkpoint(request.checkpoint)
    check_carried(request, checkpoint)
    deployment = checkpoint.deployment
    drawn = None if deployment is None else deployment.drawn_calibration
    plan = {
        **request.plan(),
        "checkpoint_sha256": checkpoint.trained_sha256,
        "calibration": request.calibration.name
        if request.calibration is not None
        else "drawn sheets, as the checkpoint names them"
        if request.int8 and drawn is not None
        else None,
        "thresholds": f"fitted to each artefact on {request.evaluation.name}"
        if request.evaluation is not None
        else "none: uncalibrated"
        if deployment is None
        else "the checkpoint's",
    }
    print(json.dumps(plan) if as_json else "\n".join(f"{key}: {value}" for key, value in plan.items()))


def run_export(request: ExportRequest, *, as_json: bool) -> None:
    """Export and tell; exits with the code of the first gate that was missed, when other artefacts were written."""
    from vizecg_export.build import export
    from vizecg_export.engine import build_engine
    from vizecg_export.summary import print_summary, summary

    console = Console(stderr=True, quiet=as_json, soft_wrap=True, markup=False)
    made = export(request, say=console.print)
    told = {**summary(made.bundle), "engine": build_engine(made.bundle)}
    told["failed"] = {name: error.to_dict() for name, error in made.failed.items()}
    if as_json:
        print(json.dumps(told))
    else:
        print_summary(told, table_console())
    if made.failed:
        written = ", ".join(artefact.name for artefact in made.bundle.manifest.artefacts)
        for name, error in made.failed.items():
            print(f"error: {name} was not written: {error}", file=sys.stderr)
        print(f"{request.out} has what passed: {written}", file=sys.stderr)
        sys.exit(int(next(iter(made.failed.values())).exit_code))
