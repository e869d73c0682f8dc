"""``vizecg-export --target``: a checkpoint becomes a bundle. The one command without a verb."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vizecg.spec import CODE6, UsageError
from vizecg.spec.commands import takes, version_option
from vizecg_export.console import table_console
from vizecg_export.data import checkpoint_labels, parse_source
from vizecg_export.defaults import DEFAULT_CHECKPOINT, default_cache
from vizecg_export.request import ExportRequest, check_request
from vizecg_export.targets import Precision, Target
from vizecg_export.verbs.options import ExportOptions, SheetCacheOption


class TargetOption(str, Enum):
    """``--target``"""

    ONNX = "onnx"
    EXECUTORCH = "executorch"
    TENSORRT = "tensorrt"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class Options(ExportOptions):
    """Which checkpoint becomes what, and where it goes."""

    context: typer.Context
    target: Annotated[TargetOption | None, typer.Option(help="Where the model is to run.")] = None
    out: Annotated[Path, typer.Option(help="The bundle, a directory.")] = Path("model.vizecg")
    precision: Annotated[Precision, typer.Option(help="Number format.")] = Precision.FP32
    checkpoint: Annotated[
        Path, typer.Option(help="A training checkpoint; default: the shipped model.", show_default=False)
    ] = DEFAULT_CHECKPOINT
    calib: Annotated[
        str | None,
        typer.Option(
            help="int8: calibration records, ptbxl:FOLDER, code15:FOLDER, wfdb:FOLDER, store:FOLDER ... or"
            " synthetic-varied; default: the sheets that the checkpoint names."
        ),
    ] = None
    evaluation: Annotated[
        str | None,
        typer.Option(
            "--eval",
            help="Validation records, as --calib: fit calibration and thresholds to each artefact, and hold it to the"
            " accuracy gate; default: those that the checkpoint carries.",
        ),
    ] = None
    uncalibrated: Annotated[
        bool, typer.Option("--uncalibrated", help="Go without calibration; the bundle says so in every answer.")
    ] = False
    qat_epochs: Annotated[int, typer.Option(min=0, help="Quantisation-aware training (executorch, int8).")] = 0
    cache: SheetCacheOption = None
    version: Annotated[bool, version_option("vizecg-export")] = False


@takes(Options)
def export(options: Options) -> None:
    """Turn a checkpoint into a bundle that a device can trust."""
    if options.context.invoked_subcommand is not None:
        return
    if options.target is None:
        raise UsageError("--target is missing: onnx, executorch, tensorrt or all (or a verb, see --help)")
    # In this order, wrong options are refused before torch is imported, which takes seconds.
    calibration, evaluation = options.calib, options.evaluation
    labels = checkpoint_labels(options.checkpoint) if calibration or evaluation else CODE6
    request = options.request(
        checkpoint=options.checkpoint,
        targets=tuple(Target) if options.target is TargetOption.ALL else (Target(options.target.value),),
        precision=options.precision,
        out=options.out,
        cache=options.cache or default_cache(),
        calibration=parse_source(calibration, split="train", labels=labels, option="--calib") if calibration else None,
        evaluation=parse_source(evaluation, split="val", labels=labels, option="--eval").limited(options.limit)
        if evaluation
        else None,
        uncalibrated=options.uncalibrated,
        qat_epochs=options.qat_epochs,
    )
    check_request(request)
    if options.dry_run:
        run_plan(request, as_json=options.as_json)
    else:
        run_export(request, as_json=options.as_json)


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
    from vizecg_export.build import export as build
    from vizecg_export.engine import build_engine
    from vizecg_export.summary import print_summary, summary

    console = Console(stderr=True, quiet=as_json, soft_wrap=True, markup=False)
    made = build(request, say=console.print)
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
