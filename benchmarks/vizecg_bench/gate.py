"""Which photographs are answered, and which labels left undecided: chosen on photographs from mild to unreadable."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from vizecg.spec import LABELS, UsageError
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.gate import QualityGate
from vizecg.spec.manifest import Bundle
from vizecg_bench.gate_curves import figures_of, per_class, saved_curve
from vizecg_bench.gate_fit import RULE, Judged, fit_bands, fit_gate, halves
from vizecg_bench.gate_rows import SEED, GateRow, collect, real_merits
from vizecg_bench.results import write_result
from vizecg_bench.run.inputs import bundle_or_shipped

OPEN = {"scale_spread": (1e6, 1e5), "glare": (1e6, 1e5), "identities": (-2.0, -1.0), "layout": (-99.0, -98.0)}
BEFORE = replace(QualityGate(), **OPEN)  # type: ignore[arg-type]
"""The limits set by hand that this choice replaces: without the figures of merit that came with it."""


def measure_gate(
    *,
    root: Path,
    fold: int,
    limit: int,
    photographs: int,
    risk: float,
    flips: float,
    undecided: float,
    photos: list[Path],
    bundle: Path | None,
    cache: Path,
    out: Path | None,
    plot: Path | None,
) -> dict[str, Any]:
    """Photograph, choose on one half of the records, report on the other; print, and save figures and plot.

    Args:
        root, fold, limit, photographs: PTB-XL folder, fold, records of it, photographs of each record.
        risk: most of the answered photographs that may be wrong.
        flips: most of a class's decided pairs that may be decided the other way than the clean rendering.
        undecided: most of a class's pairs that may become undecided.
        photos: folders of real photographs that must go on being answered.
        bundle: None takes the shipped one.
        cache: folder where finished records are kept.
        out, plot: JSON and PNG; None writes nothing.

    Raises:
        UsageError: the fold has no records, or too few photographs can be read.
    """
    if plot is not None and plot.suffix.lower() != ".png":
        raise UsageError(f"--plot {plot}: expected a name that ends in .png")
    for path in (out, plot):
        if path is not None and not path.parent.is_dir():
            raise UsageError(f"{path.parent} does not exist")
    rows = collect(root=root, fold=fold, limit=limit, photographs=photographs, bundle=bundle, cache=cache)
    opened = bundle_or_shipped(bundle)
    real = real_merits(photos, bundle)
    figures = choose(rows, opened, risk=risk, flips=flips, undecided=undecided, real=real)
    records = sorted({row.record for row in rows})
    figures["data"] = {
        "source": f"PTB-XL fold {fold}, positives first, rendered and photographed",
        "kind": "validation figures: thresholds and models were chosen on this fold",
        "fold": fold,
        "seed": SEED,
        "records": len(records),
        "records_sha256": sha256_bytes("\n".join(records).encode()),
        "photographs": len(rows),
        "real_photographs": len(real),
        "refused_by_rectifier": dict(Counter(row.reason for row in rows if row.reason is not None)),
    }
    write_result(out, kind="gate", figures=figures)
    if plot is not None:
        from vizecg_bench.gate_plot import save_plot

        save_plot(plot, figures)
    _print(figures)
    return figures


def choose(
    rows: list[GateRow],
    bundle: Bundle,
    *,
    risk: float,
    flips: float,
    undecided: float,
    real: list[dict[str, float]] | None = None,
) -> dict[str, Any]:
    """Gate and bands from one half of ``rows``, figures from the other; what the result file holds but for ``data``.

    ``real``: figures of merit of real photographs that must go on being answered.
    """
    manifest = bundle.manifest
    names = list(rows[0].clean)
    main = manifest.default_artefact if manifest.default_artefact in names else names[0]
    judged = {name: Judged.of(rows, name, manifest.artefact(name).decision) for name in names}
    chosen_on = halves(judged[main].records)
    first, second = judged[main].part(chosen_on), judged[main].part(~chosen_on)
    gate = fit_gate(first, risk=risk, real=real)
    artefacts = {}
    for name, own in judged.items():
        fitted_on, told_on = own.part(chosen_on), own.part(~chosen_on)
        band = fit_bands(fitted_on.part(fitted_on.answered(gate)), flips=flips, undecided=undecided)
        artefacts[name] = {
            "file_sha256": manifest.files[manifest.artefact(name).file],
            "undecided_margin": band.tolist(),
            "per_class": per_class(told_on, gate, band),
        }
    band = np.array(artefacts[main]["undecided_margin"])
    return {
        "bundle": {"name": manifest.name, "sha256": bundle.sha256, "artefact": main},
        "rule": RULE,
        "targets": {"risk": risk, "flips": flips, "undecided": undecided},
        "gate": gate.to_dict(),
        "artefacts": artefacts,
        "chosen_on": {"before": figures_of(first, BEFORE), "after": figures_of(first, gate)},
        "reported_on": {
            "before": figures_of(second, BEFORE),
            "after": figures_of(second, gate),
            "after_with_bands": figures_of(second, gate, band=band),
        },
        "curves": {
            name: {
                "flips": saved_curve(second.scores(one), second.flips().sum(axis=1) / len(LABELS)),
                "misplaced": saved_curve(second.scores(one), second.misplaced),
            }
            for name, one in (("before", BEFORE), ("after", gate))
        },
        "kinds": _kinds(rows, judged[main], gate),
    }


def _kinds(rows: list[GateRow], judged: Judged, gate: QualityGate) -> dict[str, dict[str, int]]:
    """Each kind of photograph, both halves: how many, refused by the rectifier, by the gate, answered wrongly."""
    answered, wrong = judged.answered(gate), judged.wrong
    counts: dict[str, dict[str, int]] = defaultdict(
        lambda: {"photographs": 0, "not_rectified": 0, "refused": 0, "answered": 0, "answered_wrongly": 0}
    )
    place = 0
    for row in rows:
        own = counts[row.kind]
        own["photographs"] += 1
        if row.reason is not None:
            own["not_rectified"] += 1
            continue
        own["answered" if answered[place] else "refused"] += 1
        own["answered_wrongly"] += int(answered[place] and wrong[place])
        place += 1
    return dict(counts)


def _print(figures: dict[str, Any]) -> None:
    console = Console(width=120)
    table = Table("figure of merit", "worst", "best", "worst before", "best before", title="The gate")
    for figure, limits in figures["gate"].items():
        before = getattr(BEFORE, figure)
        if figure == "least_score":
            table.add_row(figure, f"{limits:g}", "", f"{before:g}", "")
        else:
            old = ("-", "-") if figure in OPEN else tuple(f"{value:g}" for value in before)
            table.add_row(figure, *(f"{value:g}" for value in limits), *old)
    console.print(table)
    table = Table("", "before", "after", "after, with bands", title="On the half that was not chosen on (validation)")
    reported = figures["reported_on"]
    for name in reported["after"]:
        cells = (reported[column][name] for column in ("before", "after", "after_with_bands"))
        table.add_row(name, *(_cell(cell) for cell in cells))
    console.print(table)
    for artefact, found in figures["artefacts"].items():
        table = Table(
            "class", "margin", "decided", "flips", "of decided", "flips without", title=f"Bands of {artefact}"
        )
        for label, row in found["per_class"].items():
            own = row["with"]
            table.add_row(
                label, f"{row['undecided_margin']:.3f}", f"{own['decided']:.2%}", str(own["flips"]),
                f"{own['flip_share']:.2%}", str(row["without"]["flips"]),
            )  # fmt: skip
        console.print(table)
    table = Table("kind", "photographs", "not rectified", "refused", "answered", "wrongly", title="Both halves")
    for kind, counts in figures["kinds"].items():
        table.add_row(kind, *(str(value) for value in counts.values()))
    console.print(table)
    data: dict[str, Any] = figures["data"]
    console.print(f"{data['source']}: {data['records']} records, {data['photographs']} photographs; {data['kind']}.")


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['value']:.4f} ({value['low']:.4f} to {value['high']:.4f})"
    return str(value)


def cache_folder() -> Path:
    """Where finished records are kept when nothing is said."""
    from vizecg.spec.files import user_cache

    return user_cache() / "gate"
