"""What is fuzzed, and what it may do: answer, refuse with a reason, or raise an error of the project."""

from __future__ import annotations

import json
import math
import shutil
import traceback
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from vizecg.spec import VizecgError
from vizecg.spec.manifest import MANIFEST, Manifest, open_bundle
from vizecg_lab.fuzzing.cases import Case, Target

if TYPE_CHECKING:
    from vizecg_edge.pipeline import Pipeline, Result

MOST_PAGES = 3
LONGEST_MESSAGE = 400


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """``said``: answered, a reason, or the class of an error. ``fault``: what should not be, in one line; else None."""

    said: str
    fault: str | None = None
    trace: str = ""


class Runner:
    """Runs cases, one after the other.

    Args:
        folder: for the files of the cases.
        bundle: a whole bundle.
    """

    def __init__(self, *, folder: Path, bundle: Path) -> None:
        from vizecg_edge.pipeline import Pipeline

        self._folder, self._bundle = folder, bundle
        self._pipeline: Pipeline = Pipeline(bundle=bundle, threads=1)
        self._copy = folder / "bundle"
        if self._copy.exists():
            shutil.rmtree(self._copy)
        shutil.copytree(bundle, self._copy)

    def run(self, case: Case) -> Outcome:
        """Run one case; whatever it raises is an outcome."""
        try:
            if case.target is Target.PICTURE:
                return self._picture(case)
            if case.target is Target.MANIFEST:
                return self._manifest(case)
            return self._opened(case)
        except VizecgError as error:
            return Outcome(said=type(error).__name__, fault=_bad_message(str(error)))
        # Anything else is what a fuzzer looks for.
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            at = traceback.extract_tb(error.__traceback__)[-1]
            fault = (
                f"{type(error).__name__} at {Path(at.filename).name}:{at.lineno}: {' '.join(str(error).split())[:160]}"
            )
            return Outcome(said="fault", fault=fault, trace=traceback.format_exc())

    def _picture(self, case: Case) -> Outcome:
        from vizecg_edge.capture import file_shots

        path = self._folder / f"case{case.suffix}"
        path.write_bytes(case.data)
        first = check_answer(self._pipeline.run(path))
        if first.fault:
            return first
        for shot in islice(file_shots(path), 1, MOST_PAGES):
            page = check_answer(self._pipeline.run_shot(shot))
            if page.fault:
                return page
        return first

    def _manifest(self, case: Case) -> Outcome:
        manifest = Manifest.from_json(case.data.decode(errors="surrogateescape"))
        again = Manifest.from_json(manifest.to_json())
        return Outcome(
            said="opened", fault=None if again == manifest else "a manifest that is not what it is written as"
        )

    def _opened(self, case: Case) -> Outcome:
        from vizecg_edge.pipeline import Pipeline

        if case.part is None:
            raise ValueError(f"{case.name}: a case of a bundle needs the name of its part")
        part, whole = self._copy / case.part, self._bundle / case.part
        try:
            part.write_bytes(case.data)
            if case.target is Target.BUNDLE:
                open_bundle(self._copy)
                changed = case.part != MANIFEST and case.data != whole.read_bytes()
                return Outcome(said="opened", fault="a changed file was not noticed" if changed else None)
            pipeline = Pipeline(bundle=self._copy, threads=1)
            return check_answer(pipeline.run(self._bundle / "selftest.jpg"))
        finally:
            shutil.copyfile(whole, part)


def check_answer(result: Result) -> Outcome:
    """Whether an answer is one that people and programs can rely on."""
    answer = result.answer
    said = answer.status if answer.status == "answered" else "+".join(answer.reasons)
    complaints = [complaint for message in answer.messages if (complaint := _bad_message(message))]
    try:
        json.dumps(answer.to_dict(), allow_nan=False)
    except ValueError as error:
        complaints.append(f"not JSON: {error}")
    if answer.status == "answered":
        probabilities = answer.probabilities or {}
        if list(probabilities) != list(answer.labels.names) or not all(
            math.isfinite(p) and 0 <= p <= 1 for p in probabilities.values()
        ):
            complaints.append(f"answered with the probabilities {probabilities}")
    elif not answer.reasons or not answer.messages:
        complaints.append(f"{answer.status} without a reason")
    elif answer.probabilities:
        complaints.append("refused, and yet with probabilities")
    return Outcome(said=said or "nothing", fault=complaints[0] if complaints else None)


def _bad_message(text: str) -> str | None:
    if not text.strip():
        return "an empty message"
    if len(text.splitlines()) > 1:
        return f"a message of several lines: {text[:80]!r}"
    if len(text) > LONGEST_MESSAGE or not text.isprintable():
        return f"a message that is too long or cannot be printed: {text[:80]!r}"
    return None
