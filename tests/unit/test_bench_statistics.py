"""Percentiles, ratios and the protocol of a run."""

from __future__ import annotations

import numpy as np
import pytest

from vizecg.spec import UsageError
from vizecg_bench.run.protocol import PROTOCOLS, ProtocolName, protocol
from vizecg_bench.run.request import parse_handicaps
from vizecg_bench.run.statistics import latency_figures, ratio_of_medians

pytestmark = pytest.mark.unit


def _turns(seed: int, *, scale: float = 1.0, turns: int = 40) -> list[list[float]]:
    generator = np.random.default_rng(seed)
    return (scale * generator.lognormal(1.0, 0.1, (turns, 8))).tolist()


def test_percentiles_are_those_of_all_runs_and_lie_in_their_intervals() -> None:
    turns = _turns(0)
    found = latency_figures(turns, span_s=70.0, cpu_s=2.0)
    times = np.array(turns)
    assert found.runs == times.size
    assert found.p50.value == pytest.approx(np.median(times), abs=1e-4)
    assert found.p99.value == pytest.approx(np.percentile(times, 99), abs=1e-4)
    for figure in (found.p50, found.p90, found.p99):
        assert figure.low <= figure.value <= figure.high
    assert found.busy_s == pytest.approx(times.sum() / 1000, abs=1e-3)
    assert found.cpu_over_wall == pytest.approx(2.0 / found.busy_s, rel=0.01)
    assert len(found.quantiles) == 101
    assert found.quantiles[50] == found.p50.value


def test_a_disturbance_of_all_contenders_leaves_their_ratio_alone() -> None:
    quick, slow = np.array(_turns(1)), np.array(_turns(2, scale=3.0))
    disturbed = np.where(np.arange(40) % 4 == 0, 2.0, 1.0)[:, None]
    calm = ratio_of_medians(slow.tolist(), quick.tolist())
    noisy = ratio_of_medians((slow * disturbed).tolist(), (quick * disturbed).tolist())
    assert noisy.value == pytest.approx(calm.value, rel=0.03)
    assert noisy.high - noisy.low < 0.15 * noisy.value


def test_the_same_seed_gives_the_same_interval() -> None:
    assert latency_figures(_turns(3), span_s=1.0) == latency_figures(_turns(3), span_s=1.0)


@pytest.mark.parametrize(
    "turns",
    [[], [[]], [[1.0, 2.0], [1.0]], [[1.0, float("nan")]], [[0.0]]],
    ids=["none", "empty", "ragged", "nan", "0"],
)
def test_times_that_cannot_be_are_refused(turns: list[list[float]]) -> None:
    with pytest.raises(ValueError):
        latency_figures(turns, span_s=1.0)


def test_ratios_want_as_many_turns() -> None:
    with pytest.raises(ValueError, match="turns"):
        ratio_of_medians(_turns(0), _turns(1, turns=3))


def test_the_full_protocol_is_that_of_mlperf_mobile() -> None:
    full = PROTOCOLS[ProtocolName.FULL]
    assert (full.least_runs, full.least_span_s, full.sustained_s) == (1024, 60.0, 600.0)


def test_a_shorter_sustained_run_is_another_protocol() -> None:
    assert protocol(ProtocolName.FULL, sustained_s=600.0).name == "full"
    assert protocol(ProtocolName.FULL, sustained_s=5.0).name != "full"


def test_handicaps_are_read() -> None:
    assert parse_handicaps(["onnx-int8=2.5"]) == {"onnx-int8": 2.5}


@pytest.mark.parametrize("text", ["onnx-int8", "onnx-int8=", "=3", "onnx-int8=-1", "onnx-int8=nan", "a=inf"])
def test_a_handicap_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="NAME=MILLISECONDS"):
        parse_handicaps([text])
