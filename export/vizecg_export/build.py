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

from vizecg.models.logits import torch_logits
from vizecg.models.sizes import macs, parameters
from vizecg.render import RENDERER_VERSION
from vizecg.spec import AccuracyError, ParityError, parity
from vizecg.spec.checkout import git_state
from vizecg.spec.gate import QualityGate
from vizecg.spec.manifest import GOLDEN, Bundle, Manifest, hash_files, publish_bundle
from vizecg.spec.preprocess import normalise
from vizecg.train.checkpoint import Checkpoint, load_checkpoint
from vizecg_export.attempts import Accepted, Accepting, Say, Wanted, accept
from vizecg_export.calibration import (
    CalibrationSet,
    CalibrationSpec,
    calibration_conditions,
    calibration_set,
    check_disjoint,
)
from vizecg_export.card import CARD, model_card
from vizecg_export.carried import HOW_TO_CALIBRATE, check_carried
from vizecg_export.contract.write import write_contract
from vizecg_export.data import parse_source
from vizecg_export.latency import latencies
from vizecg_export.provenance import toolchain
from vizecg_export.recipes import Job, Recipe, Run, recipe_for
from vizecg_export.request import ExportRequest, check_request
from vizecg_export.scratch import scratch_folder
from vizecg_export.subject import Subject, make_subject
from vizecg_export.targets import FLOAT, Machine, Precision, Target, artefact_name

BPTE_SHEETS = 4
"""Golden sheets in ExecuTorch's own bundled program, where inputs are float32 and take 0.7 MB each."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A bundle, and what was asked for and is not in it: name of an artefact -> the gate that it missed."""

    bundle: Bundle
    failed: dict[str, ParityError | AccuracyError] = field(default_factory=dict)


def export(request: ExportRequest, *, say: Say, accepting: Accepting = accept) -> Exported:
    """Make a bundle of one artefact per target and processor.

    ``accepting`` makes an artefact and holds it to its gates: ``accept``, or what finds it made before.

    Raises:
        As ``check_request`` and ``check_carried``; CheckpointError: the checkpoint is damaged, or not what its
        calibration was fitted to; ParityError, AccuracyError: no artefact passes its gates, nor do its fallbacks.
    """
    check_request(request)
    checkpoint = load_checkpoint(request.checkpoint)
    check_carried(request, checkpoint)
    if request.uncalibrated:
        say(f"warning: the bundle will be uncalibrated; {HOW_TO_CALIBRATE}")
    request.out.absolute().parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(request.out) as folder:
        subject = _subject(request, checkpoint, say)
        manifest, failed = _fill(folder, request, subject, say, accepting)
        manifest = write_contract(folder, manifest)
        # mkdtemp makes private folders; a bundle is to be read by whoever may read its neighbours.
        os.chmod(folder, 0o755)
        return Exported(bundle=publish_bundle(folder, manifest, request.out), failed=failed)


def _subject(request: ExportRequest, checkpoint: Checkpoint, say: Say) -> Subject:
    calibration = None
    if request.int8:
        calibration = _calibration(request, checkpoint, say)
        if request.evaluation is not None:
            check_disjoint(calibration, request.evaluation)
    if request.evaluation is not None:
        say(f"float network: {request.evaluation.name}, {len(request.evaluation)} records")
    return make_subject(
        checkpoint,
        calibration=calibration,
        evaluation=request.evaluation,
        cache=request.cache,
        workers=request.workers,
    )


def _calibration(request: ExportRequest, checkpoint: Checkpoint, say: Say) -> CalibrationSet:
    """The sheets for int8: of the records that were given, or those that the checkpoint names."""
    config = checkpoint.config
    source, seed, per_class = request.calibration, request.seed, request.per_class
    if source is None:
        assert checkpoint.deployment is not None
        drawn = checkpoint.deployment.drawn_calibration
        assert drawn is not None
        source, seed, per_class = (
            parse_source(drawn.source, split="train", labels=config.label_set()),
            drawn.seed,
            drawn.per_class,
        )
    say(f"calibration: records of {source.name}")
    spec = CalibrationSpec(
        sheet=config.sheet_spec(),
        preprocess=config.preprocess_spec(),
        conditions=calibration_conditions(config.conditions),
        per_class=per_class,
        seed=seed,
        allow_few=request.allow_few,
    )
    return calibration_set(source, spec, cache=request.cache)


