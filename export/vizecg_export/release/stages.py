"""The stages of a release, and what decides the results of each."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import vizecg
import vizecg_edge
import vizecg_export
from vizecg.data.source import RecordSource
from vizecg.spec import MissingToolError, ParityError, VizecgError
from vizecg.spec.fingerprint import sha256_bytes, sha256_file, sha256_ids
from vizecg.spec.manifest import open_bundle
from vizecg.spec.results import write_result
from vizecg_edge.pipeline import Pipeline
from vizecg_edge.selftest import run_selftest
from vizecg_export.build import export
from vizecg_export.golden_photo import add_golden_photo
from vizecg_export.pace import Say
from vizecg_export.provenance import toolchain
from vizecg_export.quality_gate.choose import FitRequest, measure_gate
from vizecg_export.quality_gate.plot import save_plot
from vizecg_export.quality_gate.put import put_gate
from vizecg_export.quality_gate.rows import photographs_in
from vizecg_export.release.artefacts import KeptArtefacts
from vizecg_export.release.request import ReleaseRequest
from vizecg_export.release.work import Stage, WorkFolder
from vizecg_export.verifying import verify_bundle

BUNDLE, GATE, GATE_PLOT, SELFTEST = "bundle", "gate.json", "gate.png", "selftest.json"
"""In the folder of a stage."""
SHEET_S, PHOTOGRAPH_S, SELFTEST_S, GOLDEN_PHOTO_S = 0.07, 0.6, 60.0, 30.0
"""Of two cores: a sheet through drawing and float network or through one artefact, a photograph through rectifier and
all artefacts."""


def release_stages(request: ReleaseRequest) -> list[Stage]:
    """What is done, in order; what publishes the result comes after them."""
    stages = [_export_stage(request)]
    if request.gate is not None:
        stages.append(_gate_stage(request, request.gate))
    if request.photograph:
        stages.append(
            Stage(
                name="photograph",
                does="golden photograph that a device tests itself with",
                decided_by={"code": code_sha256(vizecg, vizecg_export, vizecg_edge)},
                seconds=GOLDEN_PHOTO_S,
                run=_photograph,
            )
        )
    stages.append(
        Stage(
            name="selftest",
            does="golden answers of every artefact, self-test in the engines of this machine",
            decided_by={"code": code_sha256(vizecg, vizecg_export, vizecg_edge)},
            seconds=SELFTEST_S,
            run=_selftest,
        )
    )
    return stages


def _export_stage(request: ReleaseRequest) -> Stage:
    asked = request.export
    assert asked.calibration is not None
    assert asked.evaluation is not None
    plan = asked.plan()
    sheets = 2 * len(asked.evaluation) * (2 + len(asked.targets))
    of_each: dict[str, Any] = {
        "checkpoint": sha256_file(asked.checkpoint),
        "precision": plan["precision"],
        "calibration": _records(asked.calibration),
        "evaluation": _records(asked.evaluation),
        "options": {
            "calibrator": asked.calibrator, "per_class": asked.per_class,
            "allow_few": asked.allow_few, "limits": plan["limits"], "on_fail": plan["on_fail"], "seed": asked.seed,
        },
        "toolchain": toolchain(),
        "code": code_sha256(vizecg, vizecg_export),
    }  # fmt: skip
    return Stage(
        name="export",
        does=f"{', '.join(plan['targets'])} in {plan['precision']}, parity and accuracy on {asked.evaluation.name}",
        decided_by={**of_each, "targets": plan["targets"], "name": asked.name},
        seconds=60 + SHEET_S * sheets,
        run=partial(_export, request, KeptArtefacts(WorkFolder(request.work), decided_by=of_each)),
    )


def _gate_stage(request: ReleaseRequest, fit: FitRequest) -> Stage:
    assert request.export.evaluation is not None
    paths = photographs_in(list(fit.photos))
    return Stage(
        name="gate",
        does=f"quality gate and undecided bands on {fit.photographs} photographs of each of {fit.records} records"
        f" and {len(paths)} real ones",
        decided_by={
            "records": fit.records,
            "photographs": fit.photographs,
            "targets": vars(fit.targets),
            "photos": sorted(sha256_file(path) for path in paths),
            "data": _records(request.export.evaluation),
            "code": code_sha256(vizecg, vizecg_export, vizecg_edge),
        },
        seconds=PHOTOGRAPH_S * (fit.records * (fit.photographs + 1) + len(paths)),
        run=partial(_gate, request, fit),
    )


def _export(request: ReleaseRequest, kept: KeptArtefacts, folder: Path, before: Path | None, say: Say) -> None:
    made = export(replace(request.export, out=folder / BUNDLE), say=say, accepting=kept)
    for error in made.failed.values():
        # What ships has every artefact that was asked for.
        raise error


def _gate(request: ReleaseRequest, fit: FitRequest, folder: Path, before: Path | None, say: Say) -> None:
    bundle = _taken_over(folder, before)
    assert request.export.evaluation is not None
    figures = measure_gate(bundle, request.export.evaluation, fit, cache=request.gate_cache, say=say)
    write_result(folder / GATE, kind="gate", figures=figures)
    save_plot(folder / GATE_PLOT, figures)
    put_gate(bundle, folder / GATE)


def _photograph(folder: Path, before: Path | None, say: Say) -> None:
    add_golden_photo(_taken_over(folder, before))


def _selftest(folder: Path, before: Path | None, say: Say) -> None:
    bundle = _taken_over(folder, before)
    verified = {one.artefact: vars(one) for one in verify_bundle(bundle)}
    told: dict[str, Any] = {}
    for artefact in open_bundle(bundle).manifest.artefacts:
        try:
            pipeline = Pipeline(bundle=bundle, artefact=artefact.name, check=False)
        except VizecgError as error:
            # Its golden answers were right a moment ago: it is for other machines, or its engine is not installed.
            told[artefact.name] = {"ran": False, "why": str(error)}
            continue
        tested = run_selftest(pipeline)
        if tested.failures:
            raise ParityError(f"{artefact.name}: {'; '.join(tested.failures)}")
        pipeline.backend.close()
        told[artefact.name] = {"ran": True, **tested.to_dict()}
        say(f"selftest: {artefact.name} passes in {pipeline.backend.name}")
    if not any(one["ran"] for one in told.values()):
        raise MissingToolError(f"no artefact of the bundle runs here: {next(iter(told.values()))['why']}")
    (folder / SELFTEST).write_text(json.dumps({"golden": verified, "selftest": told}, indent=1) + "\n")


def _taken_over(folder: Path, before: Path | None) -> Path:
    """A copy of the bundle of the stage before."""
    assert before is not None
    return Path(shutil.copytree(before / BUNDLE, folder / BUNDLE))


def _records(source: RecordSource) -> list[str | int]:
    return [source.name, source.fingerprint, len(source), sha256_ids(source.record_ids)]


def code_sha256(*packages: Any) -> str:
    """Hash of the sources of some packages: what other code made is not taken for this code's."""
    told = []
    for package in packages:
        folder = Path(package.__file__).parent
        told += [f"{file.relative_to(folder)} {sha256_file(file)}" for file in sorted(folder.rglob("*.py"))]
    return sha256_bytes("\n".join(told).encode())
