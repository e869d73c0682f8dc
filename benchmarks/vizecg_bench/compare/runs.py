"""Two runs beside each other: what became slower, less accurate, or is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from vizecg.spec import UsageError
from vizecg_bench.compare.changes import ChangeLimits, Row, judged, of_baseline, row_of
from vizecg_bench.compare.comparable import check_comparable, machine_of
from vizecg_bench.report.read import NotComparableError
from vizecg_bench.report.select import FLOAT, ONNX_FP32
from vizecg_bench.run.schema import Result


class By(str, Enum):
    """``ratio``: p50 over the baseline's of the same run, which holds across machines and their moods. ``p50``:
    milliseconds, on the same machine only."""

    RATIO = "ratio"
    P50 = "p50"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """``failures``: contender -> sentences; ``notes``: what a reader must know and no failure."""

    by: By
    baseline: str | None
    rows: tuple[Row, ...]
    new: tuple[str, ...]
    failures: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "by": self.by.value,
            "baseline": self.baseline,
            "rows": [row.to_dict() for row in self.rows],
            "new": list(self.new),
            "failures": {key: list(found) for key, found in self.failures.items()},
            "notes": list(self.notes),
        }


def compare(
    a: Result, b: Result, *, by: By = By.RATIO, baseline: str | None = None, limits: ChangeLimits | None = None,
    allow_invalid: bool = False,
) -> Comparison:  # fmt: skip
    """What changed from ``a`` to ``b``.

    Args:
        a: the older run.
        b: the newer one.
        by: what times are compared by.
        baseline: contender that ratios refer to; None takes the float network, else ONNX fp32.
        limits: beyond which a change is a failure.
        allow_invalid: also where a run says that its figures are not to be quoted.

    Raises:
        UsageError: no contender is in both, or ``baseline`` is not.
        NotComparableError: they do not measure the same, or no time can be compared.
    """
    limits = limits or ChangeLimits()
    notes = check_comparable(a, b, same_machine=by is By.P50, allow_invalid=allow_invalid)
    before, after = ({found.key: found for found in result.contenders} for result in (a, b))
    both = [key for key in before if key in after]
    if not both:
        raise UsageError(f"no contender is in both: {', '.join(before)} and {', '.join(after)}")
    reference = _baseline(a, b, baseline) if by is By.RATIO else None
    rows, failures = [], dict[str, tuple[str, ...]]()
    for key in both:
        row = row_of(a, b, key, baseline=reference)
        rows.append(row)
        found, told = judged(a, b, row, limits)
        notes += told
        if before[key].name == reference and machine_of(a) == machine_of(b):
            notes += of_baseline(before[key], after[key], limits)
        if row.time is None:
            notes.append(f"{key}: its time is not compared: no p50 of it or of {reference} on its threads in both runs")
        if found:
            failures[key] = tuple(found)
    # Named by its key where it failed on one number of threads only.
    whys = {one.name: one.why for one in b.left_out}
    for key in before:
        if key not in after:
            failures[key] = (f"gone: {whys.get(key) or whys.get(before[key].name) or 'not measured'}",)
    if all(row.time is None for row in rows):
        raise NotComparableError("no time can be compared: see that the baseline ran on the same threads")
    if all(before[row.key].name == reference for row in rows):
        notes.append("only the baseline is in both runs: no time was compared")
    return Comparison(
        by=by, baseline=reference, rows=tuple(rows), new=tuple(key for key in after if key not in before),
        failures=failures, notes=tuple(notes),
    )  # fmt: skip


def _baseline(a: Result, b: Result, asked: str | None) -> str:
    names = [{found.name for found in result.contenders} for result in (a, b)]
    shared = names[0] & names[1]
    if asked is not None:
        if asked not in shared:
            raise UsageError(f"no contender {asked!r} in both runs; in both: {', '.join(sorted(shared)) or 'none'}")
        return asked
    for name in (FLOAT, ONNX_FP32):
        if name in shared:
            return name
    raise NotComparableError(
        f"neither {FLOAT} nor {ONNX_FP32} is in both runs: name what ratios refer to with --baseline (in both:"
        f" {', '.join(sorted(shared)) or 'none'}), or on the same machine compare --by p50"
    )


def failed(comparison: Comparison) -> Sequence[str]:
    """One sentence for each contender that failed."""
    return [f"{key}: {'; '.join(found)}" for key, found in comparison.failures.items()]
