"""Checkpoint -> bundle: export, quantise, prove parity, fit the decision rules, write the whole or nothing."""

from __future__ import annotations

import os
import tempfile
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vizecg.data.source import RecordSource
from vizecg.models.sizes import macs, parameters
from vizecg.render import RENDERER_VERSION
from vizecg.spec import UsageError, parity
from vizecg.spec.checkout import git_state
from vizecg.spec.manifest import GOLDEN, Bundle, Manifest, check_target, hash_files, publish_bundle
from vizecg.spec.preprocess import normalise
from vizecg.train.checkpoint import Checkpoint
from vizecg.train.runners import torch_logits
from vizecg_export.accuracy import GateLimits
from vizecg_export.attempts import Accepted, Say, Wanted, accept
from vizecg_export.calibration import CalibrationSpec, calibration_conditions, calibration_set, check_disjoint
from vizecg_export.card import CARD, model_card
from vizecg_export.contract.write import write_contract
from vizecg_export.latency import latencies
from vizecg_export.provenance import toolchain
from vizecg_export.recipes import Job, Recipe, Run, recipe_for
from vizecg_export.scratch import scratch_folder
from vizecg_export.subject import Subject, make_subject
from vizecg_export.targets import FLOAT, Machine, OnFail, Precision, Target

BPTE_SHEETS = 4
"""Golden sheets in ExecuTorch's own bundled program, where inputs are float32 and take 0.7 MB each."""


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """What ``vizecg-export`` was asked for.

    ``calibration`` is required for int8. Without ``evaluation`` there is no accuracy gate, and the bundle carries
    uncalibrated scores and 0.5 thresholds, and says so. ``cache`` holds drawn sheets under hashes of what decides them.
    """

    checkpoint: Checkpoint
    targets: tuple[Target, ...]
    precision: Precision
    out: Path
    name: str
    cache: Path
    calibration: RecordSource | None = None
    evaluation: RecordSource | None = None
    calibrator: str | None = None
    per_class: int = 28
    allow_few: bool = False
    qat_epochs: int = 0
    limits: GateLimits = field(default_factory=GateLimits)
    on_fail: OnFail = OnFail.STOP
    seed: int = 0
    workers: int = 2

    def plan(self) -> dict[str, Any]:
        """What would be done, for ``--dry-run``."""
        return {
            "out": str(self.out),
            "targets": [target.value for target in self.targets],
            "precision": self.precision.value,
            "checkpoint_sha256": self.checkpoint.trained_sha256,
            "calibration": None if self.calibration is None else self.calibration.name,
            "evaluation": None if self.evaluation is None else self.evaluation.name,
            "on_fail": self.on_fail.value,
            "limits": self.limits.to_dict(),
            "cache": str(self.cache),
            "dry_run": True,
        }


def check_request(request: ExportRequest) -> None:
    """Refuse what cannot end well, before hours of work and not after.

    Raises:
        UsageError: ``out`` is something else than a bundle, int8 without calibration, or options without a meaning.
        MissingToolError: a target's toolchain is not installed.
    """
    check_target(request.out)
    int8 = request.precision is Precision.INT8
    if int8 and request.calibration is None:
        raise UsageError("--precision int8 needs --calib: quantisation without calibration data is guesswork")
    if request.qat_epochs and (not int8 or request.targets != (Target.EXECUTORCH,)):
        raise UsageError("--qat-epochs trains the int8 graph of --target executorch only")
    for target in request.targets:
        recipe = recipe_for(target)
        if request.precision not in recipe.precisions:
            has = ", ".join(precision.value for precision in recipe.precisions)
            raise UsageError(f"target {target.value} has no {request.precision.value}, it has {has}")
        if int8 and request.calibrator and request.calibrator not in recipe.calibrators:
            raise UsageError(
                f"target {target.value} has no calibrator {request.calibrator!r}: {', '.join(recipe.calibrators)}"
            )


def export(request: ExportRequest, *, say: Say) -> Bundle:
    """Make a bundle of one artefact per target and processor.

    Raises:
        As ``check_request``; ParityError, AccuracyError: an artefact misses a gate, and so do its fallbacks.
    """
    check_request(request)
    with scratch_folder(request.out) as folder:
        subject = _subject(request, say)
        manifest = write_contract(folder, _fill(folder, request, subject, say))
        # mkdtemp makes private folders; a bundle is to be read by whoever may read its neighbours.
        os.chmod(folder, 0o755)
        return publish_bundle(folder, manifest, request.out)


def _subject(request: ExportRequest, say: Say) -> Subject:
    config = request.checkpoint.config
    calibration = None
    if request.precision is Precision.INT8:
        assert request.calibration is not None
        say(f"calibration: records of {request.calibration.name}")
        spec = CalibrationSpec(
            sheet=config.sheet_spec(),
            preprocess=config.preprocess_spec(),
            conditions=calibration_conditions(config.conditions),
            per_class=request.per_class,
            seed=request.seed,
            allow_few=request.allow_few,
        )
        calibration = calibration_set(request.calibration, spec, cache=request.cache)
        if request.evaluation is not None:
            check_disjoint(calibration, request.evaluation)
    if request.evaluation is not None:
        say(f"float network: {request.evaluation.name}, {len(request.evaluation)} records")
    return make_subject(
        request.checkpoint,
        calibration=calibration,
        evaluation=request.evaluation,
        cache=request.cache,
        workers=request.workers,
    )


