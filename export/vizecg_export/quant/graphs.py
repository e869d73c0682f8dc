"""The quantised graph of a job: by calibration alone, or trained."""

from __future__ import annotations

from torch.fx import GraphModule

from vizecg_export.job import Job
from vizecg_export.quant.pt2e import calibrated, convert


def quantised_graph(job: Job) -> GraphModule:
    """The quantised network before it is lowered: float operators between quantise and dequantise nodes.

    Raises:
        UsageError: no calibration images, or an unknown calibrator.
    """
    if job.qat_epochs:
        # Here, because training brings Lightning with it.
        from vizecg_export.quant.qat import trained_graph

        return trained_graph(job)
    return convert(calibrated(job))
