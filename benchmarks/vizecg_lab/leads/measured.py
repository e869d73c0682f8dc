"""What is measured on pages that were drawn, photographed and read: rate, PR and QRS, from picture to answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from vizecg.spec import InputRefusedError
from vizecg.spec.results import write_result
from vizecg_lab.leads.design import Row
from vizecg_lab.leads.drawn import shuffled
from vizecg_lab.leads.intervals import exact
from vizecg_lab.leads.log import DoneLog
from vizecg_lab.leads.pages import SEED, draw_page
from vizecg_lab.measuring.durations import differences
from vizecg_lab.measuring.rates import WITHIN_BPM
from vizecg_lab.measuring.references import agreed_rate, delineated
from vizecg_lab.used import bundle_used

if TYPE_CHECKING:
    from vizecg.records import EcgRecord
    from vizecg_edge.pipeline import Pipeline

LAYOUTS, CONDITIONS = ("3x4+R", "12x1"), ("clean", "photo")
PLAIN: Row = {
    "speed": "25", "gain": "10", "timing": "sequential", "order": "standard", "names": "above", "pulse": "left every",
}  # fmt: skip
INTERVALS = ("pr", "qrs")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A record to be printed and what is known of it; None where nothing is.

    ``source``: ``fold``, ``synthetic`` or ``500 Hz``.
    """

    source: str
    record: EcgRecord
    rate_bpm: float | None = None
    pr_ms: float | None = None
    qrs_ms: float | None = None


def measure_measured(
    *, root: Path, fold: int, count: int, hr_root: Path | None, bundle: Path | None, log: Path | None, out: Path | None
) -> dict[str, Any]:
    """Print every record in two layouts, clean and photographed, and read the pages; print and save the figures.

    Args:
        root: folder of PTB-XL, of whose ``fold`` the rates of ``count`` records are compared with those on which two
            detectors agree; half as many synthetic records have known intervals.
        hr_root: PTB-XL with records of 500 Hz, of which half as many are delineated; None leaves them out.
        bundle: None takes the shipped one.
        log: file of what is done; run again with it, the rest is done.
        out: result file.

    Raises:
        UsageError: the fold has no records, or the log is of another measurement.
        MissingToolError: a detector is not installed.
    """
    from vizecg_edge.pipeline import Pipeline

    pipeline = Pipeline(bundle=bundle)
    about = {"bundle": pipeline.bundle_id.sha256, "fold": fold, "seed": SEED, "layouts": LAYOUTS, "to": CONDITIONS}
    done = DoneLog(log, about=about)
    plan = [(source, k) for k in range(count) for source in ("fold", "synthetic", "500 Hz")]
    plan = [(source, k) for source, k in plan if source == "fold" or (k % 2 == 0 and (hr_root or source != "500 Hz"))]
    make = _cases(root=root, fold=fold, hr_root=hr_root)
    for source, number in track(plan, description="reading"):
        if f"{source} {number}" in done.done:
            continue
        case = make[source](number)
        pages = [] if case is None else list(_pages(pipeline, case, number=number))
        done.add(f"{source} {number}", source=source, pages=pages)
    figures = measured_figures([done.done[f"{source} {number}"] for source, number in plan])
    write_result(
        out,
        kind="leads_measured",
        figures={"bundle": bundle_used(pipeline), "data": f"PTB-XL fold {fold}", "seed": SEED, **figures},
    )
    _print(figures)
    return figures


