"""Pages drawn by the ``ecg_plot`` package, release 0.3: an optional backend, a reference to compare with.

0.3 is a rewrite whose pages look unlike those of 0.2.8, the VizECGNet paper's renderer; for those see
``vizecg.render.paper.draw``.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import cv2
import numpy as np

from vizecg.records import EcgRecord
from vizecg.spec import LEADS, MissingToolError, UsageError
from vizecg.spec.install import pip_install


class Rasteriser(str, Enum):
    """What turns the package's vector page into pixels. ``cairo`` is the package's own way to a PNG file."""

    MATPLOTLIB = "matplotlib"
    CAIRO = "cairo"


def render_ecg_plot(
    record: EcgRecord,
    *,
    columns: int = 2,
    title: str | None = None,
    dpi: float = 100,
    rasteriser: Rasteriser = Rasteriser.MATPLOTLIB,
) -> np.ndarray:
    """Draw a whole record, the leads down the columns, at 25 mm/s and 10 mm/mV.

    Args:
        record: any length.
        columns: 1 to 12.
        title: printed above the leads.
        dpi: pixels per inch.
        rasteriser: ``cairo`` needs CairoSVG and the system's Cairo library.

    Returns:
        uint8 RGB (H, W, 3); the size follows from the recording's length and its largest deflection.

    Raises:
        UsageError: columns or dpi make no sense.
        MissingToolError: ecg_plot 0.3 or the rasteriser is not installed.
    """
    if not 1 <= columns <= len(LEADS):
        raise UsageError(f"columns must be 1 to {len(LEADS)}, got {columns}")
    if not 20 <= dpi <= 600:
        raise UsageError(f"dpi must be 20 to 600, got {dpi:g}")
    chart = ecg_plot_chart(record, columns=columns, title=title)
    return _by_cairo(chart, dpi) if rasteriser is Rasteriser.CAIRO else _by_matplotlib(chart, dpi)


def ecg_plot_chart(record: EcgRecord, *, columns: int = 2, title: str | None = None) -> Any:
    """The package's ``ECGChart`` of a record.

    Raises:
        MissingToolError: ecg_plot is not installed, or an older release than 0.3.
    """
    try:
        import ecg_plot
    except ImportError as error:
        raise MissingToolError("ecg_plot is not installed: pip install 'ecg-plot[matplotlib]>=0.3,<0.4'") from error
    if not hasattr(ecg_plot, "ECGChart"):
        raise MissingToolError("this ecg_plot is older than 0.3: pip install 'ecg-plot[matplotlib]>=0.3,<0.4'")
    return ecg_plot.plot(
        record.signal, sample_rate=record.sampling_rate, lead_names=list(LEADS), columns=columns, title=title
    )


def _by_matplotlib(chart: Any, dpi: float) -> np.ndarray:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ImportError as error:
        raise MissingToolError(f"matplotlib is not installed: {pip_install('train')}") from error
    figure, _ = chart.to_matplotlib()
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def _by_cairo(chart: Any, dpi: float) -> np.ndarray:
    try:
        import cairosvg
    except ImportError as error:
        raise MissingToolError("CairoSVG is not installed: pip install 'ecg-plot[export]>=0.3,<0.4'") from error
    except OSError as error:  # the package is there, the library is not
        raise MissingToolError("the system's Cairo library is missing: apt-get install libcairo2") from error
    width, height = (max(1, round(mm / 25.4 * dpi)) for mm in (chart.width_mm, chart.height_mm))
    png = cairosvg.svg2png(bytestring=chart.to_svg().encode(), output_width=width, output_height=height)
    # Colours alone: the package draws an opaque background.
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
