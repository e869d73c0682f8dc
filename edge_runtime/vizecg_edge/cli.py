"""The ``vizecg-edge`` command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vizecg.spec import INTENDED_USE, ExitCode, UsageError
from vizecg.spec.console import run_app
from vizecg_edge.engine import command as engine_command

if TYPE_CHECKING:
    import numpy as np

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def root_command() -> None:
    """Reads photographs of printed 12-lead ECGs, offline."""


app.command("build", epilog=INTENDED_USE)(engine_command.build)


@app.command(epilog=INTENDED_USE)
def run(
    image: Annotated[list[Path], typer.Option(help="Photograph or scan; may be given several times.")],
    more: Annotated[list[Path] | None, typer.Argument(help="More images.", show_default=False)] = None,
    bundle: Annotated[Path | None, typer.Option(help="Bundle of the model; default: the shipped one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, one per image.")] = False,
    save_sheet: Annotated[
        Path | None, typer.Option(help="Save the rectified sheet: a file, or a folder for several images.")
    ] = None,
    overlay: Annotated[
        Path | None, typer.Option(help="Save photograph, sheet and answer side by side: file or folder.")
    ] = None,
    threads: Annotated[int, typer.Option(min=0, help="Computation threads; 0: one per core.")] = 0,
) -> None:
    """Answer photographs: six probabilities, or the reason why not. Exit code 7 when every image was refused."""
    from vizecg_edge.pipeline import Pipeline

    images = [*image, *(more or [])]
    for target in (save_sheet, overlay):
        _check_output(target, several=len(images) > 1)
    pipeline = Pipeline(bundle=bundle, threads=threads)
    answered = 0
    for path in images:
        result = pipeline.run(path)
        answer = result.answer
        answered += answer.answered
        if as_json:
            print(json.dumps(answer.to_dict()), flush=True)
        if not answer.answered:
            print(answer.to_text(), file=sys.stderr, flush=True)
        elif not as_json:
            print(answer.to_text(), flush=True)
        if save_sheet is not None and result.sheet is not None:
            _save(save_sheet, path, result.sheet)
        if overlay is not None:
            from vizecg_edge.overlay import overlay as draw

            _save(overlay, path, draw(result, pipeline.bundle.manifest.sheet))
    if not answered:
        raise typer.Exit(int(ExitCode.REFUSED))


def _check_output(target: Path | None, *, several: bool) -> None:
    if target is None:
        return
    if several and not target.is_dir():
        raise UsageError(f"{target} must be an existing folder when there are several images")
    if not several and not target.is_dir() and not target.parent.is_dir():
        raise UsageError(f"{target.parent} does not exist")


def _save(target: Path, source: Path, picture: np.ndarray) -> None:
    from vizecg_edge.overlay import save_image

    save_image(target / f"{source.stem}.png" if target.is_dir() else target, picture)


def main() -> None:
    """Entry point of ``vizecg-edge``."""
    run_app(app, install="pip install vizecg")


if __name__ == "__main__":
    main()
