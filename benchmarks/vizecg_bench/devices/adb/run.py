"""``vizecg-bench run --device adb``: the ExecuTorch programs of a bundle on an Android phone."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

import numpy as np
from rich.console import Console

from vizecg.spec import BundleError, MissingToolError, UsageError
from vizecg.spec.fingerprint import sha256_file
from vizecg.spec.golden import read_golden
from vizecg.spec.manifest import Bundle
from vizecg.spec.provenance import command_line
from vizecg_bench.devices.adb.client import Adb, open_phone, run_adb
from vizecg_bench.devices.adb.device import Phone, busy_cores, read_phone
from vizecg_bench.devices.adb.faults import AdbError, Fault
from vizecg_bench.devices.adb.folder import REMOTE, Folder, opened
from vizecg_bench.devices.adb.heat import CoolDown, Watch
from vizecg_bench.devices.adb.measure import Runs, Sheets, logits, started, sustain, take_turns
from vizecg_bench.devices.adb.plan import plan
from vizecg_bench.devices.adb.programs import Program
from vizecg_bench.pack.evaluate import FLOAT_RULE, evaluate_pack
from vizecg_bench.pack.format import Pack, open_pack
from vizecg_bench.run.assemble import bundle_part, unmet
from vizecg_bench.run.inputs import bundle_or_shipped
from vizecg_bench.run.request import RunRequest
from vizecg_bench.run.schema import Accuracy, Contender, Environment, LeftOut, Result, Sustained
from vizecg_bench.run.statistics import latency_figures

RUNNER_VARIABLE = "VIZECG_ANDROID_RUNNER"


@dataclass(kw_only=True)
class Seen:
    """What a run has brought so far: a phone that goes away leaves what was measured."""

    runs: list[Runs] = field(default_factory=list)
    accuracy: dict[str, Accuracy] = field(default_factory=dict)
    sustained: dict[str, Sustained] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def find_runner(explicit: Path | None = None) -> Path:
    """The Android runner on this machine: ``explicit``, else ``$VIZECG_ANDROID_RUNNER``.

    Raises:
        MissingToolError: none is named, or there is no such file.
    """
    named = explicit or Path(os.environ.get(RUNNER_VARIABLE, ""))
    if not named.is_file():
        told = f"no file {named}" if named.name else "none is named"
        raise MissingToolError(
            f"a runner for Android is needed ({told}): build it with `sh edge_runtime/android/build.sh` and name it in"
            f" ${RUNNER_VARIABLE}"
        )
    return named


def measure_adb(
    request: RunRequest, *, serial: str | None, console: Console, runner: Path | None = None,
    cool_down: CoolDown | None = None,
) -> Result:  # fmt: skip
    """Measure the ExecuTorch programs of a bundle on a phone. The bundle's golden sheets go there, and the pack's.

    Args:
        request: what is asked for; 1 and the faster cores where it names no threads.
        serial: the phone's; None takes the only one.
        console: of progress and notes.
        runner: file of the Android runner; None looks for it (``find_runner``).
        cool_down: when the phone is cool.

    Raises:
        MissingToolError: no adb, or no runner for Android.
        AdbError: see ``faults``; a phone that goes away after every program had its turn only makes the run invalid.
        UsageError: an unknown contender, or one that is to be slowed.
        BundleError: a damaged bundle or pack, no program for ExecuTorch in it, or none that runs.
    """
    if request.handicaps:
        raise UsageError("a phone's contenders cannot be slowed: --handicap is for --device local")
    bundle = bundle_or_shipped(request.bundle)
    pack = None if request.pack is None else open_pack(request.pack, bundle=bundle, sections=request.sections)
    binary = find_runner(runner)
    adb = open_phone(serial)
    phone = read_phone(adb)
    programs, left_out = plan(bundle, request, phone, console)
    seen = Seen(left_out=left_out)
    watch = Watch(adb=adb, cool_down=cool_down or CoolDown(), tell=lambda line: console.print(line))
    began = datetime.now(timezone.utc).isoformat(timespec="seconds")
    others = busy_cores(adb, seconds=watch.cool_down.idle_s)
    watch.look()
    needed = sum(file.stat().st_size for file in {program.file for program in programs})
    libraries = tuple(sorted(binary.parent.glob("lib*.so")))
    with opened(
        adb, runner=binary, libraries=libraries, needed=needed, abis=phone.abis, keep=request.keep, console=console
    ) as folder:
        _measure(folder, programs, request, bundle, pack, watch, seen, console)
    found = tuple(_contender(one, seen, seed=request.protocol.seed) for one in seen.runs)
    reasons = (*unmet(found, request.protocol, full=request.is_full), *watch.reasons(), *seen.reasons, *_saver(phone))
    return Result(
        # A serial number tells one person's phone from all others.
        command=re.sub(r"\badb:\S+", "adb", command_line()),
        began=began,
        device="adb",
        protocol=request.protocol,
        environment=_environment(adb, phone, seen.runs),
        bundle=bundle_part(bundle),
        pack=None if pack is None else pack.part(),
        contenders=found,
        left_out=tuple(seen.left_out),
        monitor=watch.monitor(others_cores=others),
        is_valid=not reasons,
        invalid_because=reasons,
        labels=bundle.manifest.labels.names,
    )


def _measure(
    folder: Folder, programs: Sequence[Program], request: RunRequest, bundle: Bundle, pack: Pack | None, watch: Watch,
    seen: Seen, console: Console,
) -> None:  # fmt: skip
    protocol = request.protocol
    sheets = _push_sheets(folder, bundle)
    remotes = {name: folder.push(file, f"{name}.pte") for name, file in {p.name: p.file for p in programs}.items()}
    placed = [(program, remotes[program.name]) for program in programs]
    with started(folder, placed, sheets=sheets, protocol=protocol, watch=watch, console=console) as (runs, failed):
        seen.left_out += failed
        if not runs:
            raise BundleError("; ".join(f"{one.name}: {one.why}" for one in failed))
        crashed, stayed = take_turns(folder, runs, sheets=sheets, protocol=protocol, watch=watch, console=console)
        seen.left_out += crashed
        gone = {one.name for one in crashed}
        seen.runs = [one for one in runs if one.program.key not in gone]
        if not seen.runs:
            raise BundleError("; ".join(f"{one.name}: {one.why}" for one in crashed))
        if stayed and pack is not None:
            stayed = _accuracy(folder, pack, request, seen, console)
    # Their processes have ended: the one that endures has the phone to itself.
    if stayed and protocol.sustained_s:
        one = _enduring(seen.runs, request, bundle)
        try:
            lasted = sustain(folder, one, sheets=sheets, seconds=protocol.sustained_s, watch=watch, console=console)
        except (AdbError, BundleError) as error:
            seen.reasons.append(f"{one.program.key} did not last through the sustained run: {error}")
        else:
            seen.sustained |= {} if lasted is None else {one.program.key: lasted}
    if not (stayed and folder.adb.present()):
        seen.reasons.append("the phone went away before the run had ended")


def _accuracy(folder: Folder, pack: Pack, request: RunRequest, seen: Seen, console: Console) -> bool:
    """Of every program on the most threads: threads change no answer but in its last bits.

    Returns:
        Whether the phone stayed.
    """
    most = max(one.program.threads for one in seen.runs)
    for one in (one for one in seen.runs if one.program.threads == most):

        def ask(image: np.ndarray, one: Runs = one) -> np.ndarray:
            return logits(one.backend, image, folder)

        rule = one.program.rule
        try:
            seen.accuracy[one.program.key] = evaluate_pack(
                pack, logits=ask, rule=rule, rule_name=FLOAT_RULE if rule is None else one.program.artefact,
                sections=request.sections or None, console=console, told=f"pack through {one.program.name}",
            )  # fmt: skip
        except (AdbError, BundleError) as error:
            if isinstance(error, AdbError) and error.fault in (Fault.DISCONNECTED, Fault.TIMEOUT):
                return False
            seen.reasons.append(f"{one.program.key} did not answer all of the pack: {error}")
    return True


def _push_sheets(folder: Folder, bundle: Bundle) -> Sheets:
    """The bundle's golden sheets; the first of them goes to the phone as a file."""
    golden = read_golden(bundle)
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        golden.images[:1].astype("<f4").tofile(file.name)
        remote: PurePosixPath = folder.push(Path(file.name), "sheet.bin")
    return Sheets(images=golden.images, logits=golden.logits, accepted=golden.accepted, remote=remote)


