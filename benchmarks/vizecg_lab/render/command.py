"""How fast, and how like the paper's renderer, does vizecg draw?

One process on one thread, in rounds: each contender draws some pages in every round, so that a slow spell of the
machine meets all of them. Rates are counted in CPU time, which other processes disturb less; wall time is beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from vizecg.spec import UsageError
from vizecg.spec.results import write_result
from vizecg_lab.render.compare import agreement, side_by_side
from vizecg_lab.render.reference import Reference, Seconds

SEED = 11
SAMPLING_RATE = 100.0


@dataclass
class Contender:
    """Something that draws pages. ``draw`` gives the seconds of ``pages`` pages, the first of them number ``first``."""

    name: str
    draw: Callable[[int], list[Seconds]]
    times: list[Seconds] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Medians over the rounds."""
        cpu, wall = np.median(np.array(self.times), axis=0)
        return {
            "cpu_ms": round(1000 * cpu, 3),
            "wall_ms": round(1000 * wall, 3),
            "images_per_s_per_core": round(1 / cpu, 2),
            "pages": len(self.times),
        }


@dataclass(frozen=True)
class Target:
    """What is wanted: a rate (``against`` None), or a multiple of another contender's."""

    name: str
    against: str | None
    wanted: float


PAPER, PAPER_PNG, SHEET, PHOTO = "paper", "paper + PNG", "sheet 3x4", "sheet 3x4 + photo"
NEW_PNG, NEW_MATPLOTLIB = "ecg_plot 0.3, PNG (Cairo)", "ecg_plot 0.3, matplotlib"
OLD_PLOT, OLD_DRAWN, OLD_PNG = (
    "ecg_plot 0.2.8, plot() alone",
    "ecg_plot 0.2.8, plot() drawn",
    "ecg_plot 0.2.8, plot() + PNG",
)
TARGETS = (
    Target(PAPER, OLD_DRAWN, 200),
    Target(PAPER, NEW_PNG, 100),
    Target(SHEET, None, 300),
    Target(PHOTO, None, 80),
)
"""Speed is compared at ecg_plot's pixel sizes: 100 dpi. ``plot()`` alone draws no pixel, so it is shown, not raced."""


def measure_render(
    *,
    root: Path | None = None,
    python_028: Path | None = None,
    rounds: int = 12,
    pages: int = 20,
    compared: int = 20,
    out: Path | None = None,
    picture: Path | None = None,
) -> dict[str, Any]:
    """Time every way to draw a record, compare the ``paper`` style with ecg_plot 0.2.8; print and save the figures.

    Args:
        root: PTB-XL folder (records of fold 9); synthetic records for None.
        python_028: Python of an environment with ecg_plot 0.2.8; what needs it is left out for None.
        rounds: of all contenders in turn.
        pages: different records; the quick contenders draw all of them in every round, the slow ones one of them.
        compared: pages drawn by both ``paper`` and 0.2.8.
        out: JSON file.
        picture: PNG or JPEG of a synthetic record as 0.2.8 draws it, as we do, and the difference.

    Raises:
        UsageError: PTB-XL is not there or has too few records.
        MissingToolError: ecg_plot 0.3 or the environment with 0.2.8 is not there.
    """
    console = Console()
    records = _records(root, max(pages, compared))
    with _one_thread(), ExitStack() as stack:
        reference = stack.enter_context(Reference(python_028)) if python_028 else None
        contenders = [*_ours(records[:pages]), *_new_ecg_plot(records[:pages])]
        contenders += _old_ecg_plot(records[:pages], reference) if reference else []
        times = _race(contenders, rounds)
        likeness = _likeness(records[:compared], reference) if reference else None
        if reference and picture:
            _draw_picture(picture, reference)
        versions = reference.versions if reference else None
    figures: dict[str, Any] = {
        "data": "synthetic" if root is None else "PTB-XL fold 9",
        "protocol": f"{rounds} interleaved rounds, one thread, medians; rates and ratios from CPU time",
        "paper_page_px": [2000, 720],
        "contenders": times,
        "targets": _against_targets(times),
        "ecg_plot_028": versions,
        "agreement_with_028": likeness,
    }
    _print(console, figures)
    if reference is None:
        console.print("without --ecg-plot-028: ecg_plot 0.2.8 was neither timed nor compared")
    write_result(out, kind="render", figures=figures)
    return figures


