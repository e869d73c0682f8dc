"""A recorder, as far as it changes what it records; ``vizecg.records.recorders.recording`` applies it.

Convention: electrodes are RA, LA, LL and C1 to C6, and what is measured of them are I, II and V1 to V6
(``MEASURED``). Amplitudes in millivolts are those at an electrode; leads, which are differences, have about as much.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

MEASURED = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
"""The leads that a recorder measures; the others follow from I and II."""
RECORDER_VERSION = "1"
"""Part of what drawn pictures are known by; raised when the same recorder changes a signal differently."""


class Family(str, Enum):
    """Kinds of filters, after their attenuation. Bessel's cut-off is at -3 dB, Chebyshev's where its ripple of 0.5 dB
    ends."""

    BUTTERWORTH = "butterworth"
    BESSEL = "bessel"
    CHEBYSHEV = "chebyshev"


@dataclass(frozen=True, kw_only=True)
class Edge:
    """One edge of the band that is let through: ``hz``, its cut-off. ``zero_phase``: forwards and backwards, as stored
    recordings are filtered; else as the signal comes in, which moves ST with a high-pass."""

    hz: float
    order: int = 1
    family: Family = Family.BUTTERWORTH
    zero_phase: bool = False

    def __post_init__(self) -> None:
        if not 0.01 <= self.hz <= 500 or not 1 <= self.order <= 8:
            raise ValueError(
                f"expected a cut-off of 0.01 to 500 Hz and an order of 1 to 8, got {self.hz}, {self.order}"
            )


@dataclass(frozen=True, kw_only=True)
class Wander:
    """A baseline that moves. Breath: a sine of ``hz`` and a straight drift, together at most twice ``mv``; ``walk``:
    noise without a period, of what is slower than ``hz``, ``mv`` root mean square."""

    mv: float
    hz: float
    walk: bool = False

    def __post_init__(self) -> None:
        _check_amplitude(self.mv)
        if not 0.01 <= self.hz <= 5:
            raise ValueError(f"expected a wander of 0.01 to 5 Hz, got {self.hz}")


@dataclass(frozen=True, kw_only=True)
class Muscle:
    """Noise of the muscles, ``mv`` root mean square, between the two frequencies of ``band_hz``; ``order`` of the edges
    of its spectrum. A slower signal holds as much of it as lies in its band."""

    mv: float
    band_hz: tuple[float, float] = (20.0, 90.0)
    order: int = 2

    def __post_init__(self) -> None:
        _check_amplitude(self.mv)
        if not 1 <= self.band_hz[0] < self.band_hz[1] <= 500 or not 1 <= self.order <= 8:
            raise ValueError(f"expected a band in 1 to 500 Hz and an order of 1 to 8, got {self.band_hz}, {self.order}")


@dataclass(frozen=True, kw_only=True)
class Hum:
    """The mains: a sine of ``hz`` and ``mv``, and ``third`` of that at three times the frequency."""

    mv: float
    hz: float = 50.0
    third: float = 0.0

    def __post_init__(self) -> None:
        _check_amplitude(self.mv)
        if not 45 <= self.hz <= 65 or not 0 <= self.third <= 1:
            raise ValueError(f"expected mains of 45 to 65 Hz and a share of 0 to 1, got {self.hz}, {self.third}")


@dataclass(frozen=True, kw_only=True)
class Recorder:
    """What happens to a signal, in this order; without any of it the signal stays as it is.

    Attributes:
        misplaced: of V1 to V6, which share of it is the next lead (positive) or the one before (negative).
        muscle, hum, wander: what the electrodes pick up beside the heart.
        gain: of all leads.
        lead_gains: of ``MEASURED``, over that; what follows from I and II follows.
        high_pass, low_pass: edges of what is let through.
        notch_hz: 50 or 60, what is taken out of it; None for nothing.
        notch_quality: its frequency over its width at -3 dB.
        sampling_rate: Hz, 50 to 5000; None keeps that of the signal.

    Raises:
        ValueError: a number is out of range.
    """

    misplaced: tuple[float, ...] = (0.0,) * 6
    muscle: Muscle | None = None
    hum: Hum | None = None
    wander: Wander | None = None
    gain: float = 1.0
    lead_gains: tuple[float, ...] = (1.0,) * len(MEASURED)
    high_pass: Edge | None = None
    low_pass: Edge | None = None
    notch_hz: float | None = None
    notch_quality: float = 20.0
    sampling_rate: float | None = None

    def __post_init__(self) -> None:
        shares = self.misplaced
        if len(shares) != 6 or max(map(abs, shares)) > 0.5 or shares[0] < 0 or shares[-1] > 0:
            raise ValueError(
                f"expected six shares of neighbours, -0.5 to 0.5, V1's not before it and V6's not behind, got {shares}"
            )
        gains = (self.gain, *self.lead_gains)
        if len(gains) != 1 + len(MEASURED) or not all(0.5 <= gain <= 2 for gain in gains):
            raise ValueError(f"expected a gain and {len(MEASURED)} of leads, 0.5 to 2 each, got {gains}")
        if self.notch_hz not in (None, 50.0, 60.0) or not 1 <= self.notch_quality <= 100:
            raise ValueError(f"expected a notch at 50 or 60 Hz, got {self.notch_hz} (quality {self.notch_quality})")
        if self.sampling_rate is not None and not 50 <= self.sampling_rate <= 5000:
            raise ValueError(f"expected a sampling rate of 50 to 5000 Hz, got {self.sampling_rate}")
        if self.high_pass and self.low_pass and self.high_pass.hz >= self.low_pass.hz:
            raise ValueError(f"nothing is let through: {self.high_pass.hz} to {self.low_pass.hz} Hz")

    @property
    def changes(self) -> bool:
        """Whether it changes anything."""
        return self != Recorder(notch_quality=self.notch_quality)


def _check_amplitude(mv: float) -> None:
    if not 0 < mv <= 5:
        raise ValueError(f"expected an amplitude of up to 5 mV, got {mv}")
