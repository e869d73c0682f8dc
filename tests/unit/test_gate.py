"""The quality gate: limits, figures of merit, how it is chosen, and the bands of undecided answers."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from vizecg.records.synthetic import synthesise
from vizecg.render import Layout, PrintStyle, render_sheet
from vizecg.spec import CODE6, DecisionRule, SheetSpec, UsageError
from vizecg.spec.gate import FIGURES, QualityGate
from vizecg.spec.sheet import BLOCK_MM
from vizecg_edge.judge.quality import REASONS, judge, score_of
from vizecg_edge.sheet import rectify
from vizecg_edge.sheet.glare import glare_share
from vizecg_export.quality_gate.curves import aurc, curve, figures_of
from vizecg_export.quality_gate.fit import Judged, fit_bands, fit_gate, halves
from vizecg_export.quality_gate.rows import GateRow, read_spoilt

pytestmark = pytest.mark.unit

SPEC = SheetSpec()
GOOD = {
    "px_per_mm": 5.0, "scale_spread": 0.001, "bend_residual_mm": 0.05, "grid_residual_mm": 0.2, "sharpness": 1.0,
    "coverage": 1.0, "grid_share": 1.0, "exposure": 220.0, "glare": 0.0, "identities": 7.0, "layout": 2.0,
}  # fmt: skip


def test_a_gate_survives_json() -> None:
    gate = QualityGate(px_per_mm=(1.5, 3.0), least_score=0.3)
    assert QualityGate.from_dict(gate.to_dict()) == gate
    assert QualityGate.from_dict({k: list(v) if isinstance(v, tuple) else v for k, v in gate.to_dict().items()}) == gate


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sharpness": [0.8, 0.3]}, "best 0.3 must lie above the worst 0.8"),
        ({"glare": [0.02, 0.2]}, "must lie below"),
        ({"coverage": [0.9, 0.9]}, "must lie above"),
        ({"exposure": [float("nan"), 110]}, "two finite numbers"),
        ({"exposure": 50}, "two finite numbers"),
        ({"exposure": ["50", "110"]}, "two finite numbers"),
        ({"least_score": 2.0}, "between 0 and 1"),
        ({"unheard_of": [0, 1]}, "unheard_of"),
    ],
)
def test_a_gate_refuses_nonsense(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        QualityGate.from_dict(QualityGate().to_dict() | changes)


def test_a_gate_without_a_figure_is_refused() -> None:
    data = QualityGate().to_dict()
    del data["glare"]
    with pytest.raises(ValueError, match="a gate has"):
        QualityGate.from_dict(data)


def test_every_figure_has_a_reason_and_refuses_alone() -> None:
    gate = QualityGate()
    assert set(REASONS) == set(FIGURES) == set(GOOD)
    assert score_of(GOOD, gate) == 1.0
    for figure in FIGURES:
        worst, best = getattr(gate, figure)
        assert score_of(GOOD | {figure: worst}, gate) == 0.0, figure
        assert score_of(GOOD | {figure: float("nan")}, gate) == 0.0, figure
        assert 0.25 < score_of(GOOD | {figure: (worst + best) / 2}, gate) < 1.0, figure


def sheet(*, layout: Layout | None = None, palette: str = "red") -> np.ndarray:
    record = synthesise(["AF"], seed=3)
    return render_sheet(record, style=PrintStyle(palette=palette), layout=layout or Layout()).image


def rows_of(layout: Layout) -> tuple[float, ...]:
    return tuple(sorted({box.baseline_mm for box in layout.boxes(SPEC, duration_s=10.0)}))


def glare(page: np.ndarray) -> float:
    left = SPEC.block_x_mm
    return glare_share(page, rows_of(Layout()), px_per_mm=SPEC.px_per_mm, left_mm=left, right_mm=left + BLOCK_MM)


@pytest.mark.parametrize("name", ["3x4+R", "4x3", "6x2"])
def test_leads_agree_in_the_places_where_they_are_found(name: str) -> None:
    layout = Layout.named(name)
    image = render_sheet(synthesise(["AF"], seed=3), spec=layout.sheet(px_per_mm=5.0), layout=layout).image
    found = rectify(image, SPEC).layout
    assert found.name == name
    assert found.identities > QualityGate().identities[1]
    assert found.margin > QualityGate().layout[1]


def test_glare_is_seen_where_it_is() -> None:
    page = sheet()
    assert glare(page) == 0.0
    y, x = np.mgrid[0 : page.shape[0], 0 : page.shape[1]]
    spot = 260 * np.exp(-((((x - 600) / 150) ** 2 + ((y - 300) / 90) ** 2) ** 2))
    dim = (page * 0.7).astype(np.uint8)
    lit = np.clip(dim + spot[..., None], 0, 255).astype(np.uint8)
    assert 0.03 < glare(lit) < 0.4
    assert glare(dim) == 0.0


def test_a_grid_that_two_levels_have_lost_in_places_is_no_glare() -> None:
    page = sheet()
    levels = np.where(page.min(axis=2, keepdims=True) < 200, 0, 255).astype(np.uint8).repeat(3, axis=2)
    traces = np.where(page.max(axis=2, keepdims=True) < 120, 0, 255).astype(np.uint8).repeat(3, axis=2)
    levels[:, 500:900] = traces[:, 500:900]
    assert glare(levels) == 0.0


def test_leads_with_their_names_beside_them_need_not_agree() -> None:
    image = render_sheet(synthesise(["AF"], seed=3)).image
    found = rectify(image, SPEC)
    unlike = replace(found.layout, identities=0.0)
    assert found.layout.is_named
    assert judge(replace(found, layout=unlike)).refusal is None
    unnamed = judge(replace(found, layout=replace(unlike, named=3))).refusal
    assert unnamed is not None
    assert unnamed.reason == "not_an_ecg"


@pytest.mark.parametrize("palette", ["none", "pink", "grey"])
def test_white_paper_and_faint_grids_are_no_glare(palette: str) -> None:
    page = sheet(palette=palette)
    assert glare(page) == 0.0
    bright = np.clip(page.astype(np.int16) + 30, 0, 255).astype(np.uint8)
    assert glare(cv2.GaussianBlur(bright, (0, 0), 1.0)) == 0.0


def photographs(n: int = 240, *, flips: float = 0.0) -> Judged:
    """Photographs whose sheets lie wrong where they are not sharp; one in ten has a logit near the threshold."""
    rng = np.random.default_rng(4)
    rows = []
    for k in range(n):
        sharp = float(rng.uniform(0.2, 1.0))
        clean = rng.normal(0, 4, 6)
        logits = clean + rng.normal(0, 0.02 + flips * float(rng.random() < 0.1), 6)
        rows.append(
            GateRow(
                record=f"r{k // 3}", kind="moderate" if sharp > 0.7 else "blurred", strength=0.5, reason=None,
                merits=GOOD | {"sharpness": sharp}, error_mm=5.0 if sharp < 0.4 else 0.3,
                logits={"a": logits.tolist()}, clean={"a": clean.tolist()},
            )
        )  # fmt: skip
    return Judged.of(rows, "a", DecisionRule.plain(6))


def test_the_gate_is_set_where_wrong_begins() -> None:
    judged = photographs()
    gate = fit_gate(judged, risk=0.02)
    assert 0.35 < gate.sharpness[0] < 0.45
    assert gate.exposure[0] == pytest.approx(QualityGate().exposure[0], abs=1e-3), (
        "nothing speaks against the old limit"
    )
    answered = judged.answered(gate)
    assert judged.wrong[answered].mean() <= 0.02 < judged.wrong.mean()
    assert answered[judged.everyday].all()


def test_real_photographs_stay_answered() -> None:
    dull = GOOD | {"sharpness": 0.3, "scale_spread": 0.03}
    gate = fit_gate(photographs(), risk=0.02, real=[dull])
    assert score_of(dull, gate) >= gate.least_score
    assert score_of(dull, fit_gate(photographs(), risk=0.02)) == 0.0


def pale(n: int = 240) -> list[GateRow]:
    """Spoilt pages that are decided otherwise where light has washed a tenth of them out; nothing tells where they
    lie."""
    rng = np.random.default_rng(9)
    washed, clean = rng.uniform(0.0, 0.2, n), rng.normal(0, 4, (n, 6))
    return [
        GateRow(
            record=f"s{k // 3}", kind="bleached", strength=0.5, reason=None, merits=GOOD | {"glare": float(washed[k])},
            error_mm=None, clean={"a": clean[k].tolist()},
            logits={"a": (clean[k] * (-1 if washed[k] > 0.1 else 1)).tolist()},
        )
        for k in range(n)
    ]  # fmt: skip


def test_limits_are_chosen_on_spoilt_pages_too() -> None:
    spoilt = Judged.of(pale(), "a", DecisionRule.plain(6))
    assert spoilt.wrong.any()
    assert not spoilt.misplaced.any(), "where they lie is not known"
    alone, together = (fit_gate(photographs(), risk=0.02, spoilt=one) for one in (None, spoilt))
    assert alone.glare[0] == pytest.approx(QualityGate().glare[0], abs=1e-3)
    assert 0.08 < together.glare[0] < 0.12
    assert together.sharpness[0] == pytest.approx(alone.sharpness[0], abs=0.05)
    assert spoilt.wrong[spoilt.answered(together)].mean() < 0.1 < spoilt.wrong[spoilt.answered(alone)].mean()


def test_rows_of_spoilt_pages_are_read_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(asdict(row)) + "\n" for row in pale(4)))
    assert read_spoilt(path, artefact="a") == pale(4)
    with pytest.raises(UsageError, match="no answers of other"):
        read_spoilt(path, artefact="other")
    for damage in (path.read_text()[:-20], json.dumps({"kind": "x"}), ""):
        path.write_text(damage)
        with pytest.raises(UsageError, match=r"rows of|no answers"):
            read_spoilt(path, artefact="a")
    with pytest.raises(UsageError, match="is no file"):
        read_spoilt(tmp_path, artefact="a")


def test_too_few_photographs_are_refused() -> None:
    with pytest.raises(UsageError, match="too few"):
        fit_gate(photographs(20), risk=0.02)


def test_bands_take_in_what_flips_but_not_more_than_is_allowed() -> None:
    judged = photographs(flips=3.0)
    before = judged.flips().sum(axis=0)
    assert before.min() > 0
    bands = fit_bands(judged, flips=0.0, undecided=0.2)
    assert (judged.flips(bands).sum(axis=0) < before).all()
    assert (~judged.decided(bands)).mean(axis=0).max() <= 0.2
    assert (fit_bands(judged, flips=1.0, undecided=0.2) == 0).all()


def test_figures_fall_with_coverage() -> None:
    judged = photographs()
    gate = fit_gate(judged, risk=0.02)
    told = figures_of(judged, gate)
    assert told["risk"]["low"] <= told["risk"]["value"] <= told["risk"]["high"]
    assert told["everyday_coverage"]["value"] == 1.0
    assert told["aurc_misplaced"]["value"] < judged.misplaced.mean()


def test_the_curve_of_a_perfect_and_of_a_useless_score() -> None:
    wrong = np.array([0, 0, 0, 1.0])
    coverage, risk = curve(np.array([4.0, 3.0, 2.0, 1.0]), wrong)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == [0, 0, 0, 0.25]
    assert aurc(np.zeros(4), wrong) == pytest.approx(0.25), "equal scores say nothing"


def test_halves_are_a_matter_of_the_record_alone() -> None:
    records = np.array([f"ptbxl-{k:05d}" for k in range(400)])
    first = halves(records)
    assert 0.4 < first.mean() < 0.6
    assert (halves(records[::-1])[::-1] == first).all()


def test_a_band_leaves_a_label_undecided() -> None:
    rule = DecisionRule.plain(6, threshold=(0.2,) * 6, scale=(2.0,) * 6, undecided_margin=(0.5, 0.5, 0.5, 0, 0, 0))
    middle = np.log(0.2 / 0.8) / 2
    decided = rule.decide(middle + np.array([0.2, -0.2, 0.3, 0.2, -0.2, 0.0]))
    assert list(decided) == [None, None, True, True, False, True]
    assert rule.distances(np.full(6, middle)) == pytest.approx(np.zeros(6), abs=1e-12)
    with pytest.raises(ValueError, match="undecided_margin"):
        replace(rule, undecided_margin=(-0.1,) * len(CODE6))
    assert DecisionRule.from_dict(rule.to_dict()) == rule
