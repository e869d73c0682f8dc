"""How much is measured before a figure counts."""

from __future__ import annotations

from enum import Enum

from vizecg_bench.run.schema import ProtocolPart


class ProtocolName(str, Enum):
    """``quick`` is for development, ``full`` for figures that are quoted."""

    QUICK = "quick"
    FULL = "full"


PROTOCOLS = {
    ProtocolName.QUICK: ProtocolPart(
        name="quick", least_runs=64, least_span_s=0.0, warm_up_runs=8, burst=8, start_repeats=1, sustained_s=0.0, seed=0
    ),
    # MLPerf Mobile's single stream: at least 1,024 samples and 60 seconds. Contenders take turns in bursts, so that
    # the machine is at work for all of the span, and what disturbs it disturbs them alike.
    ProtocolName.FULL: ProtocolPart(
        name="full",
        least_runs=1024,
        least_span_s=60.0,
        warm_up_runs=32,
        burst=8,
        start_repeats=5,
        sustained_s=600.0,
        seed=0,
    ),
}


def protocol(name: ProtocolName, *, sustained_s: float | None = None, seed: int = 0) -> ProtocolPart:
    """The named protocol; another length of the sustained run makes it another protocol, by name too."""
    chosen = PROTOCOLS[name].model_copy(update={"seed": seed})
    if sustained_s is None or sustained_s == chosen.sustained_s:
        return chosen
    return chosen.model_copy(update={"sustained_s": sustained_s, "name": f"{chosen.name}, sustained {sustained_s:g} s"})
