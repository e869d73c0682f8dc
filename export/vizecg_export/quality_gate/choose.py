"""The whole fitting: photograph, choose on one half of the records, report on the other."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.data.source import RecordSource
from vizecg.spec import UsageError
from vizecg.spec.fingerprint import sha256_ids
from vizecg.spec.gate import QualityGate
from vizecg.spec.manifest import Bundle, open_bundle
from vizecg_edge.judge.quality import REASONS
from vizecg_export.pace import Say
from vizecg_export.quality_gate.curves import figures_of, per_class, saved_curve
from vizecg_export.quality_gate.fit import RULE, Judged, fit_bands, fit_gate, halves
from vizecg_export.quality_gate.rows import SEED, GateRow, collect, photographs_in, read_spoilt, real_merits

OPEN = {"scale_spread": (1e6, 1e5), "glare": (1e6, 1e5), "identities": (-2.0, -1.0), "layout": (-99.0, -98.0)}
BEFORE = replace(QualityGate(), **OPEN)  # type: ignore[arg-type]
"""The limits set by hand that this choice replaces: without the figures of merit that came with it."""
LEAST_RECORDS, LEAST_PHOTOGRAPHS, MOST_PHOTOGRAPHS = 20, 4, 11


@dataclass(frozen=True, kw_only=True)
class GateTargets:
    """What the gate and the bands must keep to.

    Attributes:
        risk: most of the answered photographs that may be wrong.
        flips: most of a class's decided pairs that may be decided the other way than the clean rendering.
        undecided: most of a class's pairs that may become undecided.
    """

    risk: float = 0.02
    flips: float = 0.002
    undecided: float = 0.02


@dataclass(frozen=True, kw_only=True)
class FitRequest:
    """What a gate is fitted on: ``photographs`` of each of ``records`` records, drawn and photographed by us.

    ``photos`` are folders of real photographs that must go on being answered, ``spoilt`` files of pages that were
    spoilt on purpose.
    """

    records: int = 200
    photographs: int = 6
    photos: tuple[Path, ...] = ()
    spoilt: tuple[Path, ...] = ()
    targets: GateTargets = field(default_factory=GateTargets)

    def __post_init__(self) -> None:
        if self.records < LEAST_RECORDS:
            raise UsageError(f"a gate needs at least {LEAST_RECORDS} records, not {self.records}")
        if not LEAST_PHOTOGRAPHS <= self.photographs <= MOST_PHOTOGRAPHS:
            raise UsageError(
                f"a gate needs {LEAST_PHOTOGRAPHS} to {MOST_PHOTOGRAPHS} photographs of each record,"
                f" not {self.photographs}"
            )


def measure_gate(bundle: Path, source: RecordSource, request: FitRequest, *, cache: Path, say: Say) -> dict[str, Any]:
    """Gate, bands and their figures: what the result file holds beside command and environment.

    Args:
        bundle: folder of the bundle whose artefacts answer.
        source: records of the validation split.
        request: how many, and which real photographs.
        cache: folder where finished records are kept, under hashes of what decides them.
        say: told how far it has come.

    Raises:
        UsageError: too few photographs can be read, or a folder has none.
        BundleError: the bundle is damaged.
    """
    paths = photographs_in(list(request.photos))
    opened = open_bundle(bundle)
    spoilt = [row for path in request.spoilt for row in read_spoilt(path, artefact=opened.manifest.default_artefact)]
    rows = collect(
        source=source, limit=request.records, photographs=request.photographs, bundle=bundle, cache=cache, say=say
    )
    real = real_merits(paths, bundle, say=say) if paths else []
    figures = choose(rows, opened, request.targets, real=real, spoilt=spoilt)
    records = {row.record for row in rows}
    figures["data"] = {
        "source": f"{source.name}, positives first, rendered and photographed",
        "kind": "validation figures: thresholds and models were chosen on these records",
        "seed": SEED,
        "records": len(records),
        "records_sha256": sha256_ids(records),
        "photographs": len(rows),
        "real_photographs": len(real),
        "spoilt_pages": len(spoilt),
        "refused_by_rectifier": dict(Counter(row.reason for row in rows if row.reason is not None)),
    }
    return figures


def choose(
    rows: list[GateRow],
    bundle: Bundle,
    targets: GateTargets,
    *,
    real: list[dict[str, float]] | None = None,
    spoilt: list[GateRow] | None = None,
) -> dict[str, Any]:
    """Gate and bands from one half of ``rows``, figures from the other; what the result file holds but for ``data``.

    ``real``: figures of merit of real photographs that must go on being answered. ``spoilt``: pages that were spoilt on
    purpose, answered by the default artefact.
    """
    manifest = bundle.manifest
    names = list(rows[0].clean)
    main = manifest.default_artefact if manifest.default_artefact in names else names[0]
    judged = {name: Judged.of(rows, name, manifest.artefact(name).decision) for name in names}
    chosen_on = halves(judged[main].records)
    first, second = judged[main].part(chosen_on), judged[main].part(~chosen_on)
    hostile = Judged.of(spoilt, main, manifest.artefact(main).decision) if spoilt else None
    hostile_first = hostile.part(halves(hostile.records)) if hostile is not None else None
    gate = fit_gate(first, risk=targets.risk, real=real, spoilt=hostile_first)
    artefacts = {}
    for name, own in judged.items():
        fitted_on, told_on = own.part(chosen_on), own.part(~chosen_on)
        band = fit_bands(fitted_on.part(fitted_on.answered(gate)), flips=targets.flips, undecided=targets.undecided)
        artefacts[name] = {
            "file_sha256": manifest.files[manifest.artefact(name).file],
            "undecided_margin": band.tolist(),
            "per_class": per_class(told_on, gate, band, names=manifest.labels.names),
        }
    band = np.array(artefacts[main]["undecided_margin"])
    return {
        "bundle": {"name": manifest.name, "sha256": bundle.sha256, "artefact": main},
        "rule": RULE,
        "targets": asdict(targets),
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
                "flips": saved_curve(second.scores(one), second.flips().mean(axis=1)),
                "misplaced": saved_curve(second.scores(one), second.misplaced),
            }
            for name, one in (("before", BEFORE), ("after", gate))
        },
        "kinds": _kinds(rows, judged[main], gate),
        "stopped_by": _stopped_by(judged[main], gate),
        "spoilt": None if hostile is None else _spoilt(spoilt or [], hostile, gate),
    }


def _spoilt(rows: list[GateRow], hostile: Judged, gate: QualityGate) -> dict[str, Any]:
    """What becomes of pages that were spoilt on purpose, on the half that was not chosen on but for the last two."""
    second = hostile.part(~halves(hostile.records))
    return {
        "pages": len(second.records),
        **{name: _answered(second, one) for name, one in (("before", BEFORE), ("after", gate))},
        "stopped_by": _stopped_by(hostile, gate),
        "kinds": _kinds(rows, hostile, gate),
    }


def _answered(judged: Judged, gate: QualityGate) -> dict[str, int]:
    answered = judged.answered(gate)
    return {"answered": int(answered.sum()), "answered_wrongly": int(judged.wrong[answered].sum())}


def _stopped_by(judged: Judged, gate: QualityGate) -> dict[str, dict[str, int]]:
    """By the figure that fails first, or ``least_score``: how many are refused, and how many of them are wrong."""
    wrong = judged.wrong
    told: dict[str, dict[str, int]] = {}
    for place in np.flatnonzero(~judged.answered(gate)):
        failing = (figure for figure in REASONS if gate.mark(figure, float(judged.merits[figure][place])) <= 0)
        own = told.setdefault(next(failing, "least_score"), {"refused": 0, "wrong": 0})
        own["refused"] += 1
        own["wrong"] += int(wrong[place])
    return told


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
