"""The ``vizecg-export`` command."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from vizecg.spec.console import run_app
from vizecg_export.targets import Precision, Target, require

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

DEFAULT_CHECKPOINT = Path(__file__).parent / "weights" / "default.ckpt"


class TargetOption(str, Enum):
    """``--target``"""

    ONNX = "onnx"
    EXECUTORCH = "executorch"
    TENSORRT = "tensorrt"
    ALL = "all"


@app.command()
def export(
    target: Annotated[TargetOption, typer.Option(help="Where the model is to run.")],
    out: Annotated[Path, typer.Option(help="The bundle, a directory.")] = Path("model.vizecg"),
    precision: Annotated[Precision, typer.Option(help="Number format.")] = Precision.FP32,
    checkpoint: Annotated[
        Path, typer.Option(help="A training checkpoint; default: the shipped model.")
    ] = DEFAULT_CHECKPOINT,
    calib: Annotated[
        str | None,
        typer.Option(
            help="Calibration records: ptbxl:FOLDER, code15:FOLDER, wfdb:FOLDER, store:FOLDER ... or synthetic."
        ),
    ] = None,
    evaluation: Annotated[
        str | None, typer.Option("--eval", help="Validation records for thresholds and accuracy, as --calib.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most N validation records.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Where drawn validation sheets are kept.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that draw sheets.")] = 2,
    name: Annotated[str, typer.Option(help="Name of the model in the manifest.")] = "vizecg",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one object.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would be done, and check that it can be.")] = False,
) -> None:
    """Turn a checkpoint into a bundle that a device can trust."""
    targets = list(Target) if target is TargetOption.ALL else [Target(target.value)]
    for wanted in targets:
        require(wanted)
    console = Console(stderr=True, quiet=as_json)
    from vizecg.train.checkpoint import load_checkpoint
    from vizecg_export.build import ExportRequest, export_onnx
    from vizecg_export.data import parse_source

    validation = parse_source(evaluation, split="val").limited(limit) if evaluation else None
    request = ExportRequest(
        checkpoint=load_checkpoint(checkpoint),
        precision=precision,
        out=out,
        name=name,
        calibration=parse_source(calib, split="train") if calib else None,
        evaluation=validation,
        cache=cache,
        workers=workers,
    )
    if dry_run:
        result: dict[str, Any] = {
            "out": str(out), "targets": [t.value for t in targets], "precision": precision.value,
            "checkpoint_sha256": request.checkpoint.sha256, "dry_run": True,
        }  # fmt: skip
    else:
        bundle = export_onnx(request, say=lambda text: console.print(text))
        artefact = bundle.manifest.artefact()
        result = {
            "out": str(out), "bundle_sha256": bundle.sha256, "artefact": artefact.name,
            "size_bytes": bundle.file(artefact.file).stat().st_size, "parity": artefact.parity,
        }  # fmt: skip
    if as_json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key}: {value}")


def main() -> None:
    """Entry point of ``vizecg-export``."""
    run_app(app, install="pip install 'vizecg[train,onnx]'")


if __name__ == "__main__":
    main()
