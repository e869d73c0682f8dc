"""What the verb ``compare`` does."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from vizecg.spec import UsageError
from vizecg.spec.errors import ExitCode, VizecgError
from vizecg.spec.files import write_atomically
from vizecg.spec.provenance import provenance
from vizecg_bench.compare.changes import Limits
from vizecg_bench.compare.ratios import parse_share
from vizecg_bench.compare.runs import By, compare, failed
from vizecg_bench.compare.table import print_comparison
from vizecg_bench.report.read import read_result
from vizecg_bench.report.write import check_writable


class RegressionError(VizecgError):
    """A contender is slower, less accurate or gone."""

    exit_code = ExitCode.ACCURACY


def compare_files(
    a: Path,
    b: Path,
    *,
    fail_over: str,
    max_accuracy_drop: float,
    by: By,
    baseline: str | None,
    allow_invalid: bool,
    out: Path | None,
) -> None:
    """Print the comparison, write it to ``out``, and fail if something became worse.

    Raises:
        UsageError: a wrong option, or files that are no results.
        NotComparableError: the two do not measure the same.
        RegressionError: something became worse.
    """
    limits = Limits(slower=parse_share(fail_over, option="--fail-over"), accuracy_drop=max_accuracy_drop)
    if baseline is not None and by is not By.RATIO:
        raise UsageError("--baseline is what ratios refer to: it has no meaning with --by p50")
    check_writable(out)
    before, after = read_result(a), read_result(b)
    found = compare(before, after, by=by, baseline=baseline, limits=limits, allow_invalid=allow_invalid)
    if out is not None:
        content = {
            "schema_version": 1, "kind": "compare", **provenance(), "a": a.name, "b": b.name, **found.to_dict(),
        }  # fmt: skip
        write_atomically(out, json.dumps(content, indent=1) + "\n")
    print_comparison(found, Console())
    if found.failures:
        raise RegressionError("worse than before: " + " | ".join(failed(found)))
