"""What a report says of a run, as text: each form only lays it out."""

from __future__ import annotations

from vizecg_bench.report.select import ONNX_FP32, accuracy_of, headline_sections, named, ordered
from vizecg_bench.report.text import (
    NONE,
    Table,
    decimals,
    interval,
    joined,
    kib,
    number,
    percent,
)
from vizecg_bench.run.schema import Accuracy, Contender, Environment, Interval, Monitor, Result

INVALID = "NOT VALID: these figures are not to be quoted"
VALID = "valid: the protocol was met on a quiet machine"


def title(result: Result) -> str:
    """One line."""
    return f"Benchmark of {result.bundle.name} on {_machine(result.environment)}"


def validity(result: Result) -> str:
    """One line; the reasons are ``result.invalid_because``."""
    return VALID if result.is_valid else INVALID


def reasons(result: Result) -> tuple[str, ...]:
    """Why it is not valid."""
    return () if result.is_valid else result.invalid_because or ("the run gives no reason",)


def handicaps(result: Result) -> tuple[str, ...]:
    """What was slowed on purpose, where the run does not say so itself: never to be overlooked."""
    return tuple(
        f"{found.key} was slowed on purpose: a pause of {number(found.handicap_ms)} ms in each run"
        for found in result.contenders
        if found.handicap_ms and result.is_valid
    )


def facts(result: Result) -> list[tuple[str, str]]:
    """Name and text: where, how and what was measured."""
    protocol, pack = result.protocol, result.pack
    rows = [
        ("environment", environment_line(result.environment)),
        ("versions", ", ".join(f"{name} {version}" for name, version in result.environment.versions.items())),
        (
            "protocol",
            f"{protocol.name}: at least {protocol.least_runs:,} runs and {protocol.least_span_s:g} s of each"
            f" contender, in turns of {protocol.burst} with all others in between, after {protocol.warm_up_runs} to"
            f" warm up; {protocol.start_repeats} fresh processes; {protocol.sustained_s:g} s sustained;"
            f" seed {protocol.seed}",
        ),
        ("machine during the run", monitor_line(result.monitor)),
        ("bundle", f"{result.bundle.name}, sha256 {result.bundle.sha256}"),
        ("checkpoint", f"sha256 {result.bundle.checkpoint_sha256}"),
    ]
    if pack is not None:
        sections = ", ".join(f"{name} {n:,}" for name, n in pack.sections.items())
        rows.append(("evaluation pack", f"{pack.name} ({pack.source}), sha256 {pack.sha256}; pictures: {sections}"))
    rows += [("began", result.began), ("command", result.command)]
    return [(name, text) for name, text in rows if text]


def environment_line(environment: Environment) -> str:
    """The machine as far as figures depend on it."""
    commit = environment.git_commit
    dirty = {True: " with changes", False: "", None: ""}[environment.git_dirty]
    return joined(
        (
            _machine(environment),
            f"{environment.cores} cores",
            "" if environment.memory_mib is None else f"{environment.memory_mib:,} MiB",
            environment.system,
            "" if environment.governor is None else f"governor {environment.governor}",
            " ".join(environment.instructions),
            "" if commit is None else f"vizecg at {commit[:12]}{dirty}",
        )
    )


def monitor_line(monitor: Monitor) -> str:
    """How quiet it was."""
    heat = [sample.temperature for sample in monitor.samples if sample.temperature is not None]
    clock = [sample.mhz for sample in monitor.samples if sample.mhz is not None]
    others, slowed = monitor.others_cores, monitor.slowed
    return joined(
        (
            "" if others is None else f"other programs kept {others:.2f} cores busy",
            "" if monitor.steal is None else f"the hypervisor took {percent(monitor.steal, digits=1)}",
            "" if slowed is None else f"a fixed piece of work took at most {percent(slowed, digits=1)} longer",
            {True: "throttled", False: "not throttled", None: ""}[monitor.throttled],
            "" if monitor.thermal_status is None else f"thermal status {monitor.thermal_status}",
            f"{number(min(heat))} to {number(max(heat))} °C" if heat else "no temperature to be read",
            f"{min(clock):.0f} to {max(clock):.0f} MHz" if clock else "",
            *monitor.notes,
        )
    )


