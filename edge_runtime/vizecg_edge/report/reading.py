"""What a page shows: an answer, its pictures, when it was read, and what may be said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from vizecg.spec import SheetSpec
from vizecg.spec.checks import printable
from vizecg_edge import words
from vizecg_edge.answer import Answer
from vizecg_edge.pipeline import Pipeline, Result
from vizecg_edge.rectify.reasons import Reason
from vizecg_edge.report.explain import Explanation, explain

MILLISECONDS = ("decode", "detect", "leads", "rectify", "judge", "preprocess", "infer", "total")
NO_MAP = "No map is drawn of what the answer depends on: nothing was found."
_WRONG = {
    "file_not_found": "There is no such file",
    "unreadable": "The file is not an image that can be read",
}
_LONGEST = 300
MOST_IN_FULL = 12
"""Labels of which each has lines of its own, whatever was decided: more would hide what was found."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A result and what is needed to show it. ``explained``: a map of what the answer depends on was asked for."""

    result: Result
    spec: SheetSpec
    read_at: datetime = field(default_factory=lambda: datetime.now().astimezone())
    explanation: Explanation | None = None
    explained: bool = False

    @property
    def answer(self) -> Answer:
        return self.result.answer

    @property
    def title(self) -> str:
        """The answer in one line."""
        return self.answer.headline

    @property
    def source(self) -> str:
        """Which picture this is, and when it was read."""
        return self.answer.source_line(self.read_at)

    @property
    def scope(self) -> str:
        """What is not looked for; empty where ``title`` says it, or there is no answer."""
        return self.answer.scope

    @property
    def findings(self) -> list[words.Finding]:
        """Those with lines of their own: all where they are few, else what was found or left undecided."""
        every = self.answer.findings
        return every if len(every) <= MOST_IN_FULL else [one for one in every if one.decision is not False]

    @property
    def absent(self) -> str:
        """The other findings in one paragraph; empty where there are none."""
        own = self.findings
        told = [f"{one.label.words} {one.likely}" for one in self.answer.findings if one not in own]
        return f"Absent: {', '.join(told)}." if told else ""

    @property
    def doubts(self) -> list[str]:
        """What may be wrong with the answer, one sentence each."""
        return [f"{doubt.message[0].upper()}{doubt.message[1:]}." for doubt in self.answer.doubts]

    @property
    def notes(self) -> list[str]:
        """What the findings do not say themselves."""
        return self.answer.notes

    @property
    def measured(self) -> str:
        """Rate, rhythm and intervals in a sentence; empty where they were not read."""
        measured = self.answer.measured
        return "" if measured is None else f"{measured.text[0].upper()}{measured.text[1:]}."

    @property
    def sheet_note(self) -> str:
        """What is under the picture of the sheet."""
        told = "The sheet as the model reads it. Frames: where each lead is expected."
        if self.explanation is not None:
            return f"{told} {self.explanation.text}"
        return f"{told} {NO_MAP}" if self.explained else told

    @property
    def refusal(self) -> list[str]:
        """Why there is no answer, one sentence each; empty when there is one."""
        if self.answer.answered:
            return []
        known = {reason.value for reason in Reason}
        told = [
            Reason(reason).words if reason in known else _WRONG.get(reason, reason.replace("_", " ").capitalize())
            for reason in self.answer.reasons
        ]
        return [f"{sentence}." for sentence in told]

    @property
    def details(self) -> list[str]:
        """What was measured or found wrong, where it says more than ``refusal``."""
        source = self.answer.input
        details = []
        for reason, message in zip(self.answer.reasons, self.answer.messages, strict=False):
            told = message.removeprefix(f"{source.name}: ")
            if reason in {one.value for one in Reason}:
                told = told.replace(Reason(reason).sentence, "")
            details.append(printable(told.replace(source.path, "the file").strip(" ()"), _LONGEST))
        return [detail for detail in details if detail and "file_not_found" not in self.answer.reasons]

    @property
    def quality(self) -> list[tuple[str, str]]:
        """Names and figures; empty where nothing was measured."""
        quality, geometry = self.answer.quality, self.answer.geometry
        least = "" if quality.least is None else f", at least {quality.least:.2f} is needed"
        rows = [
            ("quality", quality.score, "{:.2f} of 1" + least),
            ("scale", quality.px_per_mm, "{:.1f} px/mm in the photograph"),
            ("grid misfit", quality.grid_residual_mm, "{:.2f} mm"),
            ("sharpness", quality.sharpness, "{:.2f}"),
            ("rotation", geometry.rotation_deg, "{:.1f} degrees"),
            ("layout", geometry.layout, "{}"),
            ("paper speed", geometry.speed_mm_s, "{:g} mm/s (" + f"{geometry.speed_source})"),
            ("gain", geometry.gain_mm_mv, "{:g} mm/mV (" + f"{geometry.gain_source})"),
        ]
        return [(name, form.format(value)) for name, value, form in rows if value is not None]

    @property
    def provenance(self) -> list[tuple[str, str]]:
        """Which picture, which model, in which engine, and how long it took."""
        answer, bundle = self.answer, self.answer.bundle
        times = [(name, getattr(answer.timings_ms, name)) for name in MILLISECONDS]
        picture = answer.input
        every = picture.pages or (picture,)
        sizes = ["-" if one.width is None else f"{one.width} x {one.height} pixels" for one in every]
        return [
            ("picture", f"{picture.short_name}, {', '.join(sizes)}"),
            ("its sha256", ", ".join(one.sha256 or "-" for one in every)),
            ("model", f"{bundle.name}, {bundle.artefact} in {bundle.backend}"),
            ("bundle", bundle.sha256),
            ("milliseconds", ", ".join(f"{name} {value:.0f}" for name, value in times if value is not None) or "-"),
        ]


def read(pipeline: Pipeline, result: Result, *, read_at: datetime | None = None, explained: bool = False) -> Reading:
    """A result of ``pipeline``, ready to be shown; ``explained`` asks it 73 times more where something was found.

    Args:
        pipeline: that answered.
        result: its.
        read_at: when, with its time zone; None is now.
        explained: map what the answer depends on.
    """
    return Reading(
        result=result,
        spec=pipeline.bundle.manifest.sheet,
        read_at=read_at or datetime.now().astimezone(),
        explanation=explain(pipeline, result) if explained else None,
        explained=explained and result.answer.answered,
    )