def _cases(*, root: Path, fold: int, hr_root: Path | None) -> dict[str, Callable[[int], Case | None]]:
    """By source, how its records are made; None where nothing is known of one, or it cannot be printed."""
    from vizecg.records.ptbxl import Ptbxl, read_entry
    from vizecg.records.synthetic import POSSIBLE_COMBINATIONS, synthesise, true_intervals

    entries = shuffled(Ptbxl(root=root).select(folds=[fold]), fold)
    fine: Sequence[Any] = ()
    if hr_root is not None:
        listed = Ptbxl(root=hr_root, resolution=500).entries
        fine = shuffled([one for one in listed if (hr_root / one.filename).with_suffix(".hea").is_file()], fold)

    def recorded(number: int) -> Case | None:
        try:
            record = read_entry(entries[number % len(entries)], root=root)
        except InputRefusedError:
            return None
        rate = agreed_rate(record)
        return None if rate is None else Case(source="fold", record=record, rate_bpm=rate)

    def synthetic(number: int) -> Case:
        labels = POSSIBLE_COMBINATIONS[number // 2 % len(POSSIBLE_COMBINATIONS)]
        known = true_intervals(labels, seed=SEED + number)
        record = synthesise(labels, seed=SEED + number)
        return Case(source="synthetic", record=record, pr_ms=known.pr_ms, qrs_ms=known.qrs_ms)

    def delineable(number: int) -> Case | None:
        if hr_root is None or not fine:
            return None
        try:
            record = read_entry(fine[number // 2 % len(fine)], root=hr_root)
        except InputRefusedError:
            return None
        known = delineated(record)
        return Case(source="500 Hz", record=record, pr_ms=known.pr_ms, qrs_ms=known.qrs_ms)

    return {"fold": recorded, "synthetic": synthetic, "500 Hz": delineable}


def _pages(pipeline: Pipeline, case: Case, *, number: int) -> Iterator[dict[str, Any]]:
    """The record on every page, read."""
    for layout, condition in product(LAYOUTS, CONDITIONS):
        drawn = draw_page({**PLAIN, "layout": layout, "condition": condition}, case.record, number=number)
        result = pipeline.run_image(drawn.image, name=f"{case.source} {number}")
        measured = None if result.read is None else result.read.measured
        told = {name: getattr(measured, name, None) for name in INTERVALS}
        yield {
            "record": case.record.record_id,
            "page": f"{layout} {condition}",
            "reasons": list(result.answer.reasons),
            "known": {"rate": case.rate_bpm, "pr": case.pr_ms, "qrs": case.qrs_ms},
            "rate": getattr(measured, "rate_bpm", None),
            **{name: None if one is None else [one.ms, one.uncertainty_ms] for name, one in told.items()},
            "ms": result.answer.timings_ms.total,
        }


def measured_figures(done: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """By kind of page: of those that were read, the share of rates within 2 a minute, and differences of intervals."""
    pages = [{"source": one["source"], **page} for one in done for page in one["pages"]]
    kinds = [f"{layout} {condition}" for layout, condition in product(LAYOUTS, CONDITIONS)]
    left_out = sum(one["source"] == "fold" and not one["pages"] for one in done)
    return {
        "records": dict(Counter(one["source"] for one in done)),
        "left_out_since_the_detectors_disagree": left_out,
        "within_bpm": WITHIN_BPM,
        "pages": {kind: _figures([page for page in pages if page["page"] == kind]) for kind in kinds},
    }


def _figures(pages: list[dict[str, Any]]) -> dict[str, Any]:
    read = [page for page in pages if not page["reasons"]]
    rates = [page for page in read if page["known"]["rate"] is not None]
    wrong = [page for page in rates if page["rate"] is None or abs(page["rate"] - page["known"]["rate"]) > WITHIN_BPM]
    told: dict[str, Any] = {
        "answered": exact(len(read), len(pages)),
        "refused_for": dict(Counter(reason for page in pages for reason in page["reasons"])),
        "rate_within": exact(len(rates) - len(wrong), len(rates)),
        "no_rate": sum(page["rate"] is None for page in rates),
        "wrong": [[page["record"], round(page["known"]["rate"], 1), page["rate"]] for page in wrong],
    }
    for source in ("synthetic", "500 Hz"):
        own = [page for page in read if page["source"] == source]
        if own:
            told[source] = {
                f"{name}_ms": differences([(*(page[name] or (None, None)), page["known"][name]) for page in own])
                for name in INTERVALS
            }
    return told


def _print(figures: dict[str, Any]) -> None:
    table = Table("page", "answered", "rate within 2", "of", "intervals, ms: median |difference|, none given")
    for kind, own in figures["pages"].items():
        rate = own["rate_within"]
        told = [
            f"{source} {name[:-3].upper()} {one.get('median_absolute_difference', '-')} ({one.get('none_given_share')})"
            for source in ("synthetic", "500 Hz")
            for name, one in own.get(source, {}).items()
        ]
        share = "-" if rate["share"] is None else f"{rate['share']:.1%}"
        table.add_row(kind, f"{own['answered']['share']:.1%}", share, str(rate["of"]), "\n".join(told))
    console = Console(width=130)
    console.print(table)
    console.print(figures["records"], figures["left_out_since_the_detectors_disagree"], "left out")
