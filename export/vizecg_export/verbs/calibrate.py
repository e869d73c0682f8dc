"""``vizecg-export calibrate``: fit a checkpoint's calibration and thresholds, and keep them in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from vizecg.data.registry import VARIED
from vizecg.spec import UsageError
from vizecg.spec.commands import takes
from vizecg.spec.deployment import DrawnCalibration
from vizecg.spec.manifest import Bundle, open_bundle
from vizecg.spec.options import JsonFlag, WorkersOption
from vizecg_export.console import table_console
from vizecg_export.data import checkpoint_labels, parse_source
from vizecg_export.targets import Precision
from vizecg_export.verbs.options import ForceOption, LimitOption, SheetCacheOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which checkpoint is fitted on what."""

    checkpoint: Annotated[Path, typer.Argument(help="A training checkpoint.")]
    evaluation: Annotated[
        str, typer.Option("--eval", help="Validation records: ptbxl:FOLDER, code15:FOLDER, store:FOLDER ...")
    ]
    out: Annotated[Path, typer.Option(help="The checkpoint to write.")]
    bands: Annotated[
        Path | None, typer.Option(help="A bundle of this network whose quality gate and undecided bands are kept too.")
    ] = None
    drawn: Annotated[
        list[Path] | None,
        typer.Option(
            help="A bundle of this network whose int8 was calibrated on drawn sheets (--calib synthetic-varied) and"
            " passed --eval: from now on int8 takes those sheets where --calib is not given; repeatable, for other"
            " artefacts."
        ),
    ] = None
    limit: LimitOption = None
    cache: SheetCacheOption = None
    workers: WorkersOption = 2
    force: ForceOption = False
    as_json: JsonFlag = False


@takes(Options)
def calibrate(options: Options) -> None:
    """Fit calibration and thresholds to a checkpoint's network; every bundle made of --out then has them."""
    if not options.checkpoint.is_file():
        raise UsageError(f"{options.checkpoint} does not exist")
    if options.out.exists() and not options.force:
        raise UsageError(f"--out {options.out} exists already: --force replaces it")
    labels = checkpoint_labels(options.checkpoint)
    source = parse_source(options.evaluation, split="val", labels=labels, option="--eval").limited(options.limit)
    banded = None if options.bands is None else open_bundle(options.bands)
    proven = [open_bundle(path) for path in options.drawn or ()]
    drawn_calibration = drawn_from(proven) if proven else None
    from vizecg.train.checkpoint import load_checkpoint
    from vizecg_export.calibrating import bands_of, calibrated, write_calibrated
    from vizecg_export.defaults import default_cache

    loaded = load_checkpoint(options.checkpoint)
    for bundle in (*([] if banded is None else [banded]), *proven):
        if bundle.manifest.checkpoint["sha256"] != loaded.trained_sha256:
            raise UsageError(f"{bundle.path} was made of another checkpoint than {options.checkpoint}")
    Console(stderr=True, quiet=options.as_json, soft_wrap=True).print(f"{source.name}: {len(source)} records")
    deployment = calibrated(
        loaded,
        source,
        bands=None if banded is None else bands_of(banded),
        drawn_calibration=drawn_calibration,
        cache=options.cache or default_cache(),
        workers=options.workers,
    )
    written = write_calibrated(options.checkpoint, deployment, options.out)
    if options.as_json:
        print(json.dumps({"out": str(options.out), "sha256": written.sha256, **deployment.to_dict()}))
        return
    table = Table(title=str(options.out))
    for column in ("class", "scale", "bias", "threshold", "undecided within"):
        table.add_column(column)
    rule = deployment.rule
    for row in zip(
        loaded.config.label_set().names, rule.scale, rule.bias, rule.threshold, rule.undecided_margin, strict=True
    ):
        table.add_row(row[0], *(f"{value:.4f}" for value in row[1:]))
    table_console().print(table)


def drawn_from(bundles: Sequence[Bundle]) -> DrawnCalibration:
    """What bundles say of their calibration on drawn sheets, which their artefacts' evaluation proved.

    Of an artefact that several have, the last one's way to calibrate counts.

    Raises:
        UsageError: one was calibrated on other records or other drawings than the others, or not evaluated.
    """
    calibrations = [_drawn(bundle) for bundle in bundles]
    first = calibrations[0]
    for bundle, other in zip(bundles, calibrations, strict=True):
        if (other.seed, other.per_class) != (first.seed, first.per_class):
            raise UsageError(f"--drawn {bundle.path}: its sheets are not those of {bundles[0].path}")
    calibrators = {name: way for one in calibrations for name, way in one.calibrators.items()}
    return replace(first, calibrators=calibrators)


def _drawn(bundle: Bundle) -> DrawnCalibration:
    told = bundle.manifest.calibration
    artefacts = [one for one in bundle.manifest.artefacts if one.precision == Precision.INT8.value]
    if not str(told.get("source", "")).startswith("synthetic varied") or not artefacts:
        raise UsageError(f"--drawn {bundle.path}: its int8 was not calibrated with --calib {VARIED}")
    if not all(artefact.accuracy for artefact in artefacts):
        raise UsageError(f"--drawn {bundle.path}: its int8 was not held to the accuracy gate with --eval")
    return DrawnCalibration(
        source=VARIED,
        seed=told["seed"],
        per_class=told["per_class"],
        calibrators={artefact.name: artefact.details["calibrator"] for artefact in artefacts},
        proven_on=artefacts[0].accuracy["data"],
    )
