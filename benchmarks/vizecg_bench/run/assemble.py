"""From what was seen to what is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vizecg.spec.fingerprint import sha256_file
from vizecg.spec.manifest import Bundle
from vizecg_bench.run.bound import peak_of
from vizecg_bench.run.machine import FLOAT
from vizecg_bench.run.measure import Runs
from vizecg_bench.run.schema import (
    Accuracy,
    Bound,
    BundlePart,
    Contender,
    Interval,
    Latency,
    ProtocolPart,
    Sustained,
)
from vizecg_bench.run.statistics import latency_figures, ratio_of_medians


def contender(
    one: Runs,
    *,
    of: Runs | None,
    bound: Bound | None,
    memory_mib: float,
    accuracy: Accuracy | None,
    sustained: Sustained | None,
    seed: int,
) -> Contender:
    """Everything about one contender; ``of`` is the float network on as many threads."""
    spec = one.spec
    latency = latency_figures(one.turns, span_s=one.span_s, cpu_s=one.cpu_s, seed=seed)
    update = {
        "of_float": None if of is None else ratio_of_medians(one.turns, of.turns, seed=seed),
        "peak_share": _share(latency, bound, precision=spec.precision, threads=spec.threads),
        "engine_p50": round(sorted(one.engine_times)[len(one.engine_times) // 2], 4) if one.engine_times else None,
    }
    return Contender(
        name=spec.name,
        role=spec.role,
        engine=one.worker.ready.engine,
        engine_version=one.worker.ready.version,
        artefact=spec.artefact,
        precision=spec.precision,
        threads=spec.threads,
        file_bytes=None if spec.file is None else spec.file.stat().st_size,
        file_sha256=None if spec.file is None else sha256_file(spec.file),
        latency=latency.model_copy(update=update),
        start=one.start,
        peak_memory_mib=round(memory_mib, 1),
        accuracy=accuracy,
        sustained=sustained,
        handicap_ms=spec.handicap_ms,
        details=dict(spec.details),
    )


def contenders(
    runs: Sequence[Runs],
    *,
    bound: Bound | None,
    memory: Mapping[str, float],
    accuracy: Mapping[str, Accuracy],
    sustained: Mapping[str, Sustained],
    seed: int,
) -> tuple[Contender, ...]:
    """All of them, in the order in which they are shown: the float network first. The mappings are by key."""
    floats = {one.spec.threads: one for one in runs if one.spec.name == FLOAT}
    return tuple(
        contender(
            one,
            of=floats.get(one.spec.threads),
            bound=bound,
            memory_mib=memory[one.spec.key],
            accuracy=accuracy.get(one.spec.key),
            sustained=sustained.get(one.spec.key),
            seed=seed,
        )
        for one in runs
    )


def bundle_part(bundle: Bundle) -> BundlePart:
    """Names and fingerprints."""
    return BundlePart(
        name=bundle.manifest.name,
        sha256=bundle.sha256,
        checkpoint_sha256=str(bundle.manifest.checkpoint.get("sha256", "")),
    )


def unmet(contenders: Sequence[Contender], protocol: ProtocolPart, *, full: bool) -> list[str]:
    """How a run falls short of the full protocol, in sentences."""
    reasons = [] if full else [f"protocol {protocol.name} is for development"]
    for one in contenders:
        if one.latency.runs < protocol.least_runs:
            reasons.append(f"{one.key} has {one.latency.runs} runs (at least {protocol.least_runs})")
        if one.latency.span_s < protocol.least_span_s:
            reasons.append(f"{one.key} was measured for {one.latency.span_s:g} s (at least {protocol.least_span_s:g})")
        if one.handicap_ms:
            reasons.append(f"{one.key} was slowed on purpose by {one.handicap_ms:g} ms")
    lasted = max((one.sustained.seconds for one in contenders if one.sustained), default=0.0)
    if lasted < protocol.sustained_s:
        reasons.append(f"the sustained run lasted {lasted:g} s (at least {protocol.sustained_s:g})")
    return reasons


def _share(latency: Latency, bound: Bound | None, *, precision: str, threads: int) -> float | None:
    """Multiply-accumulates per second over the machine's peak."""
    peak = peak_of(bound, precision=precision, threads=threads) if bound else None
    p50: Interval = latency.p50
    if bound is None or peak is None or not p50.value:
        return None
    return round(bound.macs / (p50.value / 1000) / (peak.gmacs * 1e9), 4)
