"""ecg_plot 0.3 as a backend, and what is said where it is missing."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from vizecg.records.synthetic import synthesise
from vizecg.render.ecg_plot_page import Rasteriser, render_ecg_plot
from vizecg.spec import ExitCode, MissingToolError, UsageError

pytestmark = pytest.mark.integration


@pytest.fixture
def installed() -> None:
    package = pytest.importorskip("ecg_plot", reason="ecg-plot is not installed: pip install '.[train]'")
    if not hasattr(package, "ECGChart"):
        pytest.skip("this environment has ecg-plot 0.2, the backend is for 0.3")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("rasteriser", list(Rasteriser))
def test_a_page_has_grid_and_trace(rasteriser: Rasteriser) -> None:
    record = synthesise(seed=1, sampling_rate=100, duration_s=5)
    try:
        image = render_ecg_plot(record, dpi=50, rasteriser=rasteriser, title="ECG")
    except MissingToolError as error:
        if rasteriser is Rasteriser.CAIRO:
            pytest.skip(str(error))
        raise
    assert image.dtype == np.uint8
    assert image.shape[2] == 3
    # Two columns of 5 s at 25 mm/s and the margins, at 50 dpi.
    assert 250 / 25.4 * 50 < image.shape[1] < 300 / 25.4 * 50
    assert (image < 160).all(axis=2).sum() > 500
    assert (image[0, 0] == 255).all()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("options", [{"columns": 0}, {"dpi": 5}])
def test_wrong_arguments_are_named(options: dict) -> None:
    with pytest.raises(UsageError, match=f"{next(iter(options))} must be"):
        render_ecg_plot(synthesise(seed=1, sampling_rate=100), **options)


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ecg_plot", None)
    with pytest.raises(MissingToolError, match=r"pip install 'ecg-plot\[matplotlib\]>=0.3,<0.4'") as caught:
        render_ecg_plot(synthesise(seed=1, sampling_rate=100))
    assert caught.value.exit_code is ExitCode.MISSING_TOOL


def test_an_old_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ecg_plot", types.ModuleType("ecg_plot"))
    with pytest.raises(MissingToolError, match=r"older than 0\.3"):
        render_ecg_plot(synthesise(seed=1, sampling_rate=100))


@pytest.mark.usefixtures("installed")
def test_missing_cairo_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    with pytest.raises(MissingToolError, match=r"pip install 'ecg-plot\[export\]>=0.3,<0.4'"):
        render_ecg_plot(synthesise(seed=1, sampling_rate=100), rasteriser=Rasteriser.CAIRO)
