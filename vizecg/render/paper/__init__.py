"""The ``paper`` style: pages that look like those of ecg_plot 0.2.8, the renderer of the VizECGNet paper."""
