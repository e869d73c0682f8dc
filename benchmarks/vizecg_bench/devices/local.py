"""A run on this machine, whatever it is: a desktop, or a Jetson on the board itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone

from rich.console import Console

from vizecg.spec import BundleError, UsageError, VizecgError
from vizecg.spec.golden import read_golden
from vizecg.spec.manifest import Bundle, open_bundle
from vizecg.spec.provenance import command_line
from vizecg_bench.devices.jetson.engine import ensure_engine
from vizecg_bench.devices.jetson.tegrastats import energy_per_run_j
from vizecg_bench.devices.state import environment_of, watched
from vizecg_bench.pack.evaluate import FLOAT_RULE, evaluate_pack
from vizecg_bench.pack.format import Pack, open_pack
from vizecg_bench.run import machine
from vizecg_bench.run.assemble import bundle_part, contenders, unmet
from vizecg_bench.run.bound import measure_bound
from vizecg_bench.run.contenders import ContenderSpec, Engine, Role
from vizecg_bench.run.inputs import bundle_or_shipped
from vizecg_bench.run.measure import Runs, started, sustain, take_turns
from vizecg_bench.run.monitor import MachineMonitor, invalid_reasons
from vizecg_bench.run.references import find_checkpoint, make_references
from vizecg_bench.run.request import RunRequest
from vizecg_bench.run.schema import Accuracy, LeftOut, Monitor, Result, Sustained


def measure_local(request: RunRequest, *, device: str, console: Console) -> Result:
    """Measure a bundle here.

    Args:
        request: what is asked for.
        device: ``local`` or ``jetson``.
        console: of progress and notes.

    Raises:
        UsageError: an unknown contender, or none that runs here.
        BundleError: a damaged bundle or pack, or a pack of another model.
    """
    bundle = bundle_or_shipped(request.bundle)
    pack = None if request.pack is None else open_pack(request.pack, bundle=bundle, sections=request.sections)
    specs, left_out = _contenders(bundle, request, console)
    golden = read_golden(bundle)
    environment = environment_of(device)
    began = datetime.now(timezone.utc).isoformat(timespec="seconds")
    console.print("matrix products, for the bound")
    macs = bundle.manifest.checkpoint.get("macs")
    bound = measure_bound(int(macs), threads=request.threads) if macs else None
    with ExitStack() as stack:
        runs, failed = stack.enter_context(started(specs, protocol=request.protocol, golden=golden, console=console))
        if not runs:
            raise BundleError("; ".join(f"{one.name}: {one.why}" for one in failed) or "nothing runs here")
        monitor = stack.enter_context(watched(environment))
        failed += take_turns(runs, protocol=request.protocol, between=monitor.probe, console=console)
        memory = {one.spec.key: one.worker.peak_memory_mib() for one in runs}
        alone_s = monitor.now_s()
        lasted = _sustained(runs, bundle, request, monitor, console)
        seen = monitor.finish()
        lasted = {key: _with_energy(one, seen, began_s=alone_s) for key, one in lasted.items()}
        accuracy = _accuracy(runs, pack, request, console)
        found = contenders(
            runs, bound=bound, memory=memory, accuracy=accuracy, sustained=lasted, seed=request.protocol.seed
        )
    reasons = (
        *unmet(found, request.protocol, full=request.is_full),
        *invalid_reasons(seen, environment),
    )
    return Result(
        command=command_line(),
        began=began,
        device=device,
        protocol=request.protocol,
        environment=environment,
        bundle=bundle_part(bundle),
        pack=None if pack is None else pack.part(),
        contenders=found,
        left_out=(*left_out, *failed),
        bound=bound,
        monitor=seen,
        is_valid=not reasons,
        invalid_because=reasons,
        labels=bundle.manifest.labels.names,
    )


def _contenders(bundle: Bundle, request: RunRequest, console: Console) -> tuple[list[ContenderSpec], list[LeftOut]]:
    specs, left_out = machine.bundle_contenders(bundle, role=Role.ARTEFACT)
    if request.references:
        try:
            checkpoint = find_checkpoint(bundle, request.checkpoint)
        except VizecgError as error:
            if request.checkpoint is not None:
                raise
            left_out.append(LeftOut(name="the float network", why=str(error)))
        else:
            floats, without = machine.float_contenders(checkpoint)
            have = {(artefact.target, artefact.precision) for artefact in bundle.manifest.artefacts}
            others = make_references(bundle, checkpoint, have=have, console=console)
            left_out += [*without, *others.left_out]
            for other in others.bundles:
                more, without = machine.bundle_contenders(other, role=Role.REFERENCE)
                specs, left_out = specs + more, left_out + without
            specs = floats + specs
    specs, failed = _with_engines(specs, request, console)
    left_out += failed
    chosen = machine.chosen(specs, threads=request.threads, names=request.names, handicaps=dict(request.handicaps))
    if request.sustained is not None and request.sustained not in {spec.name for spec in chosen}:
        raise UsageError(f"no contender {request.sustained!r} to sustain")
    return chosen, left_out


def _with_engines(
    specs: list[ContenderSpec], request: RunRequest, console: Console
) -> tuple[list[ContenderSpec], list[LeftOut]]:
    """The contenders that run as TensorRT's engines, built where they are not; and those that cannot be built."""
    found, failed = [], []
    for spec in specs:
        if spec.engine is not Engine.TENSORRT or (request.names and spec.name not in request.names):
            found.append(spec)
            continue
        try:
            seconds = ensure_engine(open_bundle(spec.source), spec.artefact, say=console.print)
        except VizecgError as error:
            failed.append(LeftOut(name=spec.name, why=str(error)))
        else:
            found.append(replace(spec, details={**spec.details, "engine_build_s": seconds}))
    return found, failed


def _sustained(
    runs: Sequence[Runs], bundle: Bundle, request: RunRequest, monitor: MachineMonitor, console: Console
) -> dict[str, Sustained]:
    """The sustained run, by key; on the most threads."""
    if not request.protocol.sustained_s:
        return {}
    wanted = request.sustained or bundle.manifest.default_artefact
    for one in runs:
        if one.spec.name == wanted and one.spec.threads == max(request.threads):
            try:
                found = sustain(one, seconds=request.protocol.sustained_s, reading=monitor.reading, console=console)
            except BundleError as error:
                # The turns are worth keeping; without this part the run is not valid, and says so.
                console.print(f"the sustained run failed: {error}")
                return {}
            return {one.spec.key: found}
    return {}


def _with_energy(one: Sustained, seen: Monitor, *, began_s: float) -> Sustained:
    """With the joules of a sheet: the contender ran alone, so that the board's power is its own."""
    joules = energy_per_run_j(
        seen.samples,
        began_s=began_s,
        ended_s=began_s + one.seconds,
        busy_s=one.seconds,
        runs=sum(point.runs for point in one.points),
    )
    return one.model_copy(update={"joules": joules})


def _accuracy(runs: Sequence[Runs], pack: Pack | None, request: RunRequest, console: Console) -> dict[str, Accuracy]:
    """By key. Threads change no answer but in its last bits: only the most are asked."""
    if pack is None:
        return {}
    return {
        one.spec.key: evaluate_pack(
            pack,
            logits=one.worker.logits,
            rule=one.spec.rule,
            console=console,
            told=f"pack through {one.spec.name}",
            rule_name=FLOAT_RULE if one.spec.rule is None else one.spec.artefact,
        )
        for one in runs
        if one.spec.threads == max(request.threads)
    }
