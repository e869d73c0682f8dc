"""The saliency study's report and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.spec import CODE6
from vizecg.spec.files import write_atomically
from vizecg.spec.results import write_result
from vizecg.train.saliency import EXPECTED, SaliencyMethod
from vizecg_bench.report.plots.colours import BASELINE_COLOUR, colours_of
from vizecg_bench.report.text import markdown_table
from vizecg_lab.tables.intervals import shown
from vizecg_lab.tables.plots import (
    HeatPanel,
    Outline,
    grouped_bars,
    heat_maps,
    smoothed_heat,
)
from vizecg_lab.tables.saliency.looks import AREA, INK, UNTRAINED, Looks, Model, picture_maps
from vizecg_lab.tables.saliency.regions import Regions

TITLES = {
    SaliencyMethod.GRADCAM: "Grad-CAM",
    SaliencyMethod.HIRESCAM: "HiResCAM",
    SaliencyMethod.GRADIENT: "integrated gradients",
}
_SMOOTH_MM = 1.2
_UNTRAINED_COLOUR = "#d2d2d2"


def write_saliency_report(
    result: dict[str, Any], *, looks: Mapping[str, Mapping[str, Looks]], models: Sequence[Model], out: Path
) -> None:
    """``report.md``, ``figures.json``, ``expected.png``, ``distance.png`` and ``map_LABEL.png`` for every class."""
    out.mkdir(parents=True, exist_ok=True)
    names = [model.name for model in models]
    colours = {**colours_of(names), INK: BASELINE_COLOUR, UNTRAINED: _UNTRAINED_COLOUR}
    for figure, key, ylabel, title in (
        ("expected", "inside", "share", "Share of saliency in the leads a cardiologist reads"),
        (
            "distance",
            "distance",
            "distance",
            "Jensen-Shannon distance between image stream and signal stream, over leads",
        ),
    ):
        panels = {
            TITLES[method]: {
                name: {label: result["methods"][method.value][label][key][name] for label in CODE6.names}
                for name in (INK, *names, UNTRAINED)
            }
            for method in SaliencyMethod
        }
        grouped_bars(out / f"{figure}.png", panels, title=title, ylabel=ylabel, colours=colours)
    for column, label in enumerate(CODE6.names):
        _draw_class(out / f"map_{label}.png", column, looks[label], models)
    write_atomically(out / "report.md", report(result, names))
    write_result(out / "figures.json", kind="saliency", figures=result)


def _draw_class(path: Path, column: int, looks: Mapping[str, Looks], models: Sequence[Model]) -> None:
    label = CODE6.names[column]
    first = looks[models[0].name]
    row = _typical(first.inside(label, SaliencyMethod.HIRESCAM.value))
    panels = []
    for method in SaliencyMethod:
        line = []
        for model in models:
            view = looks[model.name].views[row]
            heat = picture_maps(model, [view], column, method=method)[0]
            share = looks[model.name].inside(label, method.value)[row]
            if method is SaliencyMethod.GRADIENT:
                scale = model.preprocess.width / model.sheet.width_mm
                heat = smoothed_heat(heat, sigma_px=_SMOOTH_MM * scale)
            found = "empty map" if np.isnan(share) else f"{100 * share:.0f} % in the outlined leads"
            line.append(HeatPanel(title=f"{model.name}, {TITLES[method]}: {found}", ink=view.ink, heat=heat))
        panels.append(line)
    sheet = models[0].sheet
    heat_maps(
        path,
        panels,
        title=f"{label}, record {first.views[row].record_id} (of median share among the positives)",
        outlines=outlines(first.views[row].regions, label, sheet_mm=(sheet.width_mm, sheet.height_mm)),
        sheet_mm=(sheet.width_mm, sheet.height_mm),
    )


def _typical(shares: np.ndarray) -> int:
    """Row of the median, not of the best: a picture should not flatter."""
    known = np.flatnonzero(np.isfinite(shares))
    return int(known[np.argsort(shares[known])[len(known) // 2]]) if len(known) else 0


def outlines(regions: Regions, label: str, *, sheet_mm: tuple[float, float]) -> list[Outline]:
    """The expected regions of a class as rectangles on the sheet."""
    height, width = regions.place.shape
    found = []
    for place in np.flatnonzero(regions.expected(label)):
        rows, columns = np.nonzero(regions.place == place)
        x, y = sheet_mm[0] / width, sheet_mm[1] / height
        found.append(
            Outline(
                name=regions.names[place],
                left=columns.min() * x,
                top=rows.min() * y,
                width=(columns.max() + 1 - columns.min()) * x,
                height=(rows.max() + 1 - rows.min()) * y,
            )
        )
    return found


def report(result: Mapping[str, Any], names: Sequence[str]) -> str:
    """Markdown for people."""
    parts = [
        "# Where the models look",
        f"Positives of {result['data']}, up to {max(result['records'].values())} per class"
        f" ({', '.join(f'{label} {n}' for label, n in result['records'].items())}), drawn clean as 3x4 with a rhythm"
        " strip. The image stream is looked into alone, as it is deployed. Values are means over records with 95 %"
        " bootstrap intervals over records: they do not hold the chance of a training run, for which several seeds are"
        " needed.",
        "## Share of saliency in the expected leads",
        f"`{INK}`: share of the pen's ink there; `{AREA}`: share of the sheet; `{UNTRAINED}`: the same network before"
        " training.",
        "![share in the expected leads](expected.png)",
    ]
    for method in SaliencyMethod:
        figures = result["methods"][method.value]
        parts += [f"### {TITLES[method]}", _table(figures, "inside", [AREA, INK, UNTRAINED, *names])]
        parts += _empty(figures)
        parts += _differences(figures, "inside_first_minus", names)
    parts += [
        "## Image stream and signal stream",
        "Jensen-Shannon distance (base 2, 0 to 1) between the spread over the twelve leads of the image stream's"
        " saliency and of the same checkpoint's signal stream, of the stretches of time that the sheet shows of each"
        f" lead. The signal stream's is by integrated gradients, so that table compares like with like. `{INK}` and"
        f" `{UNTRAINED}` are compared with the first model's signal stream.",
        "![distance to the signal stream](distance.png)",
    ]
    for method in reversed(SaliencyMethod):
        figures = result["methods"][method.value]
        parts += [f"### {TITLES[method]}", _table(figures, "distance", [INK, UNTRAINED, *names])]
        parts += _differences(figures, "distance_first_minus", names)
    parts += ["## Where the saliency lies", *_spreads(result, names)]
    parts += [
        "## Expected leads",
        markdown_table(["class", "leads", "because"], [_expected(label) for label in CODE6.names]),
    ]
    parts += ["## Pictures", *(f"![{label}](map_{label}.png)" for label in CODE6.names)]
    return "\n\n".join(parts) + "\n"


def _table(figures: Mapping[str, Any], key: str, columns: Sequence[str]) -> str:
    def cell(label: str, name: str) -> str:
        found = figures[label][key][name]
        # The same for every record.
        return f"{found['value']:.3f}" if name == AREA else shown(found)

    return markdown_table(
        ["class", *columns], [[label, *(cell(label, name) for name in columns)] for label in CODE6.names]
    )


def _differences(figures: Mapping[str, Any], key: str, names: Sequence[str]) -> list[str]:
    others = list(names[1:])
    if not others:
        return []
    rows = [[label, *(shown(figures[label][key][name], signed=True) for name in others)] for label in CODE6.names]
    return [markdown_table([f"{names[0]} minus", *others], rows)]


def _empty(figures: Mapping[str, Any]) -> list[str]:
    empty = [
        f"{label}, {name}: {n}"
        for label, found in figures.items()
        for name, n in found["empty_maps"].items()
        if n
    ]  # fmt: skip
    return [f"Maps that are zero everywhere and do not count: {'; '.join(empty)}."] if empty else []


def _spreads(result: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    parts = []
    for name in names:
        for method in SaliencyMethod:
            spreads = {label: result["spread"][label][name][method.value] for label in CODE6.names}
            parts += _spread_table(f"{name}, {TITLES[method]}, percent of the map", spreads)
        teachers = {label: result["spread"][label][name]["teacher"] for label in CODE6.names}
        parts += _spread_table(f"{name}, signal stream, percent", teachers)
    return parts


def _spread_table(title: str, spreads: Mapping[str, Mapping[str, float] | None]) -> list[str]:
    known = {label: spread for label, spread in spreads.items() if spread is not None}
    if not known:
        return []
    places = list(next(iter(known.values())))
    rows = [[label, *(f"{100 * spread[place]:.0f}" for place in places)] for label, spread in known.items()]
    return [f"{title}:", markdown_table(["class", *places], rows)]


def _expected(label: str) -> list[str]:
    wanted = EXPECTED[label]
    return [label, ", ".join(wanted.leads) + (" and rhythm strip" if wanted.rhythm_strip else ""), wanted.source]
