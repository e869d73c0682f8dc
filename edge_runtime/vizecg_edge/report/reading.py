"""What a page shows: an answer, its pictures, the rule that decided, and what may be said of it."""

from __future__ import annotations

from dataclasses import dataclass

from vizecg.spec import DecisionRule, Label, SheetSpec
from vizecg_edge.answer import Answer
from vizecg_edge.pipeline import Pipeline, Result
from vizecg_edge.rectify.reasons import Reason
from vizecg_edge.report.explain import Explanation, explain

WORDS = {True: "PRESENT", False: "absent", None: "undecided"}
MILLISECONDS = ("decode", "detect", "rectify", "judge", "preprocess", "infer", "total")
_TO_DO = {
    "file_not_found": "There is no such file.",
    "unreadable": "The file is not an image that can be read; take the photograph again.",
}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A result and what is needed to show it. ``rule`` is the artefact's, None where thresholds are not shown."""

    result: Result
    spec: SheetSpec
    rule: DecisionRule | None = None
    explanation: Explanation | None = None

    @property
    def answer(self) -> Answer:
        return self.result.answer

    @property
    def title(self) -> str:
        """The answer in one line."""
        answer = self.answer
        if answer.decisions is None:
            return "Not answered"
        present = [label.description for label in Label if answer.decisions[label.value]]
        unsure = [label.description for label in Label if answer.decisions[label.value] is None]
        told = f"Found: {', '.join(present)}" if present else "None of the six findings"
        return told + (f"; undecided: {', '.join(unsure)}" if unsure else "")

    def threshold(self, label: Label) -> float | None:
        """Of the calibrated probability; None where it is not known."""
        return None if self.rule is None else self.rule.threshold[list(Label).index(label)]

    @property
    def refusal(self) -> list[str]:
        """Why there is no answer and what to do, one sentence each; empty when there is one."""
        if self.answer.answered:
            return []
        found = []
        for reason in self.answer.reasons:
            known = reason in {one.value for one in Reason}
            found.append(Reason(reason).sentence if known else _TO_DO.get(reason, reason.replace("_", " ")))
        return found

    @property
    def refusal_details(self) -> list[str]:
        """What was measured or found wrong, where it says more than ``refusal``.

        The file's name is left out: people name files after patients.
        """
        source, known = self.answer.input, self.refusal
        messages = [message.removeprefix(f"{source.name}: ") for message in self.answer.messages]
        for sentence in known:
            messages = [message.replace(sentence, "") for message in messages]
        details = [message.replace(source.path, "the file").strip(" ()") for message in messages]
        return [detail for detail in details if detail and "file_not_found" not in self.answer.reasons]

    @property
    def quality(self) -> list[tuple[str, str]]:
        """Names and figures; empty where nothing was measured."""
        quality, geometry = self.answer.quality, self.answer.geometry
        rows = [
            ("quality", quality.score, "{:.2f} of 1"),
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
        """Which model, in which engine, how long it took, and which picture: by its fingerprint, not by its name."""
        answer, bundle = self.answer, self.answer.bundle
        times = [(name, getattr(answer.timings_ms, name)) for name in MILLISECONDS]
        picture = answer.input
        size = "-" if picture.width is None else f"{picture.width} x {picture.height} pixels"
        return [
            ("model", f"{bundle.name}, {bundle.artefact} in {bundle.backend}"),
            ("bundle", bundle.sha256),
            ("picture", size),
            ("its sha256", picture.sha256 or "-"),
            ("milliseconds", ", ".join(f"{name} {value:.0f}" for name, value in times if value is not None)),
        ]


def read(pipeline: Pipeline, result: Result, *, explained: bool = False) -> Reading:
    """A result of ``pipeline``, ready to be shown; ``explained`` asks it 73 times more."""
    return Reading(
        result=result,
        spec=pipeline.bundle.manifest.sheet,
        rule=pipeline.artefact.decision,
        explanation=explain(pipeline, result) if explained else None,
    )
