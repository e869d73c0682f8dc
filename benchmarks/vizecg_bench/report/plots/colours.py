"""The colours of all plots."""

from __future__ import annotations

from collections.abc import Sequence

# Okabe and Ito's palette: told apart by the colour-blind too.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
BASELINE_COLOUR = "#9a9a9a"


def colours_of(names: Sequence[str]) -> dict[str, str]:
    """A colour for each."""
    return {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}
