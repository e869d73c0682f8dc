"""What becomes of the signals of training samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vizecg.data.augment import change_signal
from vizecg.data.recorders import epoch_signal
from vizecg.data.signal import detrended
from vizecg.data.signal_view import SignalView, recorded_samples, sheet_view

_VIEW = 21
"""Sets these random numbers apart from those that other parts of a run derive from the same seed."""
_ON_SHEETS = 0.5
"""Share of the samples of a mixed view that are shown as a sheet shows them."""


@dataclass(frozen=True, kw_only=True)
class SignalChanges:
    """The changes of ``change_signal``, and what of the signal is seen; without any option, the former alone.

    Attributes:
        sampling_rate: Hz, of the signals.
        seed: of what is drawn here.
        view: how much of a recording is seen.
        recorders: share of the samples that go through a random recorder first.
    """

    sampling_rate: float
    seed: int
    view: SignalView = SignalView.WHOLE
    recorders: float = 0.0

    def of(self, signal: np.ndarray, rng: np.random.Generator, *, epoch: int, row: int) -> np.ndarray:
        """Of a record's signal input, float32 (12, T), in one epoch; ``rng`` decides what ``change_signal`` draws."""
        if self.recorders:
            signal = self._through_recorder(signal, epoch=epoch, row=row)
        if not self._on_sheet(epoch, row):
            return change_signal(signal, rng)
        recorded = recorded_samples(signal)
        # What is turned about the end of the recording leaves no gap in what a sheet shows.
        changed = change_signal(signal, rng, recorded=recorded)
        return sheet_view(changed, sampling_rate=self.sampling_rate, recorded=recorded)

    def _through_recorder(self, signal: np.ndarray, *, epoch: int, row: int) -> np.ndarray:
        recorded = recorded_samples(signal)
        heard = epoch_signal(
            signal[:, :recorded],
            sampling_rate=self.sampling_rate, share=self.recorders, seed=self.seed, epoch=epoch, row=row,
        )  # fmt: skip
        if np.shares_memory(heard, signal):
            return signal
        # As every signal input is.
        whole = np.zeros_like(signal)
        whole[:, :recorded] = detrended(heard)
        return whole

    def _on_sheet(self, epoch: int, row: int) -> bool:
        if self.view is not SignalView.MIXED:
            return self.view is SignalView.SHEET
        return float(np.random.default_rng((self.seed, _VIEW, epoch, row)).random()) < _ON_SHEETS
