"""What the pipeline says about one image: the object that ``--json`` prints, and its text for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from vizecg.spec import INTENDED_USE, Label

SCHEMA_VERSION = 1
ANSWERED, REFUSED = "answered", "refused"


@dataclass(frozen=True, kw_only=True)
class Input:
    """The file, or the camera; nulls where it could not be read.

    ``page`` counts from 1 in a file of several pages, ``frame`` from 0 in a video; ``combined`` is the number of
    frames whose logits make the answer.
    """

    path: str
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    page: int | None = None
    frame: int | None = None
    combined: int | None = None

    @property
    def name(self) -> str:
        """The path, and the page or frame."""
        page = "" if self.page is None else f" page {self.page}"
        return self.path + page + ("" if self.frame is None else f" frame {self.frame}")


@dataclass(frozen=True, kw_only=True)
class Quality:
    """``score`` 0 to 1, and the ``least`` that is answered; lengths on the paper.

    ``score`` is null where nothing was measured, or one figure alone was reason to refuse.
    """

    score: float | None = None
    least: float | None = None
    px_per_mm: float | None = None
    grid_residual_mm: float | None = None
    sharpness: float | None = None


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """``homography`` takes photo pixels to sheet pixels. ``speed_source`` and ``gain_source`` say how the paper speed
    and the gain are known: ``printed``, ``pulse`` or ``assumed``."""

    homography: list[list[float]] | None = None
    rotation_deg: float | None = None
    layout: str | None = None
    speed_mm_s: float | None = None
    gain_mm_mv: float | None = None
    speed_source: str | None = None
    gain_source: str | None = None


@dataclass(frozen=True, kw_only=True)
class Timings:
    """Milliseconds per stage; null where a stage was not reached."""

    decode: float | None = None
    detect: float | None = None
    rectify: float | None = None
    judge: float | None = None
    preprocess: float | None = None
    infer: float | None = None
    total: float | None = None


@dataclass(frozen=True, kw_only=True)
class BundleId:
    """Which model answered, in which engine, and why in that one.

    ``calibrated``: whether its probabilities and thresholds were fitted; if not, thresholds are 0.5.
    """

    name: str
    sha256: str
    artefact: str
    backend: str
    backend_reason: str = ""
    calibrated: bool = True


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Something that may be wrong with an answer. ``message`` is one line for people, ``code`` is one of
    ``uncalibrated``, ``speed_assumed``, ``gain_assumed`` and ``quality_near_limit``."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One object of ``vizecg-edge run --json``.

    A refused image has ``probabilities``, ``decisions`` and ``thresholds`` None, no doubts, and at least one reason
    code; ``messages`` says the same to people, ``advice`` what to do, each in the order of the reasons. Decisions are
    None where the probability lies too near to the threshold to decide.
    """

    input: Input
    status: str
    bundle: BundleId
    reasons: tuple[str, ...] = ()
    probabilities: dict[str, float] | None = None
    decisions: dict[str, bool | None] | None = None
    thresholds: dict[str, float] | None = None
    doubts: tuple[Doubt, ...] = ()
    quality: Quality = field(default_factory=Quality)
    geometry: Geometry = field(default_factory=Geometry)
    timings_ms: Timings = field(default_factory=Timings)
    messages: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()

    @property
    def answered(self) -> bool:
        return self.status == ANSWERED

    def to_dict(self) -> dict[str, Any]:
        """The JSON object, keys in documented order."""
        fields = asdict(self)
        order = (
            "input", "status", "reasons", "messages", "advice", "probabilities", "decisions", "thresholds", "doubts",
            "quality", "geometry", "timings_ms", "bundle",
        )  # fmt: skip
        return {"schema_version": SCHEMA_VERSION, **{key: _plain(fields[key]) for key in order}}

    def to_text(self) -> str:
        """A few lines for people."""
        if self.probabilities is None or self.decisions is None:
            return "\n".join(f"refused ({', '.join(self.reasons)}): {message}" for message in self.messages)
        words = {True: "PRESENT", False: "absent", None: "undecided"}
        rows = [
            f"  {label.value:6} {self.probabilities[label.value]:6.1%}  {words[self.decisions[label.value]]:10}"
            f" {label.description}"
            for label in Label
        ]
        assumed = self._assumed()
        rows += [f"  {assumed}"] if assumed else []
        quality = f"  quality {self.quality.score:.2f}, {self.timings_ms.total:.0f} ms. {INTENDED_USE}"
        name = self.input.name
        if self.input.combined is not None:
            name += f" (median of {self.input.combined} frames)"
        return "\n".join([f"{name}:", *rows, quality])

    def _assumed(self) -> str:
        """What was taken for granted about the print; empty where the print itself says it."""
        speed, gain = self.geometry.speed_source == "assumed", self.geometry.gain_source == "assumed"
        parts = [f"{self.geometry.speed_mm_s:g} mm/s"] * speed + [f"{self.geometry.gain_mm_mv:g} mm/mV"] * gain
        return f"{' and '.join(parts)} assumed: check the printout" if parts else ""


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
