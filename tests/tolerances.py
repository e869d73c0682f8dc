"""The one table of numeric tolerances of the tests: every comparison of floats names its row.

    from tolerances import tolerance
    np.testing.assert_allclose(got, want, atol=tolerance("f32-reorder"))

A row changes only together with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from vizecg_lab.drawing.limits import DRAWING_LIMITS


@dataclass(frozen=True)
class Tolerance:
    """One row: what is compared, how far apart it may be, and why that far."""

    name: str
    value: float
    why: str


_ROWS = (
    Tolerance("trace-column-mm", 0.5, "a trace whose height is told once for each column of 0.5 mm"),
    Tolerance("placed-px", 0.02, "bends of a rectifier, inverted in two steps, on a lattice of eighths of a pixel"),
    Tolerance("prior-gradient", 2e-3, "of the odds of 50 records, a few of which a share of the negatives has twice"),
    Tolerance("exact", 0.0, "integers, labels, geometry: the same code on both sides"),
    Tolerance("f32-reorder", 1e-6, "float32 sums of the same numbers in another order, values near 1"),
    Tolerance("resample-tone", 0.02, "a tone of 7 Hz through resampling, away from the ends; amplitude 1.5"),
    Tolerance("limb-identity-mv", 4e-6, "four float32 of some millivolts added; offsets of 30 mV in float64"),
    Tolerance("filter-db", 0.05, "decibels of a response, read between two frequencies; sizes of noise by chance"),
    Tolerance("adc-microvolt", 6e-4, "millivolts through 16 bits at 1 microvolt, and back"),
    Tolerance(
        "store-unit", 0.5001, "units of a stored sample: rounding is off by half a unit, float32 by a little more"
    ),
    Tolerance(
        "packed-steps", 1.0001, "steps of a packed store: half a one for leads that are kept, at most one for III"
    ),
    Tolerance("trace-mm", 0.2, "a trace of 0.25 mm is drawn in pixels of 0.25 mm"),
    Tolerance("grid-scale", 0.005, "relative, a millimetre of paper whose grid is seen, over 250 mm"),
    Tolerance("gridless-scale", 0.04, "relative, a millimetre from pulses and rows: what is told as their uncertainty"),
    Tolerance("flat-mm", 0.3, "how far a flat page of dots, which are rounded to pixels of 0.18 mm, is from flat"),
    Tolerance("line-mm", 0.2, "nine tenths of a flat page's lines, drawn in pixels of 0.18 mm; 0.13 was measured"),
    Tolerance("origin-mm", 2.0, "start of the traces as found from their ends: a lead may begin or end in a flat line"),
    Tolerance("paper-px", 0.16, "a trace of 0.7 px inside one pixel: its centre is known to half of the other 0.3 px"),
    Tolerance("paper-ink", 0.995, "least precision and recall of trace pixels, 1 px dilated, with ecg_plot 0.2.8's"),
    Tolerance("paper-ink-amount", 0.1, "Agg's joints of segments under a pixel overlap and count twice: 9 % at 500 Hz"),
    Tolerance("paper-grid-px", 0.1, "grid lines lie on the same pixels; their centres come from a projection"),
    Tolerance("homography-px", 0.5, "a dot's centre of gravity in a blurred, noisy JPEG"),
    Tolerance("view-map-px", 0.02, "a map is computed at every few pixels of a gentle perspective and interpolated"),
    Tolerance("composed-trace-mm", 0.1, "centre of ink of 0.35 mm, sampled twice, to the level of 17 samples' mean"),
    Tolerance("grid-step-px", 0.2, "steps of a grid of 20 px from peaks of an autocorrelation, by parabolas"),
    Tolerance("grid-misfit-cells", 0.03, "lines of 1 px in squares of 20 px, blurred"),
    Tolerance("level-slope", 0.002, "cells per cell that levelling leaves of a slope, from offsets with noise of 0.02"),
    Tolerance("mapping-px", 0.1, "pixels: bend and lens are inverted by a few steps of iteration"),
    *(Tolerance(limit.name, limit.value, limit.why) for limit in DRAWING_LIMITS),
    Tolerance("batch-jpeg-noise", 0.1, "batch-jpeg in tiny pictures of noise, whose every coefficient may"),
    Tolerance("draft-span", 0.02, "pixels: signals are kept in steps of a hundredth; 0.005 was measured"),
    Tolerance("draft-place", 2e-3, "pixels of a lattice in float32; 2.4e-4 was measured"),
    Tolerance("draft-place-step", 0.1, "pixels, of single nodes; 0.024 was measured"),
    Tolerance("draft-light", 0.03, "share of nodes whose light rounds the other way; 0.011 was measured"),
    Tolerance("draft-jpeg", 0.25, "mean grey levels: JPEG enlarges what the above move; 0.15 was measured"),
    Tolerance("layout-gradient", 5e-3, "share of a gradient by float32: sums, and ReLUs that flip, through 18 layers"),
    Tolerance("platt", 0.1, "two parameters of a logistic curve from 20,000 draws"),
    Tolerance("platt-lbfgs", 1e-4, "the same minimum by L-BFGS, which stops where the gradient is 1e-7"),
    Tolerance("onnx-fp32", 1e-4, "float32 logits of ONNX Runtime against torch eager; export alone is right to 2e-7"),
    Tolerance("executorch-fp32", 1e-4, "float32 logits of ExecuTorch against torch eager; 3e-7 was measured"),
    Tolerance("golden-ink", 1.0, "mean difference of ink maps (0..255): JPEG and noise of other OpenCV builds"),
    Tolerance("int8-same-file", 0.35, "logits of one int8 file on two CPUs: a rounded activation may fall either way"),
    Tolerance("int8-cosine", 0.99, "least cosine of int8 with float logits: 0.999 is usual, 0.89 is saturation"),
    Tolerance("tensorrt-fp16", 0.02, "logits of a float16 graph, weights and tensors rounded: 0.005 on 600 sheets"),
    Tolerance("tensorrt-int8-db", 30.0, "least SQNR, dB, of int8 for TensorRT with float logits: 42 was measured"),
    Tolerance("half-weights", 5e-4, "relative: weights that only training uses, rounded to the 11 bits of float16"),
    Tolerance("folded", 1e-5, "logits with scale and gains moved into weights: float32 products in another order"),
    Tolerance("executorch-int8-db", 32.0, "least SQNR, dB, of int8 programs with float logits: 43 to 45 was measured"),
    Tolerance("backend-threads", 1e-5, "logits of one file by one and by two threads: float32 sums in another order"),
    Tolerance("runner", 1e-5, "logits of one program in two processes: float32 sums in the order of the threads"),
    Tolerance("rate-bpm", 2.0, "rate of a page read with 20 dB of noise and 5 ms of jitter; what users are promised"),
    Tolerance("qrs-ms", 24.0, "QRS of such a page: 7 is the median of synthetic records, 26 their 90th percentile"),
    Tolerance("pr-ms", 20.0, "PR of such a page: 9 is the median of synthetic records; fast rates are further off"),
)

TOLERANCES = MappingProxyType({row.name: row for row in _ROWS})


def tolerance(name: str) -> float:
    """The value of the row `name`."""
    try:
        return TOLERANCES[name].value
    except KeyError:
        raise KeyError(f"no tolerance {name!r}; the table has {', '.join(TOLERANCES)}") from None