@contextmanager
def _one_thread() -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _records(root: Path | None, count: int) -> list[Any]:
    if root is None:
        from vizecg.records.synthetic import synthetic_record

        return [synthetic_record(index, seed=SEED, sampling_rate=SAMPLING_RATE) for index in range(count)]
    from vizecg.records.ptbxl import Ptbxl

    dataset = Ptbxl(root=root)
    entries = dataset.select(folds=[9])
    if len(entries) < count:
        raise UsageError(f"{root} has {len(entries)} records in fold 9, {count} are needed")
    return [dataset.read(entry) for entry in entries[:: len(entries) // count][:count]]


def _ours(records: list[Any]) -> list[Contender]:
    from vizecg.render import photograph, random_style, render_sheet
    from vizecg.render.paper.draw import render_paper
    from vizecg.spec import Condition, SheetSpec

    spec = SheetSpec()

    def sheet(index: int) -> np.ndarray:
        style = random_style(np.random.default_rng([SEED, index]))
        return render_sheet(records[index], spec=spec, style=style).image

    def photo(index: int) -> np.ndarray:
        rng = np.random.default_rng([SEED, index, 1])
        return photograph(sheet(index), rng=rng, spec=spec, condition=Condition.PHOTO).image

    def png(index: int) -> np.ndarray:
        return cv2.imencode(".png", cv2.cvtColor(render_paper(records[index]).image, cv2.COLOR_RGB2BGR))[1]

    every = range(len(records))
    return [
        Contender(PAPER, lambda _: _timed(lambda index: render_paper(records[index]), every)),
        Contender(PAPER_PNG, lambda _: _timed(png, every)),
        Contender(SHEET, lambda _: _timed(sheet, every)),
        Contender(PHOTO, lambda _: _timed(photo, every)),
    ]


def _new_ecg_plot(records: list[Any]) -> list[Contender]:
    from vizecg.render.ecg_plot_page import Rasteriser, render_ecg_plot

    def drawn_by(rasteriser: Rasteriser) -> Callable[[int], list[Seconds]]:
        def draw(index: int) -> Any:
            return render_ecg_plot(records[index], rasteriser=rasteriser)

        return lambda index: _timed(draw, [index % len(records)])

    return [
        Contender(NEW_PNG, drawn_by(Rasteriser.CAIRO)),
        Contender(NEW_MATPLOTLIB, drawn_by(Rasteriser.MATPLOTLIB)),
    ]


def _old_ecg_plot(records: list[Any], reference: Reference) -> list[Contender]:
    plotted, drawn, saved = (Contender(name, lambda _: []) for name in (OLD_PLOT, OLD_DRAWN, OLD_PNG))

    def draw(index: int) -> list[Seconds]:
        # One request gives all three.
        record = records[index % len(records)]
        page = reference.page(record.signal, sampling_rate=record.sampling_rate)
        drawn.times.append(page.plot + page.draw)
        saved.times.append(page.plot + page.save)
        return [page.plot]

    plotted.draw = draw
    return [plotted, drawn, saved]


def _timed(draw: Callable[[int], Any], indices: Any) -> list[Seconds]:
    """Mean seconds of a page over ``indices``: the clocks are too coarse for one quick page."""
    cpu, wall = time.process_time(), time.perf_counter()
    for index in indices:
        draw(index)
    count = len(indices)
    return [Seconds((time.process_time() - cpu) / count, (time.perf_counter() - wall) / count)]


def _race(contenders: list[Contender], rounds: int) -> dict[str, dict[str, float]]:
    for contender in contenders:
        contender.draw(0)  # caches and imports
    for contender in contenders:
        contender.times.clear()
    for number in track(range(rounds), description="drawing"):
        for contender in contenders:
            contender.times.extend(contender.draw(number))
    return {contender.name: contender.figures() for contender in contenders}


def _against_targets(times: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for target in TARGETS:
        rate = times[target.name]["images_per_s_per_core"]
        if target.against is None:
            rows.append({"what": f"{target.name}: images/s per core", "wanted": target.wanted, "measured": rate})
        elif target.against in times:
            ratio = times[target.against]["cpu_ms"] / times[target.name]["cpu_ms"]
            what = f"{target.name}: times the speed of {target.against}"
            rows.append({"what": what, "wanted": target.wanted, "measured": round(ratio, 1)})
    return rows


def _likeness(records: list[Any], reference: Reference) -> dict[str, Any]:
    from vizecg.render.paper.draw import render_paper

    rows: list[dict[str, Any]] = []
    for record in records:
        theirs = reference.page(record.signal, sampling_rate=record.sampling_rate).image
        ours = render_paper(record).image
        rows.append({"record": record.record_id, **agreement(ours, theirs)})
    return {
        "pages": len(rows),
        "ink": "blue - green >= 45 (a quarter of the pixel is trace), 1 px dilation",
        "least_precision": min(row["precision"] for row in rows),
        "least_recall": min(row["recall"] for row in rows),
        "least_precision_undilated": min(row["undilated"]["precision"] for row in rows),
        "least_recall_undilated": min(row["undilated"]["recall"] for row in rows),
        "ink_ratio": [min(row["ink_ratio"] for row in rows), max(row["ink_ratio"] for row in rows)],
        "grid_lines": rows[0]["grid_lines"],
        "worst_grid_error_px": max(row["grid_error_px"] for row in rows),
        "wanted": {"precision": 0.97, "recall": 0.97, "grid_error_px": 1.0},
    }


def _draw_picture(path: Path, reference: Reference) -> None:
    """A synthetic record, whatever was measured: the picture may be shown anywhere."""
    from vizecg.records.synthetic import synthesise
    from vizecg.render.paper.draw import render_paper

    record = synthesise(("RBBB",), seed=SEED, sampling_rate=SAMPLING_RATE)
    theirs = reference.page(record.signal, sampling_rate=record.sampling_rate).image
    comparison = side_by_side(render_paper(record).image, theirs)
    path.parent.mkdir(parents=True, exist_ok=True)
    options = [cv2.IMWRITE_PNG_COMPRESSION, 9] if path.suffix == ".png" else []
    if not cv2.imwrite(str(path), comparison[..., ::-1], options):
        raise UsageError(f"{path} cannot be written")


def _print(console: Console, figures: dict[str, Any]) -> None:
    table = Table("drawn by", "CPU ms", "wall ms", "images/s per core", title=f"one page, {figures['data']}")
    for name, row in figures["contenders"].items():
        table.add_row(name, *(f"{row[key]:,.2f}" for key in ("cpu_ms", "wall_ms", "images_per_s_per_core")))
    console.print(table)
    table = Table("", "wanted", "measured")
    for row in figures["targets"]:
        table.add_row(row["what"], f"{row['wanted']:g}", f"{row['measured']:,.1f}")
    likeness = figures["agreement_with_028"]
    if likeness:
        wanted = likeness["wanted"]
        for what, key, measured in (
            ("trace precision, least", "precision", "least_precision"),
            ("trace recall, least", "recall", "least_recall"),
            ("grid lines, largest distance in px", "grid_error_px", "worst_grid_error_px"),
        ):
            sign = "<=" if key == "grid_error_px" else ">="
            table.add_row(
                f"{what} of {likeness['pages']} pages", f"{sign} {wanted[key]:g}", f"{likeness[measured]:.4f}"
            )
    console.print(table)