def _calibrators(request: ExportRequest, subject: Subject, target: Target, machine: Machine) -> tuple[str, ...]:
    """Those to compare: the one that was asked for, the one that is known for the checkpoint's sheets, or all."""
    if request.calibrator:
        return (request.calibrator,)
    drawn = None if subject.deployment is None else subject.deployment.drawn_calibration
    if request.calibration is not None or drawn is None:
        return ()
    known = drawn.calibrators.get(artefact_name(target, Precision.INT8, machine))
    return (known,) if known else ()


def _fill(
    folder: Path, request: ExportRequest, subject: Subject, say: Say, accepting: Accepting
) -> tuple[Manifest, dict[str, ParityError | AccuracyError]]:
    recipes = {target: recipe_for(target) for target in request.targets}
    ladder = _float_rungs(subject, recipes, say)
    made, failed = _artefacts(folder, request, subject, recipes, say, accepting)
    say("latency: one sheet at a time, in turn")
    image = normalise(subject.golden.inks[:1], subject.preprocess)
    runs = {FLOAT: subject.float_run, **{accepted.artefact.name: accepted.made.run for accepted in made}}
    taken = latencies(runs, image)
    artefacts = tuple(replace(a.artefact, latency=taken[a.artefact.name]) for a in made)
    golden_logits: dict[str, Any] = {f"logits_{accepted.artefact.name}": accepted.golden_logits for accepted in made}
    np.savez_compressed(folder / GOLDEN, inks=subject.golden.inks, float_logits=subject.golden.logits, **golden_logits)
    size = parameters(subject.network)
    card = model_card(name=request.name, artefacts=artefacts, checkpoint=subject.checkpoint, parameters=size)
    (folder / CARD).write_text(card)
    deployment = subject.deployment
    manifest = Manifest(
        name=request.name,
        labels=subject.labels,
        artefacts=artefacts,
        default_artefact=artefacts[0].name,
        sheet=subject.sheet,
        preprocess=subject.preprocess,
        renderer_version=RENDERER_VERSION,
        checkpoint={
            "sha256": subject.checkpoint.trained_sha256,
            "parameters": size,
            "macs": macs(subject.network, torch.zeros(subject.preprocess.input_shape)),
            "training_data": subject.checkpoint.training_data,
        },
        calibration={} if subject.calibration is None else subject.calibration.summary,
        toolchain=toolchain(),
        source=asdict(git_state()),
        files=hash_files(folder),
        ladder=(*ladder, {"rung": FLOAT, "latency": taken[FLOAT]}),
        gate=QualityGate() if deployment is None else deployment.gate,
        gate_source={} if deployment is None else deployment.gate_source,
    )
    return manifest, failed


def _artefacts(
    folder: Path,
    request: ExportRequest,
    subject: Subject,
    recipes: dict[Target, Recipe],
    say: Say,
    accepting: Accepting,
) -> tuple[list[Accepted], dict[str, ParityError | AccuracyError]]:
    """What passes its gates, and what does not; ParityError or AccuracyError of the first where nothing does."""
    made: list[Accepted] = []
    failed: dict[str, ParityError | AccuracyError] = {}
    for target, recipe in recipes.items():
        for machine in recipe.machines if request.int8 else (Machine.ANY,):
            wanted = Wanted(
                recipe=recipe,
                precision=request.precision,
                machine=machine,
                on_fail=request.on_fail,
                limits=request.limits,
                calibrators=_calibrators(request, subject, target, machine),
                qat_epochs=request.qat_epochs,
                seed=request.seed,
            )
            try:
                accepted = accepting(wanted, subject, folder, say=say)
            except (ParityError, AccuracyError) as error:
                failed[wanted.name(request.precision)] = error
                continue
            made.append(_with_golden_program(accepted, subject, folder))
            if accepted.artefact.precision != Precision.INT8.value:
                # Only int8 differs by processor.
                break
    if not made:
        raise next(iter(failed.values()))
    return made, failed


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
    measured = parity.compare(subject.golden.logits, subject.logits(run, subject.golden.inks), rule=subject.rule)
    say(f"{name}: largest difference {measured.max_abs:.2g} on {measured.n} golden sheets")
    parity.check(measured, limits=parity.LIMITS[Precision.FP32.value], artefact=name)
    return {"rung": name, "size_bytes": size, "golden": measured.to_dict()}
