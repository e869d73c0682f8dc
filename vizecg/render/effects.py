"""What lies between a print and its picture: every effect with a strength, and the named conditions."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace

from vizecg.spec import Condition


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Strengths from 0 (absent) to 1 (as bad as is still met with); each picture draws its own amounts below them.

    Paper: ``copy`` (black-and-white copy), ``handwriting``, ``stains``, ``folds``, ``wrinkles``, ``curl``.
    View: ``rotation``, ``perspective``, ``lens`` (barrel and pincushion), ``background`` (how much of the table is in
    the picture), ``crop``. Light: ``light`` (gradient and vignette), ``shadow``, ``temperature`` (and exposure).
    Camera: ``defocus``, ``motion``, ``moire``, ``noise``, ``jpeg``. ``screen`` 1 shows a monitor instead of paper.
    """

    copy: float = 0.0
    handwriting: float = 0.0
    stains: float = 0.0
    folds: float = 0.0
    wrinkles: float = 0.0
    curl: float = 0.0
    rotation: float = 0.0
    perspective: float = 0.0
    lens: float = 0.0
    background: float = 0.0
    crop: float = 0.0
    light: float = 0.0
    shadow: float = 0.0
    temperature: float = 0.0
    defocus: float = 0.0
    motion: float = 0.0
    moire: float = 0.0
    noise: float = 0.0
    jpeg: float = 0.0
    screen: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not 0 <= value <= 1:
                raise ValueError(f"the strength of {name} must be between 0 and 1, got {value}")

    def scaled(self, strength: float) -> Effects:
        """All strengths times ``strength``; a screen stays one.

        Raises:
            ValueError: ``strength`` is outside 0 to 1.
        """
        if not 0 <= strength <= 1:
            raise ValueError(f"strength must be between 0 and 1, got {strength}")
        if strength == 1:
            return self
        return Effects(
            **{name: value * (1.0 if name == "screen" else strength) for name, value in asdict(self).items()}
        )


EFFECT_NAMES: tuple[str, ...] = tuple(field.name for field in fields(Effects))

_SCAN = Effects(rotation=0.08, light=0.1, temperature=0.15, defocus=0.4, noise=0.25, jpeg=0.5)
_PHOTO = Effects(
    folds=0.35, wrinkles=0.35, curl=0.4, rotation=0.7, perspective=0.7, lens=0.4, background=0.7, light=0.7,
    shadow=0.6, temperature=0.7, defocus=0.7, motion=0.1, noise=0.7, jpeg=0.7, handwriting=0.15,
)  # fmt: skip

CONDITIONS: dict[Condition, Effects] = {
    Condition.CLEAN: Effects(),
    Condition.PRINT: Effects(),
    Condition.SCAN: _SCAN,
    Condition.BW_SCAN: replace(_SCAN, copy=1.0, temperature=0.0),
    Condition.PHOTO: _PHOTO,
    Condition.PHOTO_FOLDED: replace(_PHOTO, folds=1.0, curl=0.8),
    Condition.PHOTO_SHADOW: replace(_PHOTO, shadow=1.0, light=1.0),
    Condition.PHOTO_WRINKLED: replace(_PHOTO, wrinkles=1.0, folds=0.6),
    Condition.MONITOR: replace(
        _PHOTO, screen=1.0, moire=1.0, folds=0.0, wrinkles=0.0, curl=0.0, handwriting=0.0, shadow=0.1, temperature=1.0
    ),
    Condition.STAINED: replace(_PHOTO, stains=1.0, handwriting=1.0),
    Condition.CROPPED: replace(_PHOTO, crop=1.0, background=0.2),
    Condition.SEVERE: Effects(
        handwriting=0.8, stains=0.8, folds=1.0, wrinkles=0.9, curl=1.0, rotation=1.0, perspective=1.0,
        lens=1.0, background=1.0, crop=0.4, light=1.0, shadow=1.0, temperature=1.0, defocus=1.0, motion=0.8, noise=1.0,
        jpeg=1.0,
    ),
}  # fmt: skip
"""The strengths of each named condition."""
