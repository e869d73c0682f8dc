"""Results of `vizecg-bench run` for tests. Every figure in them is made up: nothing was measured."""

from __future__ import annotations

import math
from typing import Any

from vizecg.spec import CODE6
from vizecg_bench.run.contenders import Role
from vizecg_bench.run.schema import (
    Accuracy,
    Bound,
    BundlePart,
    Contender,
    Environment,
    Flips,
    Interval,
    Latency,
    LeftOut,
    Monitor,
    PackPart,
    Peak,
    ProtocolPart,
    Result,
    Sample,
    Section,
    Start,
    Sustained,
    SustainedPoint,
)

FLOAT_MS = 21.0
N = 2170
POSITIVES = dict(zip(CODE6.names, (79, 54, 53, 63, 149, 82), strict=True))


def around(value: float, share: float = 0.02) -> Interval:
    """A made-up interval of a share on either side."""
    return Interval(value=value, low=value * (1 - share), high=value * (1 + share))


def made_up_latency(median: float, /, *, of_float: float | None = None, **changes: Any) -> Latency:
    """Times with a tail to the right."""
    spread = tuple(median * math.exp(0.04 * (place - 50) / 25 + 0.3 * (place / 100) ** 12) for place in range(101))
    figures: dict[str, Any] = {
        "runs": 1536, "span_s": 75.0, "busy_s": 1.536 * median, "p50": around(spread[50]), "p90": around(spread[90]),
        "p99": around(spread[99], 0.08), "cpu_over_wall": 0.99, "quantiles": spread, "peak_share": min(0.9, 4 / median),
        "of_float": None if of_float is None else around(of_float),
    }  # fmt: skip
    return Latency(**{**figures, **changes})


def made_up_section(*, f1: float = 0.728, auroc: float = 0.98, n: int = N, recall_change: float = -0.01) -> Section:
    """Figures that hang together roughly, the same for every class."""
    macro = {"auroc": around(auroc, 0.005), "f1": around(f1, 0.04), "ece": around(0.012, 0.2)}
    classes = {label: {"f1": around(f1, 0.1), "recall": around(0.7, 0.1)} for label in CODE6.names}
    change = Interval(value=recall_change, low=recall_change - 0.02, high=recall_change + 0.015)
    return Section(
        n=n,
        positives=POSITIVES,
        macro={**macro, "auprc": Interval(value=None)},
        classes=classes,
        retention={"f1": around(f1 / 0.731, 0.01), "auroc": around(auroc / 0.98, 0.001)},
        recall_change=dict.fromkeys(CODE6.names, change),
        flips=dict.fromkeys(CODE6.names, Flips(lost=2, won=1, mcnemar_p=1.0)),
        largest_difference=0.081,
    )


def made_up_accuracy(*, strengths: bool = False, **changes: Any) -> Accuracy:
    """Clean and photographed sheets, and with ``strengths`` two conditions in four strengths."""
    sections = {"clean": made_up_section(**changes), "photo": made_up_section(**changes)}
    if strengths:
        for condition in ("photo", "scan"):
            for step in range(1, 5):
                changed = made_up_section(f1=0.75 - 0.05 * step, auroc=0.99 - 0.02 * step, n=150)
                sections[f"{condition}@{step / 4:g}"] = changed
    return Accuracy(rule="its own", sections=sections)


def made_up_contender(name: str, p50: float, **changes: Any) -> Contender:
    """One with every figure there is; ``changes`` are fields of it."""
    engine = {"onnx": "onnx", "torch": "torch", "openvino": "openvino"}.get(name.split("-")[0], "executorch")
    fields: dict[str, Any] = {
        "name": name, "role": Role.FLOAT if engine == "torch" else Role.ARTEFACT, "engine": engine,
        "engine_version": "1.0", "artefact": name, "precision": "int8" if "int8" in name else "fp32", "threads": 1,
        "file_bytes": None if engine == "torch" else 1_843_000 if "int8" in name else 6_720_000,
        "file_sha256": None if engine == "torch" else "ab" * 32,
        "latency": made_up_latency(p50, of_float=p50 / FLOAT_MS),
        "start": Start(repeats=10, process_to_answer=412.0, load=38.0, first_inference=9.1),
        "peak_memory_mib": 96.5, "accuracy": made_up_accuracy(),
    }  # fmt: skip
    return Contender(**{**fields, **changes})


