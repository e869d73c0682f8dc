"""Options that several verbs of ``vizecg-export`` have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from vizecg.spec.options import JsonFlag, SeedOption, WorkersOption
from vizecg_export.request import ExportRequest, GateLimits
from vizecg_export.targets import OnFail

LimitOption = Annotated[int | None, typer.Option(min=1, help="At most N validation records.")]
SheetCacheOption = Annotated[
    Path | None, typer.Option(help="Where drawn sheets are kept.", show_default="~/.cache/vizecg/export")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what lies at --out.")]
GateRecordsOption = Annotated[int, typer.Option(min=1, help="Records that the gate is fitted on.")]
GatePhotographsOption = Annotated[int, typer.Option(min=1, help="Photographs of each of them.")]
PhotosOption = Annotated[
    list[Path] | None,
    typer.Option(help="Folder of real photographs that the gate must go on answering; repeatable."),
]
SpoiltOption = Annotated[
    list[Path] | None,
    typer.Option(help="Pages spoilt on purpose, from `vizecg_lab hostile --gate-rows`; repeatable."),
]


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """What an export is asked for, by itself or as the first stage of ``release``."""

    limit: LimitOption = None
    min_retention: Annotated[
        float, typer.Option(min=0, max=1, help="Least share of the float network's macro F1 and AUROC.")
    ] = 0.99
    max_class_drop: Annotated[float, typer.Option(min=0, max=1, help="Most recall that a class may lose.")] = 0.02
    on_fail: Annotated[
        OnFail,
        typer.Option(help="When int8 misses a gate: stop, keep attention and head float, or go on to fp16."),
    ] = OnFail.STOP
    calibrator: Annotated[
        str | None, typer.Option(help="minmax, entropy, percentile ...; default: all, the best is kept.")
    ] = None
    per_class: Annotated[int, typer.Option(min=1, help="Calibration records of each diagnosis.")] = 28
    allow_few: Annotated[
        bool, typer.Option("--allow-few", help="Take a calibration set that is too small, and record it.")
    ] = False
    name: Annotated[str, typer.Option(help="Name of the model in the manifest.")] = "vizecg"
    workers: WorkersOption = 2
    seed: SeedOption = 0
    force: ForceOption = False
    as_json: JsonFlag = False
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done and is done already, and check that it can be.")
    ] = False

    def request(self, **rest: Any) -> ExportRequest:
        """These options, and ``rest`` of the request."""
        return ExportRequest(
            name=self.name, calibrator=self.calibrator, per_class=self.per_class, allow_few=self.allow_few,
            limits=GateLimits(min_retention=self.min_retention, max_class_drop=self.max_class_drop),
            on_fail=self.on_fail, seed=self.seed, workers=self.workers, force=self.force, **rest,
        )  # fmt: skip
