"""``vizecg-bench compare``: what changed between two runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec import UsageError
from vizecg.spec.commands import takes
from vizecg.spec.errors import ExitCode, VizecgError
from vizecg.spec.options import FiguresOption
from vizecg.spec.results import write_result
from vizecg_bench.compare.changes import DEFAULT_ACCURACY_DROP, ChangeLimits
from vizecg_bench.compare.runs import By, failed
from vizecg_bench.compare.runs import compare as compared


class RegressionError(VizecgError):
    """A contender is slower, less accurate or gone."""

    exit_code = ExitCode.ACCURACY


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which runs, and what is too much."""

    a: Annotated[Path, typer.Argument(help="JSON of the older run.")]
    b: Annotated[Path, typer.Argument(help="JSON of the newer run.")]
    fail_over: Annotated[str, typer.Option(help="A contender may become slower by so much: 5% or 0.05.")] = "5%"
    max_accuracy_drop: Annotated[float, typer.Option(min=0, max=1, help="Macro AUROC and F1 may fall by so much.")] = (
        DEFAULT_ACCURACY_DROP
    )
    by: Annotated[By, typer.Option(help="ratio: to the baseline of the same run; p50: milliseconds.")] = By.RATIO
    baseline: Annotated[
        str | None, typer.Option(help="Contender that ratios refer to. Default: the float network, else ONNX fp32.")
    ] = None
    allow_invalid: Annotated[bool, typer.Option("--allow-invalid", help="Also results that are not to be quoted.")] = (
        False
    )
    figures: FiguresOption = None


@takes(Options)
def compare(options: Options) -> None:
    """What changed between two runs. Slower, less accurate or gone exits with 5; not comparable with 6."""
    from rich.console import Console

    from vizecg_bench.compare.ratios import parse_share
    from vizecg_bench.compare.table import print_comparison
    from vizecg_bench.report.read import read_result

    limits = ChangeLimits(
        slower=parse_share(options.fail_over, option="--fail-over"), accuracy_drop=options.max_accuracy_drop
    )
    if options.baseline is not None and options.by is not By.RATIO:
        raise UsageError("--baseline is what ratios refer to: it has no meaning with --by p50")
    before, after = read_result(options.a), read_result(options.b)
    comparison = compared(
        before, after, by=options.by, baseline=options.baseline, limits=limits, allow_invalid=options.allow_invalid
    )
    write_result(
        options.figures, kind="compare", figures={"a": options.a.name, "b": options.b.name, **comparison.to_dict()}
    )
    print_comparison(comparison, Console())
    if comparison.failures:
        raise RegressionError("worse than before: " + " | ".join(failed(comparison)))
