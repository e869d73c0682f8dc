"""``vizecg-export release``: from a checkpoint to a bundle that can be shipped, in one command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from vizecg.spec import UsageError
from vizecg.spec.files import user_cache
from vizecg.spec.results import read_result
from vizecg_export.console import table_console
from vizecg_export.pace import duration
from vizecg_export.request import ExportRequest, GateLimits
from vizecg_export.targets import OnFail, Precision, Target, require

if TYPE_CHECKING:
    from vizecg_export.release.work import StageState


def release(
    checkpoint: Annotated[Path, typer.Argument(help="A training checkpoint.")],
    data: Annotated[
        str,
        typer.Option(
            help="Records: ptbxl:FOLDER, code15:FOLDER, store:FOLDER ... or synthetic. Their training split calibrates,"
            " their validation split evaluates and fits thresholds and gate."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The bundle, a directory; there whole or not at all.")],
    photos: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of real photographs that the gate must go on answering; repeatable."),
    ] = None,
    results: Annotated[
        list[Path] | None, typer.Option(help="JSON of another measurement, quoted in the model card; repeatable.")
    ] = None,
    target: Annotated[
        list[Target] | None, typer.Option(help="Where the model is to run; repeatable.", show_default="all")
    ] = None,
    gate_records: Annotated[int, typer.Option(help="Records that the gate is fitted on.")] = 200,
    gate_photographs: Annotated[int, typer.Option(help="Photographs of each of them.")] = 6,
    gate: Annotated[bool, typer.Option(help="Fit quality gate and undecided bands; the card says if not.")] = True,
    photograph: Annotated[
        bool, typer.Option(help="Add the golden photograph that devices test themselves with.")
    ] = True,
    limit: Annotated[int | None, typer.Option(min=1, help="At most N validation records.")] = None,
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
    seed: Annotated[int, typer.Option(min=0, help="Of the calibration.")] = 0,
    name: Annotated[str, typer.Option(help="Name of the model in the manifest.")] = "vizecg",
    work: Annotated[
        Path | None,
        typer.Option(help="Finished stages are kept here and not done again.", show_default="OUT.work, beside OUT"),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(help="Drawn sheets and the gate's photographs are kept here.", show_default="~/.cache/vizecg"),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that draw sheets.")] = 2,
    force: Annotated[bool, typer.Option("--force", help="Replace a bundle at OUT.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one object.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, what is done, and about how long it takes.")
    ] = False,
) -> None:
    """From a checkpoint to a bundle that can be shipped: every target in int8, gates, self-test, model card.

    Stages: the export with its parity and accuracy gates; the quality gate and the undecided bands; the golden
    photograph; the self-test. Killed and run again with the same options, it goes on where it was; a stage whose
    checkpoint, records, options or code changed is done again, and what depends on it. The work folder may be deleted.
    """
    targets = tuple(dict.fromkeys(target)) if target else tuple(Target)
    for wanted in targets:
        require(wanted)
    if photos and not gate:
        raise UsageError("--photos are for the gate, which --no-gate leaves out")
    quoted = tuple(read_result(path) for path in results or ())
    from vizecg_export.data import parse_source
    from vizecg_export.quality_gate.choose import FitRequest
    from vizecg_export.release.publish import publish
    from vizecg_export.release.request import ReleaseRequest, check_release
    from vizecg_export.release.stages import release_stages
    from vizecg_export.release.work import WorkFolder
    from vizecg_export.summary import print_summary, summary

    kept = cache or user_cache()
    fitting = FitRequest(records=gate_records, photographs=gate_photographs, photos=tuple(photos or ()))
    request = ReleaseRequest(
        export=ExportRequest(
            checkpoint=checkpoint,
            targets=targets,
            precision=Precision.INT8,
            out=out,
            name=name,
            cache=kept / "export",
            calibration=parse_source(data, split="train", option="--data"),
            evaluation=parse_source(data, split="val", option="--data").limited(limit),
            calibrator=calibrator,
            per_class=per_class,
            allow_few=allow_few,
            limits=GateLimits(min_retention=min_retention, max_class_drop=max_class_drop),
            on_fail=on_fail,
            seed=seed,
            workers=workers,
            force=force,
        ),
        gate=fitting if gate else None,
        photograph=photograph,
        results=quoted,
        work=work or out.with_name(f"{out.name}.work"),
        gate_cache=kept / "gate",
    )
    check_release(request)
    folder, stages = WorkFolder(request.work), release_stages(request)
    if dry_run:
        _tell_plan(request.work, folder.states(stages), [result.kind for result in quoted], as_json=as_json)
        return
    console = Console(stderr=True, quiet=as_json, soft_wrap=True, markup=False)
    with folder.locked():
        states = folder.run(stages, say=console.print)
        bundle = publish(request, states)
    told: dict[str, Any] = {
        **summary(bundle),
        "work": str(request.work),
        "stages": [state.to_dict() for state in states],
        "gate": bundle.manifest.gate.to_dict(),
    }
    if as_json:
        print(json.dumps(told))
        return
    print_summary(told, table_console())
    print(f"bundle {bundle.sha256[:16]} in {out}; the stages' results are kept in {request.work}")


def _tell_plan(work: Path, states: list[StageState], quoted: list[str], *, as_json: bool) -> None:
    left = sum(state.seconds for state in states if state.folder is None)
    if as_json:
        told = {
            "dry_run": True, "work": str(work), "stages": [state.to_dict() for state in states],
            "seconds_left": round(left), "quoted": quoted,
        }  # fmt: skip
        print(json.dumps(told))
        return
    table = Table("stage", "state", "takes", "what", title=f"work folder {work}")
    for state in states:
        done, takes = ("to do", f"~{duration(state.seconds)}") if state.folder is None else ("done", "-")
        table.add_row(state.name, done, takes, state.does)
    console = table_console()
    console.print(table)
    if quoted:
        console.print(f"quoted in the card: {', '.join(quoted)}")
    to_do = f"about {duration(left)} of work on two cores" if left else "every stage is done"
    console.print(f"{to_do}; then the bundle is put together")