def _enduring(runs: Sequence[Runs], request: RunRequest, bundle: Bundle) -> Runs:
    """The named one, else the bundle's default, else the fastest; on the most threads."""
    wanted = request.sustained or bundle.manifest.default_artefact
    named = [one for one in runs if one.program.name == wanted]
    if named:
        return max(named, key=lambda one: one.program.threads)
    return min(runs, key=lambda one: float(np.median(one.back_to_back.milliseconds)))


def _contender(one: Runs, seen: Seen, *, seed: int) -> Contender:
    program = one.program
    latency = latency_figures(one.turns, span_s=one.span_s, seed=seed)
    return Contender(
        name=program.name,
        role=program.role,
        engine=one.backend.name,
        engine_version=str(one.backend.info.get("executorch", "unknown")),
        artefact=program.artefact,
        precision=program.precision,
        threads=program.threads,
        file_bytes=program.file.stat().st_size,
        file_sha256=sha256_file(program.file),
        # The runner on the phone takes the time of every run: the way over the cable is in none of these figures.
        latency=latency.model_copy(update={"engine_p50": latency.p50.value}),
        start=one.start,
        peak_memory_mib=one.peak_memory_mib,
        accuracy=seen.accuracy.get(program.key),
        sustained=seen.sustained.get(program.key),
        details={
            "timed_by": "the runner on the phone",
            "round_trip_p50_ms": round(float(np.median(one.round_trips)), 3),
            "back_to_back_p50_ms": round(float(np.median(one.back_to_back.milliseconds)), 3),
            "back_to_back_cpu_over_wall": one.back_to_back.cpu_over_wall,
        },
    )


def _environment(adb: Adb, phone: Phone, runs: Sequence[Runs]) -> Environment:
    told = run_adb(adb.program, "version").stdout.splitlines()
    versions = {**phone.environment.versions, "adb": told[0].rpartition(" ")[2] if told else "unknown"}
    if runs:
        versions |= {name: str(runs[0].backend.info.get(name, "unknown")) for name in ("executorch", "runner")}
    details = {**phone.environment.details, "battery_saver": phone.battery_saver, "folder": str(REMOTE)}
    return phone.environment.model_copy(update={"versions": versions, "details": details})


def _saver(phone: Phone) -> list[str]:
    return ["the phone's battery saver is on"] if phone.battery_saver else []