def latency_table(result: Result) -> Table:
    """Every contender: what it is and what a sheet takes."""
    rows = []
    for found in ordered(result):
        latency = found.latency
        onnx = named(result.contenders, ONNX_FP32, found.threads)
        rows.append(
            (
                shown_name(found),
                str(found.threads),
                found.precision,
                kib(found.file_bytes),
                interval(latency.p50),
                interval(latency.p90),
                interval(latency.p99),
                interval(latency.of_float),
                _over(latency.p50, None if onnx is None else onnx.latency.p50),
                percent(latency.peak_share),
                number(latency.engine_p50),
                percent(latency.cpu_over_wall),
                f"{latency.runs:,}",
            )
        )
    return Table(
        title="Time for one sheet, ms",
        head=(
            "contender", "threads", "precision", "KiB", "p50", "p90", "p99", "of float", "of ONNX fp32",
            "share of peak", "p50 in the engine", "CPU over wall", "runs",
        ),
        rows=tuple(rows),
        left=3,
        keys=2,
        note="In brackets 95 % intervals by bootstrap over turns. Of float, of ONNX fp32: p50 over theirs on the same"
        " threads in the same run.",
    ).without_empty()  # fmt: skip


def start_table(result: Result) -> Table:
    """Every contender: until the first answer, memory, what is kept of the accuracy."""
    rows, judged = [], set[str]()
    for found in ordered(result):
        accuracy = accuracy_of(result, found)
        start = found.start
        judged |= set() if accuracy is None else set(headline_sections(accuracy))
        rows.append(
            (
                shown_name(found),
                str(found.threads),
                *((NONE,) * 3 if start is None else map(number, _start(found))),
                number(found.peak_memory_mib),
                least_kept(accuracy, "f1"),
                least_kept(accuracy, "auroc"),
                flips(accuracy, len(result.labels)),
                NONE if found.sustained is None else percent(found.sustained.slowdown, digits=1, signed=True),
                NONE if found.sustained is None else number(found.sustained.joules),
            )
        )
    sections = ", ".join(sorted(judged))
    return Table(
        title="Start, memory, accuracy kept",
        head=(
            "contender", "threads", "cold start, ms", "loading, ms", "first inference, ms", "memory, MiB",
            "macro F1 kept", "macro AUROC kept", "decisions flipped", "slower when sustained", "joules",
        ),
        rows=tuple(rows),
        left=2,
        keys=2,
        note="Cold start: from the start of a process to its first answer."
        + (f" Kept: of the float network's, the least of {sections}; decisions: of all of them." if judged else ""),
    ).without_empty()  # fmt: skip


def peaks_table(result: Result) -> Table | None:
    """The most that this machine multiplies."""
    if result.bound is None or not result.bound.peaks:
        return None
    macs = result.bound.macs
    rows = tuple(
        (peak.precision, str(peak.threads), f"{peak.gmacs:,.1f}", number(_least_ms(macs, peak.gmacs)), peak.by)
        for peak in result.bound.peaks
    )
    return Table(
        title="Arithmetic peak",
        head=("precision", "threads", "10^9 MAC/s", "least time for one sheet, ms", "measured with"),
        rows=rows,
        note=f"One sheet takes {macs / 1e6:,.1f} million multiply-accumulates (MAC).",
    )


def left_out_table(result: Result) -> Table | None:
    """What was not measured, and why."""
    if not result.left_out:
        return None
    rows = tuple((one.name, one.why) for one in result.left_out)
    return Table(title="Left out", head=("contender", "why"), rows=rows, left=2, keys=2)


def least_kept(accuracy: Accuracy | None, figure: str) -> str:
    """The least of the headline sections, with its interval."""
    found = [] if accuracy is None else [
        accuracy.sections[name].retention.get(figure) for name in headline_sections(accuracy)
    ]  # fmt: skip
    known = [one for one in found if one is not None and one.value is not None]
    return decimals(min(known, key=lambda one: one.value or 0.0)) if known else NONE


def flips(accuracy: Accuracy | None, labels: int) -> str:
    """``21 of 26,040`` of all headline sections."""
    if accuracy is None:
        return NONE
    sections = [accuracy.sections[name] for name in headline_sections(accuracy)]
    turned = sum(one.lost + one.won for section in sections for one in section.flips.values())
    return f"{turned:,} of {labels * sum(section.n for section in sections):,}"


def shown_name(contender: Contender) -> str:
    """Its name, and what no reader may overlook."""
    pause = f" (slowed by {number(contender.handicap_ms)} ms)" if contender.handicap_ms else ""
    return contender.name + pause


def _machine(environment: Environment) -> str:
    names = (environment.board, environment.cpu or environment.machine)
    return ", ".join(name for name in names if name)


def _over(found: Interval, other: Interval | None) -> str:
    if found.value is None or other is None or not other.value:
        return NONE
    return number(found.value / other.value)


def _start(found: Contender) -> tuple[float, float, float]:
    assert found.start is not None
    return found.start.process_to_answer, found.start.load, found.start.first_inference


def _least_ms(macs: int, gmacs: float) -> float | None:
    return macs / gmacs / 1e6 if gmacs > 0 else None
