"""``vizecg-export release``: from a checkpoint to a bundle that can be shipped, in one command."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from vizecg.spec import UsageError
from vizecg.spec.commands import takes
from vizecg.spec.results import read_result
from vizecg_export.console import table_console
from vizecg_export.defaults import default_cache, gate_cache
from vizecg_export.pace import duration
from vizecg_export.targets import Precision, Target, require
from vizecg_export.verbs.options import ExportOptions, GatePhotographsOption, GateRecordsOption, PhotosOption

if TYPE_CHECKING:
    from vizecg_export.release.work import StageState


@dataclass(frozen=True, kw_only=True)
class Options(ExportOptions):
    """Which checkpoint is released, proven on which records, and where the bundle goes."""

    checkpoint: Annotated[Path, typer.Argument(help="A training checkpoint.")]
    data: Annotated[
        str,
        typer.Option(
            help="Records: ptbxl:FOLDER, code15:FOLDER, store:FOLDER ... or synthetic. Their training split calibrates,"
            " their validation split evaluates and fits thresholds and gate."
        ),
    ]
    out: Annotated[Path, typer.Option(help="The bundle, a directory; there whole or not at all.")]
    photos: PhotosOption = None
    results: Annotated[
        list[Path] | None, typer.Option(help="JSON of another measurement, quoted in the model card; repeatable.")
    ] = None
    target: Annotated[
        list[Target] | None, typer.Option(help="Where the model is to run; repeatable.", show_default="all")
    ] = None
    gate_records: GateRecordsOption = 200
    gate_photographs: GatePhotographsOption = 6
    gate: Annotated[bool, typer.Option(help="Fit quality gate and undecided bands; the card says if not.")] = True
    photograph: Annotated[bool, typer.Option(help="Add the golden photograph that devices test themselves with.")] = (
        True
    )
    work: Annotated[
        Path | None,
        typer.Option(help="Finished stages are kept here and not done again.", show_default="OUT.work, beside OUT"),
    ] = None
    cache: Annotated[
        Path | None,
        typer.Option(help="Drawn sheets and the gate's photographs are kept here.", show_default="~/.cache/vizecg"),
    ] = None


@takes(Options)
def release(options: Options) -> None:
    """From a checkpoint to a bundle that can be shipped: every target in int8, gates, self-test, model card.

    Stages: the export with its parity and accuracy gates; the quality gate and the undecided bands; the golden
    photograph; the self-test. Killed and run again with the same options, it goes on where it was; a stage whose
    checkpoint, records, options or code changed is done again, and what depends on it. The work folder may be deleted.
    """
    targets = tuple(dict.fromkeys(options.target)) if options.target else tuple(Target)
    for wanted in targets:
        require(wanted)
    if options.photos and not options.gate:
        raise UsageError("--photos are for the gate, which --no-gate leaves out")
    quoted = tuple(read_result(path) for path in options.results or ())
    from vizecg_export.data import checkpoint_labels, parse_source
    from vizecg_export.quality_gate.choose import FitRequest
    from vizecg_export.release.publish import publish
    from vizecg_export.release.request import ReleaseRequest, check_release
    from vizecg_export.release.stages import release_stages
    from vizecg_export.release.work import WorkFolder
    from vizecg_export.summary import print_summary, summary

    out = options.out
    labels = checkpoint_labels(options.checkpoint)
    fitting = FitRequest(
        records=options.gate_records, photographs=options.gate_photographs, photos=tuple(options.photos or ())
    )
    request = ReleaseRequest(
        export=options.request(
            checkpoint=options.checkpoint,
            targets=targets,
            precision=Precision.INT8,
            out=out,
            cache=default_cache(options.cache),
            calibration=parse_source(options.data, split="train", labels=labels, option="--data"),
            evaluation=parse_source(options.data, split="val", labels=labels, option="--data").limited(options.limit),
        ),
        gate=fitting if options.gate else None,
        photograph=options.photograph,
        results=quoted,
        work=options.work or out.with_name(f"{out.name}.work"),
        gate_cache=gate_cache(options.cache),
    )
    check_release(request)
    folder, stages = WorkFolder(request.work), release_stages(request)
    if options.dry_run:
        _tell_plan(request.work, folder.states(stages), [result.kind for result in quoted], as_json=options.as_json)
        return
    console = Console(stderr=True, quiet=options.as_json, soft_wrap=True, markup=False)
    with folder.locked():
        states = folder.run(stages, say=console.print)
        bundle = publish(request, states)
    told: dict[str, Any] = {
        **summary(bundle),
        "work": str(request.work),
        "stages": [state.to_dict() for state in states],
        "gate": bundle.manifest.gate.to_dict(),
    }
    if options.as_json:
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