def _fill(folder: Path, request: ExportRequest, subject: Subject, say: Say) -> Manifest:
    recipes = {target: recipe_for(target) for target in request.targets}
    ladder = _float_rungs(subject, recipes, say)
    found: list[Accepted] = []
    for recipe in recipes.values():
        for machine in recipe.machines if request.precision is Precision.INT8 else (Machine.ANY,):
            wanted = Wanted(
                recipe=recipe,
                precision=request.precision,
                machine=machine,
                on_fail=request.on_fail,
                limits=request.limits,
                calibrator=request.calibrator,
                qat_epochs=request.qat_epochs,
                seed=request.seed,
            )
            accepted = accept(wanted, subject, folder, say=say)
            found.append(_with_golden_program(accepted, subject, folder))
            if accepted.artefact.precision != Precision.INT8.value:
                # Only int8 differs by processor.
                break
    say("latency: one sheet at a time, in turn")
    image = normalise(subject.golden.inks[:1], subject.preprocess)
    runs = {FLOAT: subject.float_run, **{accepted.artefact.name: accepted.made.run for accepted in found}}
    taken = latencies(runs, image)
    artefacts = tuple(replace(a.artefact, latency=taken[a.artefact.name]) for a in found)
    golden_logits: dict[str, Any] = {f"logits_{accepted.artefact.name}": accepted.golden_logits for accepted in found}
    np.savez_compressed(folder / GOLDEN, inks=subject.golden.inks, float_logits=subject.golden.logits, **golden_logits)
    size = parameters(subject.network)
    card = model_card(name=request.name, artefacts=artefacts, checkpoint=request.checkpoint, parameters=size)
    (folder / CARD).write_text(card)
    return Manifest(
        name=request.name,
        artefacts=artefacts,
        default_artefact=artefacts[0].name,
        sheet=subject.sheet,
        preprocess=subject.preprocess,
        renderer_version=RENDERER_VERSION,
        checkpoint={
            "sha256": request.checkpoint.trained_sha256,
            "parameters": size,
            "macs": macs(subject.network, torch.zeros(subject.preprocess.input_shape)),
            "training_data": request.checkpoint.training_data,
        },
        calibration={} if subject.calibration is None else subject.calibration.summary,
        toolchain=toolchain(),
        source=asdict(git_state()),
        files=hash_files(folder),
        ladder=(*ladder, {"rung": FLOAT, "latency": taken[FLOAT]}),
    )


def _with_golden_program(accepted: Accepted, subject: Subject, folder: Path) -> Accepted:
    """ExecuTorch's own form of a program with golden data, for its runners on devices."""
    artefact = accepted.artefact
    if artefact.target != Target.EXECUTORCH.value:
        return accepted
    from vizecg_export.recipes.executorch import bundled_program

    file = Path(artefact.file).with_suffix(".bpte").name
    images = normalise(subject.golden.inks[:: len(subject.golden.inks) // BPTE_SHEETS], subject.preprocess)
    bundled_program(folder / artefact.file, images, accepted.made.run(images), folder / file)
    return replace(accepted, artefact=replace(artefact, extra_files=(*artefact.extra_files, file)))


def _float_rungs(subject: Subject, recipes: dict[Target, Recipe], say: Say) -> list[dict[str, Any]]:
    """The steps between the float network and the files: each must be the same network.

    Raises:
        ParityError: one is not.
    """
    shape = subject.preprocess.input_shape
    module = torch.export.export(subject.network, (torch.zeros(shape),)).module()
    runs: dict[str, tuple[Run, int | None]] = {"torch.export": (partial(torch_logits, module), None)}
    with tempfile.TemporaryDirectory() as scratch:
        for target, recipe in recipes.items():
            job = Job(network=subject.network, input_shape=shape, folder=Path(scratch), precision=Precision.FP32)
            made = recipe.make(job)
            runs[f"{target.value}-fp32"] = (made.run, (job.folder / made.file).stat().st_size)
        return [_rung(name, run, size, subject, say) for name, (run, size) in runs.items()]


def _rung(name: str, run: Run, size: int | None, subject: Subject, say: Say) -> dict[str, Any]:
    found = parity.compare(subject.golden.logits, subject.logits(run, subject.golden.inks), rule=subject.rule)
    say(f"{name}: largest difference {found.max_abs:.2g} on {found.n} golden sheets")
    parity.check(found, limits=parity.LIMITS[Precision.FP32.value], artefact=name)
    return {"rung": name, "size_bytes": size, "golden": found.to_dict()}
