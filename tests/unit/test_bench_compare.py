"""`vizecg-bench compare`: what counts as worse, and what may be compared at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench_results import (
    FLOAT_MS,
    around,
    made_up_accuracy,
    made_up_latency,
    made_up_result,
    made_up_section,
    with_contender,
)
from tolerances import tolerance
from vizecg.spec import UsageError
from vizecg_bench.cli import app
from vizecg_bench.compare.changes import ChangeLimits
from vizecg_bench.compare.ratios import parse_share, ratio
from vizecg_bench.compare.runs import By, compare
from vizecg_bench.report.read import NotComparableError
from vizecg_bench.run.schema import Interval, LeftOut, Result
from vizecg_bench.verbs.compare import RegressionError
from vizecg_bench.verbs.compare import compare as compare_verb

pytestmark = pytest.mark.unit

KEY = "onnx-int8 x1"
P50_MS = 4.5


def slowed(share: float) -> Result:
    """The made-up run with one contender slower by a share."""
    p50 = P50_MS * (1 + share)
    return with_contender(made_up_result(), KEY, latency=made_up_latency(p50, of_float=p50 / FLOAT_MS))


def without(result: Result, *names: str) -> Result:
    return result.model_copy(update={"contenders": tuple(one for one in result.contenders if one.name not in names)})


def run(tmp_path: Path, a: Result, b: Result, **options: object) -> None:
    for name, result in (("a", a), ("b", b)):
        (tmp_path / f"{name}.json").write_text(result.to_json(), encoding="utf-8")
    asked: dict[str, object] = {
        "fail_over": "5%", "max_accuracy_drop": 0.005, "by": By.RATIO, "baseline": None, "allow_invalid": False,
        "figures": None,
    }  # fmt: skip
    compare_verb(a=tmp_path / "a.json", b=tmp_path / "b.json", **{**asked, **options})


def test_the_same_run_passes() -> None:
    found = compare(made_up_result(), made_up_result())
    assert not found.failures
    assert found.baseline == "torch-eager"
    assert all(row.time is not None and row.time.change.value == 0 for row in found.rows)


@pytest.mark.parametrize("by", list(By))
def test_slower_than_the_limit_fails(by: By) -> None:
    found = compare(made_up_result(), slowed(0.06), by=by)
    assert list(found.failures) == [KEY]
    assert "6.0 % slower" in found.failures[KEY][0]


@pytest.mark.parametrize("by", list(By))
def test_as_slow_as_the_limit_or_quicker_passes(by: By) -> None:
    assert not compare(made_up_result(), slowed(0.05), by=by).failures
    assert not compare(made_up_result(), slowed(-0.5), by=by).failures


def test_a_limit_of_zero_lets_nothing_pass() -> None:
    assert KEY in compare(made_up_result(), slowed(0.001), limits=ChangeLimits(slower=0.0)).failures


def test_noise_above_the_limit_is_told() -> None:
    noisy = made_up_latency(P50_MS, of_float=P50_MS / FLOAT_MS).model_copy(update={"of_float": around(0.214, 0.2)})
    found = compare(made_up_result(), with_contender(made_up_result(), KEY, latency=noisy))
    assert not found.failures
    assert [note.split(":")[0] for note in found.notes if "too noisy" in note] == [KEY]


def test_a_slower_baseline_is_told_and_hides_nothing() -> None:
    slow = made_up_latency(FLOAT_MS * 1.2, of_float=1.0)
    quicker = made_up_latency(P50_MS, of_float=P50_MS / FLOAT_MS / 1.2)
    b = with_contender(made_up_result(), "torch-eager x1", latency=slow)
    found = compare(made_up_result(), with_contender(b, KEY, latency=quicker))
    assert not found.failures
    assert any("torch-eager x1 itself became 20.0 % slower" in note for note in found.notes)
    row = next(row for row in found.rows if row.key == KEY)
    assert row.time is not None
    assert row.time.change.value == pytest.approx(1 / 1.2 - 1)
    assert "torch-eager x1" in compare(made_up_result(), b, by=By.P50).failures


def test_accuracy_is_judged_on_whole_sections() -> None:
    fell = made_up_accuracy(auroc=0.974)
    found = compare(made_up_result(), with_contender(made_up_result(), KEY, accuracy=fell))
    assert "macro auroc on clean fell by 0.0060" in "; ".join(found.failures[KEY])
    assert not compare(
        made_up_result(), with_contender(made_up_result(), KEY, accuracy=made_up_accuracy(auroc=0.9751))
    ).failures


def test_a_single_strength_that_fell_is_a_note() -> None:
    before, after = made_up_accuracy(strengths=True), made_up_accuracy(strengths=True)
    after = after.model_copy(update={"sections": {**after.sections, "scan@1": made_up_section(auroc=0.8, n=150)}})
    a, b = (with_contender(made_up_result(), KEY, accuracy=one) for one in (before, after))
    found = compare(a, b)
    assert not found.failures
    assert any("scan@1 fell" in note for note in found.notes)


def test_accuracy_that_is_gone_fails() -> None:
    half = made_up_accuracy()
    half = half.model_copy(update={"sections": {"clean": half.sections["clean"]}})
    b = with_contender(made_up_result(), KEY, accuracy=half)
    found = compare(made_up_result(), b)
    assert "no macro auroc on photo any more" in found.failures[KEY]


def test_other_packs_are_not_compared_and_it_is_said() -> None:
    a = made_up_result()
    assert a.pack is not None
    b = with_contender(a, KEY, accuracy=made_up_accuracy(auroc=0.5))
    for pack in (None, a.pack.model_copy(update={"sha256": "0" * 64})):
        found = compare(a, b.model_copy(update={"pack": pack}))
        assert not found.failures
        assert any("accuracy is NOT compared" in note for note in found.notes)
        assert all(row.accuracy == {} and row.flips is None for row in found.rows)


def test_vanished_contenders_fail_and_new_ones_are_named() -> None:
    more, fewer = made_up_result(), without(made_up_result(), "onnx-int8")
    assert compare(more, fewer).failures == {
        KEY: ("gone: not measured",), "onnx-int8 x2": ("gone: not measured",)
    }  # fmt: skip
    assert compare(fewer, more).new == (KEY, "onnx-int8 x2")


def test_why_a_contender_vanished_is_told_of_one_number_of_threads_or_of_all() -> None:
    fewer = without(made_up_result(), "onnx-int8")
    died = (LeftOut(name="onnx-int8 x2", why="failed in the run: it died"), LeftOut(name="onnx-int8", why="no VNNI"))
    assert compare(made_up_result(), fewer.model_copy(update={"left_out": died})).failures == {
        KEY: ("gone: no VNNI",), "onnx-int8 x2": ("gone: failed in the run: it died",)
    }  # fmt: skip


def test_without_a_float_network_onnx_fp32_is_the_baseline() -> None:
    a, b = (without(result, "torch-eager") for result in (made_up_result(), slowed(0.06)))
    found = compare(a, b)
    assert found.baseline == "onnx-fp32"
    assert list(found.failures) == [KEY]
    with pytest.raises(NotComparableError, match="--baseline"):
        compare(without(a, "onnx-fp32"), without(b, "onnx-fp32"))
    assert compare(a, b, baseline="executorch-int8").failures
    with pytest.raises(UsageError, match="no contender 'nothing'"):
        compare(a, b, baseline="nothing")


def test_nothing_in_common_is_a_usage_error() -> None:
    a, b = made_up_result(), made_up_result()
    names = [one.name for one in a.contenders]
    with pytest.raises(UsageError, match="no contender is in both"):
        compare(without(a, *names[1:]), without(b, names[0]))


def test_other_machines_compare_by_ratio_only() -> None:
    a = made_up_result()
    b = a.model_copy(update={"environment": a.environment.model_copy(update={"cpu": "Another"})})
    assert any("other machines: cpu Made-up CPU and Another" in note for note in compare(a, b).notes)
    with pytest.raises(NotComparableError, match="--by ratio"):
        compare(a, b, by=By.P50)


def test_other_protocols_do_not_compare() -> None:
    a = made_up_result()
    b = a.model_copy(update={"protocol": a.protocol.model_copy(update={"burst": 9})})
    with pytest.raises(NotComparableError, match="burst 8 and 9"):
        compare(a, b)
    compare(a, a.model_copy(update={"protocol": a.protocol.model_copy(update={"seed": 1})}))


def test_an_invalid_run_compares_only_when_asked() -> None:
    bad = made_up_result(is_valid=False, invalid_because=("it was throttled",))
    with pytest.raises(NotComparableError, match="result B is not valid: it was throttled"):
        compare(made_up_result(), bad)
    found = compare(made_up_result(), bad, allow_invalid=True)
    assert "result B is not valid: it was throttled" in found.notes


def test_intervals_of_a_change_hold_those_of_both() -> None:
    found = ratio(around(2.0, 0.03), around(1.0, 0.04))
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((2.0, 1.9, 2.1), abs=0.01)
    alone = ratio(Interval(value=2.0), around(1.0))
    assert alone == Interval(value=2.0)
    assert ratio(Interval(value=None), around(1.0)) is None


@pytest.mark.parametrize("text", ["5%", "5 %", "0.05", ".05", " 5.0% "])
def test_limits_are_shares(text: str) -> None:
    assert parse_share(text, option="--fail-over") == pytest.approx(0.05, abs=tolerance("f32-reorder"))


@pytest.mark.parametrize("text", ["five", "", "-5%", "5", "1e3", "nan", "5%%", "0,05"])
def test_nonsense_as_a_limit_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--fail-over"):
        parse_share(text, option="--fail-over")


def test_the_files_give_one_line_and_a_comparison(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "compare.json"
    with pytest.raises(RegressionError) as caught:
        run(tmp_path, made_up_result(), slowed(0.3), figures=out)
    assert int(caught.value.exit_code) == 5
    assert KEY in str(caught.value)
    assert "\n" not in str(caught.value)
    written = json.loads(out.read_text(encoding="utf-8"))
    assert list(written["failures"]) == [KEY]
    row = next(row for row in written["rows"] if row["contender"] == KEY)
    assert row["time"]["change"]["value"] == pytest.approx(0.3)
    shown = capsys.readouterr().out
    assert "FAILED" in shown
    assert "+30.0 %" in shown
    run(tmp_path, made_up_result(), slowed(0.3), fail_over="40 %")


def test_what_is_no_result_is_refused(tmp_path: Path) -> None:
    run(tmp_path, made_up_result(), made_up_result())
    good = made_up_result()
    twice = good.model_copy(update={"contenders": (*good.contenders, good.contenders[0])})
    cases = {
        "{": UsageError, "[]": UsageError, '{"kind": "gate"}': UsageError,
        '{"kind": "run", "schema_version": 1}': UsageError,
        good.to_json().replace('"schema_version": 1', '"schema_version": 2'): NotComparableError,
        good.to_json().replace('"seed": 0', '"seed": NaN'): UsageError,
        good.to_json().replace('"device": "local"', '"device": "local", "more": 1', 1): UsageError,
        twice.to_json(): UsageError,
    }  # fmt: skip
    a, b = tmp_path / "a.json", tmp_path / "b.json"
    for text, error in cases.items():
        b.write_text(text, encoding="utf-8")
        with pytest.raises(error) as caught:
            compare_verb(a=a, b=b, fail_over="5%", max_accuracy_drop=0.0, by=By.RATIO)
        assert "b.json" in str(caught.value)
        assert "\n" not in str(caught.value)
    b.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read"):
        compare_verb(a=a, b=b, fail_over="5%", max_accuracy_drop=0.0, by=By.RATIO)


def test_the_verbs_reach_the_comparison(tmp_path: Path) -> None:
    run(tmp_path, made_up_result(), slowed(0.3), fail_over="40%")
    arguments = ["compare", str(tmp_path / "a.json"), str(tmp_path / "b.json"), "--fail-over", "10%"]
    assert isinstance(CliRunner().invoke(app, arguments).exception, RegressionError)
    shown = CliRunner().invoke(app, ["show", str(tmp_path / "a.json"), "--markdown", str(tmp_path / "a.md")])
    assert shown.exit_code == 0, shown.output
    assert "onnx-int8" in (tmp_path / "a.md").read_text(encoding="utf-8")