def made_up_sustained(p50: float) -> Sustained:
    """Ten minutes in which the machine grew warmer."""
    points = tuple(
        SustainedPoint(at_s=at, runs=900, p50=p50 * (1 + at / 12000), temperature=48 + 18 * (1 - math.exp(-at / 150)),
                       mhz=2400 - at / 4)
        for at in range(15, 600, 30)
    )  # fmt: skip
    return Sustained(seconds=600.0, points=points, slowdown=0.041)


def made_up_result(**changes: Any) -> Result:
    """A valid run of five contenders on one thread and on two; ``changes`` are fields of it."""
    one = {"torch-eager": FLOAT_MS, "torch-compiled": 15.0, "onnx-fp32": 9.0, "onnx-int8": 4.5, "executorch-int8": 5.2}
    contenders = [made_up_contender(name, p50) for name, p50 in one.items()]
    contenders += [
        made_up_contender(name, 0.6 * p50, threads=2, latency=made_up_latency(0.6 * p50, of_float=p50 / FLOAT_MS))
        for name, p50 in one.items()
    ]
    fields: dict[str, Any] = {
        "command": "vizecg-bench run", "began": "2025-01-01T12:00:00+00:00", "device": "local",
        "protocol": ProtocolPart(name="full", least_runs=1024, least_span_s=60.0, warm_up_runs=20, burst=8,
                                 start_repeats=10, sustained_s=600.0, seed=0),
        "environment": Environment(device="local", machine="x86_64", cpu="Made-up CPU", cores=2, memory_mib=8000,
                                   instructions=("avx2",), system="Linux", versions={"python": "3.11"},
                                   git_commit="0" * 40, git_dirty=False, details={"swap": "<none>"}),
        "bundle": BundlePart(name="made-up", sha256="cd" * 32, checkpoint_sha256="ef" * 32),
        "pack": PackPart(name="fold9", sha256="12" * 32, source="made up", sections={"clean": N, "photo": N}),
        "contenders": tuple(contenders),
        "left_out": (LeftOut(name="openvino-fp32", why="openvino is not installed: pip install openvino"),),
        "bound": Bound(macs=170_000_000, peaks=(Peak(precision="fp32", threads=1, gmacs=52.0, by="oneDNN"),)),
        "monitor": Monitor(
            samples=tuple(Sample(at_s=at, temperature=50 + at / 60, mhz=2400.0, others_cores=0.02)
                          for at in range(0, 600, 10)),
            others_cores=0.02, steal=0.001, slowed=0.02, throttled=False,
        ),
        "is_valid": True,
        "labels": CODE6.names,
    }  # fmt: skip
    return Result(**{**fields, **changes})


def with_contender(result: Result, key: str, **changes: Any) -> Result:
    """The same run with other fields of one contender."""
    return result.model_copy(
        update={
            "contenders": tuple(
                found.model_copy(update=changes) if found.key == key else found for found in result.contenders
            )
        }
    )


def bare_result(**changes: Any) -> Result:
    """One contender without anything that may be missing, invalid for want of a reason."""
    alone = Contender(
        name="onnx-int8", role=Role.ARTEFACT, engine="onnx", engine_version="1.0", artefact="onnx-int8",
        precision="int8", threads=1, latency=made_up_latency(4.5, peak_share=None, cpu_over_wall=None),
    )  # fmt: skip
    environment = Environment(device="local", machine="aarch64", cores=4, system="Linux", versions={})
    fields = {"contenders": (alone,), "environment": environment, "pack": None, "bound": None, "left_out": (),
              "monitor": Monitor(), "is_valid": False}  # fmt: skip
    return made_up_result(**{**fields, **changes})
