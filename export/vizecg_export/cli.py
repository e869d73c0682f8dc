"""The ``vizecg-export`` command."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec import UsageError
from vizecg.spec.commands import HELP, version_option
from vizecg.spec.console import run_app
from vizecg.spec.files import user_cache
from vizecg_export.data import parse_source
from vizecg_export.request import ExportRequest, GateLimits, check_request
from vizecg_export.targets import OnFail, Precision, Target
from vizecg_export.verbs.calibrate import calibrate
from vizecg_export.verbs.contract import contract
from vizecg_export.verbs.diff import diff
from vizecg_export.verbs.doctor import doctor
from vizecg_export.verbs.explain import explain
from vizecg_export.verbs.export import run_export, run_plan
from vizecg_export.verbs.fit_gate import fit_gate
from vizecg_export.verbs.gate import gate
from vizecg_export.verbs.golden_photo import golden_photo
from vizecg_export.verbs.inspect import inspect
from vizecg_export.verbs.release import release
from vizecg_export.verbs.verify import verify

app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, invoke_without_command=True, context_settings=HELP
)

DEFAULT_CHECKPOINT = Path(__file__).parent / "weights" / "default.ckpt"
"""The shipped image stream, with what was fitted to it."""


class TargetOption(str, Enum):
    """``--target``"""

    ONNX = "onnx"
    EXECUTORCH = "executorch"
    TENSORRT = "tensorrt"
    ALL = "all"


def default_cache() -> Path:
    """Where drawn sheets are kept when nothing is said: under the user's cache folder."""
    return user_cache() / "export"


@app.callback()
def export(
    context: typer.Context,
    target: Annotated[TargetOption | None, typer.Option(help="Where the model is to run.")] = None,
    out: Annotated[Path, typer.Option(help="The bundle, a directory.")] = Path("model.vizecg"),
    precision: Annotated[Precision, typer.Option(help="Number format.")] = Precision.FP32,
    checkpoint: Annotated[
        Path, typer.Option(help="A training checkpoint; default: the shipped model.", show_default=False)
    ] = DEFAULT_CHECKPOINT,
    calib: Annotated[
        str | None,
        typer.Option(
            help="int8: calibration records, ptbxl:FOLDER, code15:FOLDER, wfdb:FOLDER, store:FOLDER ... or"
            " synthetic-varied; default: the sheets that the checkpoint names."
        ),
    ] = None,
    evaluation: Annotated[
        str | None,
        typer.Option(
            "--eval",
            help="Validation records, as --calib: fit calibration and thresholds to each artefact, and hold it to the"
            " accuracy gate; default: those that the checkpoint carries.",
        ),
    ] = None,
    uncalibrated: Annotated[
        bool, typer.Option(help="Go without calibration; the bundle says so in every answer.")
    ] = False,
    min_retention: Annotated[
        float, typer.Option(min=0, max=1, help="Least share of the float network's macro F1 and AUROC.")
    ] = 0.99,
    max_class_drop: Annotated[float, typer.Option(min=0, max=1, help="Most recall that a class may lose.")] = 0.02,
    on_fail: Annotated[
        OnFail,
        typer.Option(help="When int8 misses a gate: stop, keep attention and head float, or go on to fp16."),
    ] = OnFail.STOP,
    calibrator: Annotated[
        str | None, typer.Option(help="minmax, entropy, percentile ...; default: all, the best is kept.")
    ] = None,
    per_class: Annotated[int, typer.Option(min=1, help="Calibration records of each diagnosis.")] = 28,
    allow_few: Annotated[bool, typer.Option(help="Take a calibration set that is too small, and record it.")] = False,
    qat_epochs: Annotated[int, typer.Option(min=0, help="Quantisation-aware training (executorch, int8).")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="At most N validation records.")] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Where drawn sheets are kept.", show_default="~/.cache/vizecg/export")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that draw sheets.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Of calibration and training.")] = 0,
    name: Annotated[str, typer.Option(help="Name of the model in the manifest.")] = "vizecg",
    force: Annotated[bool, typer.Option(help="Replace a bundle at --out.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one object.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would be done, and check that it can be.")] = False,
    version: Annotated[bool, version_option("vizecg-export")] = False,
) -> None:
    """Turn a checkpoint into a bundle that a device can trust."""
    if context.invoked_subcommand is not None:
        return
    if target is None:
        raise UsageError("--target is missing: onnx, executorch, tensorrt or all (or a verb, see --help)")
    # In this order, wrong options are refused before torch is imported, which takes seconds.
    request = ExportRequest(
        checkpoint=checkpoint,
        targets=tuple(Target) if target is TargetOption.ALL else (Target(target.value),),
        precision=precision,
        out=out,
        name=name,
        cache=cache or default_cache(),
        calibration=parse_source(calib, split="train", option="--calib") if calib else None,
        evaluation=parse_source(evaluation, split="val", option="--eval").limited(limit) if evaluation else None,
        uncalibrated=uncalibrated,
        calibrator=calibrator,
        per_class=per_class,
        allow_few=allow_few,
        qat_epochs=qat_epochs,
        limits=GateLimits(min_retention=min_retention, max_class_drop=max_class_drop),
        on_fail=on_fail,
        seed=seed,
        workers=workers,
        force=force,
    )
    check_request(request)
    if dry_run:
        run_plan(request, as_json=as_json)
    else:
        run_export(request, as_json=as_json)


for verb in (release, calibrate, verify, inspect, diff, explain, fit_gate, gate, golden_photo, contract, doctor):
    app.command()(verb)


def main() -> None:
    """Entry point of ``vizecg-export``."""
    run_app(app, extras=("train", "onnx"))


if __name__ == "__main__":
    main()
