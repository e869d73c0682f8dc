"""What the pipeline says about one image: the object that ``--json`` prints, and its text for people."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vizecg.spec import CODE6, INTENDED_USE, LabelSet, UsageError
from vizecg.spec.checks import printable
from vizecg_edge import words
from vizecg_edge.leads.measured import Measured

if TYPE_CHECKING:
    from PIL import Image

    from vizecg_edge.leads.signals import Leads

SCHEMA_VERSION, SCHEMAS = 2, (1, 2)
"""Of the JSON object. Schema 1 lacks ``_NEW_SINCE_2`` and ``_SINCE_2``; it is given for one version more."""
_NEW_SINCE_2 = ("undecided", "by_rate", "rate_limits_bpm", "measured")
_SINCE_2 = {
    "input": ("sheet", "pages"),
    "geometry": ("chest_gain_mm_mv", "scales_tried", "pieces"),
    "timings_ms": ("leads",),
    "bundle": ("origin",),
}
ANSWERED, REFUSED = "answered", "refused"


@dataclass(frozen=True, kw_only=True)
class Input:
    """The file, or the camera; nulls where it could not be read. Comparing two leaves name and fingerprint out.

    ``page`` counts from 1 in a file of several pages, ``sheet`` in a picture of several, where one was chosen, and
    ``frame`` from 0 in a video; ``combined`` is the number of
    frames whose logits make the answer. ``pages``: those of one record that were read together, each with its file and
    size; path and fingerprint are then the first one's.
    """

    path: str = field(compare=False)
    sha256: str | None = field(default=None, compare=False)
    width: int | None = None
    height: int | None = None
    page: int | None = None
    frame: int | None = None
    combined: int | None = None
    sheet: int | None = None
    pages: tuple[Input, ...] = ()

    @property
    def name(self) -> str:
        """The path in one line that any terminal prints, and the page or frame; of several pages, each."""
        if self.pages:
            return " and ".join(page.name for page in self.pages)
        return printable(self.path, words.LONGEST_NAME) + self.place

    @property
    def short_name(self) -> str:
        """The same with no more of the path than the file and its folder."""
        if self.pages:
            return " and ".join(page.short_name for page in self.pages)
        return words.short_name(self.path) + self.place

    @property
    def place(self) -> str:
        """Page, sheet or frame, after a space; empty where the file is one picture of one sheet."""
        page = "" if self.page is None else f" page {self.page}"
        page += "" if self.sheet is None else f" sheet {self.sheet}"
        return page + ("" if self.frame is None else f" frame {self.frame}")


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
class PrintedPiece:
    """A stretch of a lead as it is printed: its name, its row and column from 0, whether it is a strip, and the
    ``corners`` of its frame in pixels of the photograph, from the upper left one clockwise as the page is read.

    ``page``: on which page it is, from 1, where several were read together.
    """

    name: str
    row: int
    column: int
    strip: bool
    corners: tuple[tuple[int, int], ...]
    page: int | None = None


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Where the page lies in the picture, and how it is printed.

    ``homography`` takes photo pixels to sheet pixels, of a page that is printed like the sheet. ``speed_source`` and
    ``gain_source`` say how the paper speed and the gain are known: ``printed``, ``pulse``, ``inferred`` (of the usual
    ones only this fits what is printed) or ``assumed``. ``gain_mm_mv`` is that of the limb leads. ``scales_tried``: all
    that the page may be printed at; a class is decided only where they agree. ``pieces``: what is printed where.
    """

    homography: list[list[float]] | None = None
    rotation_deg: float | None = None
    layout: str | None = None
    speed_mm_s: float | None = None
    gain_mm_mv: float | None = None
    chest_gain_mm_mv: float | None = None
    speed_source: str | None = None
    gain_source: str | None = None
    scales_tried: tuple[str, ...] = ()
    pieces: tuple[PrintedPiece, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Timings:
    """Milliseconds per stage; null where a stage was not reached."""

    decode: float | None = None
    detect: float | None = None
    leads: float | None = None
    rectify: float | None = None
    judge: float | None = None
    preprocess: float | None = None
    infer: float | None = None
    total: float | None = None


@dataclass(frozen=True, kw_only=True)
class BundleId:
    """Which model answered, in which engine, and why in that one.

    ``calibrated``: whether its probabilities and thresholds were fitted; if not, thresholds are 0.5. ``origin``: how it
    is known who made it, a value of ``vizecg_edge.vouch.kinds.Origin``.
    """

    name: str
    sha256: str
    artefact: str
    backend: str
    backend_reason: str = ""
    calibrated: bool = True
    origin: str = "not_checked"


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Something that may be wrong with an answer. ``message`` is one line for people, ``code`` is one of
    ``uncalibrated``, ``speed_assumed``, ``gain_assumed``, ``speed_inferred``, ``gain_inferred``, ``scale_uncertain``,
    ``scale_without_grid``, ``rate_differs``, ``pages_not_compared``, ``leads_unnamed``, ``strip_unnamed``,
    ``quality_near_limit``, ``file_damaged`` and ``frames_ignored``."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """Why a label is undecided; ``message`` is one line for people.

    ``code``: ``near_threshold``; ``contradicted`` (a measurement that is certain contradicts the network);
    ``scale_not_stated`` (it is decided otherwise at another scale that the page may have); ``leads_missing``;
    ``leads_short`` (each shows hardly more than a beat); ``other_rhythm`` (it may be taken for this label);
    ``near_rate_limit`` and ``rate_not_measured``, where limits of the rate were asked for.
    """

    code: str
    message: str


NEAR_THRESHOLD = Undecided(code="near_threshold", message="too near to the threshold to say")


class Pictures(Protocol):
    """What an answer is drawn from."""

    def overlay(self, answer: Answer) -> Image.Image: ...

    def report(self, answer: Answer, path: Path) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was read in one picture, or why it was not: one object of ``vizecg-edge run --json``.

    Two answers are equal when they say the same: what the picture was called and how long it took does not count.
    An answer that a ``Reader`` gave holds the sheet and a small copy of the photograph, at most 5 MB, for ``overlay``
    and ``report``. They are in neither ``to_dict`` nor ``repr``, and do not go with it when it is pickled or copied.

    Attributes:
        input: where the picture came from, and its size in pixels.
        status: ``answered`` or ``refused``; ``answered`` tells the same as a bool.
        reasons: codes of a refusal, at least one; empty for an answer.
        messages: what they mean, for people, one line each; with the file's name.
        advice: what to do about them, one sentence each.
        probabilities: of the bundle's labels (the shipped one's: 1dAVb, RBBB, LBBB, SB, AF and ST), in their order, 0
            to 1; None when refused.
        decisions: present or absent, by label; None for one that is undecided.
        undecided: why, of every label that is.
        by_rate: of the labels that the measured rate decided, which rate did, by ``rate_limits_bpm``.
        rate_limits_bpm: from which rates on sinus rhythm was to be called slow, and fast; None leaves that to the
            network.
        thresholds: from which probability on a label is present.
        doubts: what may be wrong with the answer nevertheless; empty when refused.
        measured: rate, rhythm and intervals, from the leads; None where they were not read.
        quality, geometry: what was measured of the picture, and where the sheet lies in it.
        timings_ms: milliseconds per stage.
        bundle: which model answered, in which engine.
        labels: what is known of the labels, for words; in neither ``to_dict`` nor ``repr``.
        leads: the printed traces in millivolts; None when refused. In neither ``to_dict`` nor ``repr``, and they do not
            go with an answer that is pickled or copied.
    """

    input: Input
    status: str
    bundle: BundleId
    reasons: tuple[str, ...] = ()
    probabilities: dict[str, float] | None = None
    decisions: dict[str, bool | None] | None = None
    undecided: dict[str, Undecided] = field(default_factory=dict)
    by_rate: dict[str, str] = field(default_factory=dict)
    rate_limits_bpm: tuple[float, float] | None = None
    thresholds: dict[str, float] | None = None
    doubts: tuple[Doubt, ...] = ()
    measured: Measured | None = None
    quality: Quality = field(default_factory=Quality)
    geometry: Geometry = field(default_factory=Geometry)
    timings_ms: Timings = field(default_factory=Timings, compare=False)
    messages: tuple[str, ...] = field(default=(), compare=False)
    advice: tuple[str, ...] = ()
    labels: LabelSet = field(default=CODE6, compare=False, repr=False)
    leads: Leads | None = field(default=None, compare=False, repr=False)
    pictures: Pictures | None = field(default=None, compare=False, repr=False)

    @property
    def answered(self) -> bool:
        return self.status == ANSWERED

    def overlay(self) -> Image.Image:
        """Photograph, answer and sheet in one picture, RGB, 1240 pixels wide; of a refused one, what there is of them.

        Raises:
            UsageError: it holds no pictures: no ``Reader`` gave it, or it was pickled or copied.
            MissingToolError: Pillow is too old to draw text.
        """
        return self._drawn_from().overlay(self)

    def report(self, path: str | os.PathLike[str]) -> None:
        """Write the answer as one page; the ending says whether as ``.html`` or ``.pdf``. It is written whole or not.

        Raises:
            UsageError: another ending, no such folder, or it holds no pictures, as for ``overlay``.
            MissingToolError: Pillow is too old to draw text, or a PDF is asked for and fpdf2 is not installed.
            OSError: the file cannot be written.
        """
        self._drawn_from().report(self, Path(path))

    def _drawn_from(self) -> Pictures:
        if self.pictures is None:
            raise UsageError("this answer holds no pictures to draw: it was pickled, copied, or no Reader gave it")
        return self.pictures

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "pictures": None, "leads": None}

    def to_dict(self, *, schema: int = SCHEMA_VERSION) -> dict[str, Any]:
        """The JSON object, keys in documented order; ``schema`` is one of ``SCHEMAS``, else UsageError is raised."""
        if schema not in SCHEMAS:
            raise UsageError(f"schema {schema}: expected {' or '.join(map(str, SCHEMAS))}")
        order = (
            "input", "status", "reasons", "messages", "advice", "probabilities", "decisions", "undecided", "by_rate",
            "rate_limits_bpm", "thresholds", "doubts", "measured", "quality", "geometry", "timings_ms", "bundle",
        )  # fmt: skip
        told = {key: _plain(getattr(self, key)) for key in order if schema > 1 or key not in _NEW_SINCE_2}
        if schema == 1:
            for key, newer in _SINCE_2.items():
                told[key] = {name: value for name, value in told[key].items() if name not in newer}
        return {"schema_version": schema, **told}

    @property
    def findings(self) -> list[words.Finding]:
        """The labels in words; none where there is no answer."""
        if self.decisions is None or self.probabilities is None or self.thresholds is None:
            return []
        why = {label: one.message for label, one in self.undecided.items() if one != NEAR_THRESHOLD}
        return words.findings(self.labels, self.decisions, self.probabilities, self.thresholds, why)

    @property
    def notes(self) -> list[str]:
        """What the findings do not say themselves, a sentence each."""
        said = {one.label.name: one.word for one in self.findings}
        decided = [f"{label} {said[label]} {how}." for label, how in self.by_rate.items()]
        return [*words.undecided_notes(self.findings), *decided]

    @property
    def headline(self) -> str:
        """The answer in one line."""
        return "Not answered" if self.decisions is None else words.headline(self.labels, self.decisions)

    @property
    def scope(self) -> str:
        """What is not looked for; empty where ``headline`` says it, or there is no answer."""
        told = words.scope(self.labels)
        return "" if not self.answered or told[1:-1] in self.headline else told

    def source_line(self, read_at: datetime) -> str:
        """Which picture this is the answer to, with its page, and when it was read."""
        combined = f" (median of {self.input.combined} frames)" if self.input.combined is not None else ""
        return words.source_line(self.input.short_name + combined, sha256=self.input.sha256, read_at=read_at)

    def to_text(self, *, read_at: datetime | None = None) -> str:
        """A few lines for people, the decision first; one line for each reason of a refusal.

        Args:
            read_at: when the picture was read, with its time zone; None is now.
        """
        if not self.findings:
            return "\n".join(self._refusals())
        told = [f"{self.source_line(read_at or datetime.now().astimezone())}:", f"  {self.headline}"]
        told += [f"  {self.scope}"] if self.scope else []
        told += [f"  CAUTION: {doubt.message}" for doubt in self.doubts]
        wide = max(5, *(len(name) for name in self.labels.names))
        told += [
            f"  {one.label.name:{wide}} {one.word:9} {one.likely:>11} ({one.limit}) {one.label.english}".rstrip()
            for one in self.findings
        ]
        told += [f"  {note}" for note in self.notes]
        told += [] if self.measured is None else [f"  {self.measured.text}"]
        return "\n".join([*told, f"  {self._quality()}{self.timings_ms.total or 0:.0f} ms. {INTENDED_USE}"])

    def _refusals(self) -> list[str]:
        told = []
        for number, message in enumerate(self.messages):
            advice = self.advice[number] if number < len(self.advice) else ""
            known = advice[1:-1] in message
            told.append(f"refused ({', '.join(self.reasons)}): {message}" + ("" if known else f". {advice}"))
        return told

    def _quality(self) -> str:
        score, least = self.quality.score, self.quality.least
        if score is None:
            return ""
        return f"quality {score:.2f}" + ("" if least is None else f" (at least {least:.2f} is needed)") + ", "


def _plain(value: Any) -> Any:
    """As JSON has it, and apart from the answer."""
    if is_dataclass(value) and not isinstance(value, type):
        return {key: _plain(one) for key, one in vars(value).items()}
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value
