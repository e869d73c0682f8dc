"""Photograph -> answer: decode, find and rectify the sheet, judge it, classify, decide. Every stage is timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vizecg.spec import InputRefusedError, MissingToolError
from vizecg.spec.manifest import Bundle, open_bundle
from vizecg.spec.preprocess import preprocess
from vizecg_edge.answer import (
    ANSWERED,
    NEAR_THRESHOLD,
    REFUSED,
    Answer,
    BundleId,
    Input,
    Quality,
)
from vizecg_edge.backends import Backend, BackendKind
from vizecg_edge.backends.choose import Opened, open_backend
from vizecg_edge.capture import Picture, Shot, Source, array_shot, shots_of
from vizecg_edge.capture.closer import MOST_PX, closer
from vizecg_edge.clock import Clock
from vizecg_edge.judge.damage import file_doubts, refuse_anywhere, refuse_on_leads
from vizecg_edge.judge.doubts import doubts_of
from vizecg_edge.judge.exchanged import exchange_doubts, refuse_exchanged
from vizecg_edge.judge.proven import prove
from vizecg_edge.judge.quality import Verdict, judge
from vizecg_edge.judge.rate_limits import RateLimits, with_rate_limits
from vizecg_edge.judge.undecided import changed_by_scale, undecided_of
from vizecg_edge.leads.find import FoundPage
from vizecg_edge.leads.layout import PageLayout
from vizecg_edge.leads.page import SPARE_SCALE
from vizecg_edge.leads.read import ReadLeads, read_leads
from vizecg_edge.leads.several import find_alone
from vizecg_edge.placed import geometry_of, in_whole
from vizecg_edge.rectify.reasons import COARSE, MISSING_TOOL, advice_of
from vizecg_edge.sheet import Rectified, lay
from vizecg_edge.shipped import DEFAULT_BUNDLE
from vizecg_edge.vouch.golden import check_golden_once
from vizecg_edge.vouch.kinds import SignaturePolicy
from vizecg_edge.vouch.origin import vouch

LEAST_SPARE = 1.1
"""A reduced reading of a file must have this many times the sheet's pixels per millimetre."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """An answer, the pictures behind it (uint8 RGB) and the logits (labels,); None where not reached.
    ``others``: the logits at each other scale that the page may be printed at. ``pages``: of several that were read as
    one record, each page's own, without logits.

    ``photo`` may be a reduced reading of its file, and ``found`` is in its pixels; homographies and scales are in
    pixels of the whole picture, whose size is that of ``answer.input``.
    """

    answer: Answer
    photo: np.ndarray | None = None
    sheet: np.ndarray | None = None
    logits: np.ndarray | None = None
    rectified: Rectified | None = None
    read: ReadLeads | None = None
    others: tuple[np.ndarray, ...] = ()
    found: FoundPage | None = None
    pages: tuple[Result, ...] = ()

    @property
    def pages_read(self) -> tuple[tuple[FoundPage, ReadLeads], ...]:
        """What was found and read, page by page; empty where nothing was."""
        if self.pages:
            return tuple(one for page in self.pages for one in page.pages_read)
        return () if self.found is None or self.read is None else ((self.found, self.read),)


class Pipeline:
    """A bundle, loaded and verified, and its inference engine. Several threads may ``run`` one at once.

    Args:
        bundle: folder of the bundle; None takes the shipped one.
        threads: of the engine; 0 takes one per core. OpenCV and numpy are left as they are, see ``process``.
        backend: the engine; ``auto`` takes the best that fits the bundle and this device.
        artefact: name of the artefact to run; None takes the engine's best.
        opened: an engine that is open already, in place of these.
        check: whether the bundle must give its golden answers in the engine; what did once is remembered.
        trust, signature: whose bundles are taken, see ``vizecg_edge.vouch.origin.vouch``.
        rate_limits: by which labels of a sinus rhythm's rate are decided; None leaves them to the network.

    Attributes:
        notes: lines for people about the bundle, mostly none.

    Raises:
        UsageError: no such artefact, or it is for another engine; ``trust`` holds no keys; the network has no label
            that ``rate_limits`` decide.
        MissingToolError: the engine's libraries are missing, or those that check signatures.
        BundleError: the bundle is damaged or changed, nobody who is trusted vouches for it, nothing in it loads
            here, or it does not give its golden answers.
    """

    def __init__(
        self,
        *,
        bundle: Path | None = None,
        threads: int = 0,
        backend: BackendKind = BackendKind.AUTO,
        artefact: str | None = None,
        opened: Opened | None = None,
        check: bool = True,
        trust: Path | None = None,
        signature: SignaturePolicy | None = None,
        rate_limits: RateLimits | None = None,
    ) -> None:
        self.bundle: Bundle = open_bundle(DEFAULT_BUNDLE if bundle is None else Path(bundle))
        if rate_limits is not None:
            rate_limits.check(self.bundle.manifest.labels)
        self.rate_limits = rate_limits
        vouched = vouch(self.bundle, trust=trust, policy=signature)
        notes = [vouched.words]
        if opened is None:
            opened = open_backend(self.bundle, kind=backend, artefact=artefact, threads=threads)
            if check:
                notes.append(check_golden_once(self.bundle, opened))
        self.notes = tuple(note for note in notes if note)
        self.artefact = opened.artefact
        self.backend: Backend = opened.backend
        self.bundle_id = BundleId(
            name=self.bundle.manifest.name,
            sha256=self.bundle.sha256,
            artefact=self.artefact.name,
            backend=self.backend.name,
            backend_reason=opened.reason,
            calibrated=self.artefact.calibrated,
            origin=vouched.origin.value,
        )

    def run(self, source: Source) -> Result:
        """Answer the first picture of a source, see ``shots_of``. One that cannot be answered gives a refused answer.

        Raises:
            UsageError: it is of no kind that pictures come in.
        """
        return self.run_shot(next(shots_of(source)))

    def run_image(self, image: np.ndarray, *, name: str = "image", frame: int | None = None) -> Result:
        """Answer an upright picture that is decoded already.

        Raises:
            UsageError: not uint8 RGB (H, W, 3).
        """
        return self.run_shot(array_shot(image, name=name, frame=frame))

    def run_shot(self, shot: Shot) -> Result:
        """Answer one picture of a file of any kind; refusals are answers too."""
        return self._run(shot, classify=True)

    def read_shot(self, shot: Shot) -> Result:
        """The same without the network: found, read, laid on the sheet and judged, but nothing is decided."""
        return self._run(shot, classify=False)

    def _run(self, shot: Shot, *, classify: bool) -> Result:
        clock = Clock(decode=shot.read_ms)
        result = self._run_once(shot, clock, classify=classify)
        side = max(result.answer.input.width or 0, result.answer.input.height or 0)
        if not 0 < side <= MOST_PX or not COARSE.intersection(result.answer.reasons):
            return result
        again = self._run_once(closer(shot), clock, classify=classify)
        if again.answer.status == REFUSED:
            return replace(result, answer=replace(result.answer, timings_ms=clock.timings()))
        return again

    def _run_once(self, shot: Shot, clock: Clock, *, classify: bool) -> Result:
        source = Input(path=shot.path, sha256=shot.sha256, page=shot.page, frame=shot.frame, sheet=shot.sheet)
        photo = found = read = whole = None
        verdict = Verdict()
        try:
            picture = self._load(shot, float("inf"), clock)
            photo = picture.pixels
            source = replace(source, width=picture.width, height=picture.height)
            refuse_anywhere(picture)
            found = self._find(picture, clock)
            sheet = self.bundle.manifest.sheet
            if picture.reduced > 1 and found.page.px_per_mm < sheet.px_per_mm * LEAST_SPARE:
                # The page fills less of the picture than was reckoned with: read it finer.
                most = found.page.px_per_mm * picture.reduced / (sheet.px_per_mm * SPARE_SCALE)
                picture = self._load(shot, most, clock)
                photo = picture.pixels
                found = self._find(picture, clock)
            clock.skip()
            read = read_leads(found)
            clock.lap("leads")
            rectified = lay(found, sheet, scale=read.scales.best, leads=read.leads)
            clock.lap("rectify")
            whole = in_whole(rectified, picture)
            refuse_on_leads(picture, (outline for _, outline in whole.on_photo))
            # Enlarging a picture makes its quality no better.
            verdict = judge(whole if picture.reduced < 1 else rectified, self.bundle.manifest.gate)
            clock.lap("judge")
            if verdict.refusal is not None:
                raise verdict.refusal
            doubts = (*file_doubts(picture), *prove(found, read))
            refuse_exchanged(read.measured, read.layout)
            answer = self._described(source, whole, found, read, verdict)
            answer = replace(answer, doubts=(*doubts, *exchange_doubts(read.measured), *answer.doubts))
            result = Result(answer=answer, photo=photo, sheet=whole.sheet, rectified=whole, read=read, found=found)
            if classify:
                return self._classify(result, found, read, clock)
            return replace(result, answer=replace(answer, timings_ms=clock.timings()))
        except (InputRefusedError, MissingToolError) as error:
            # A refusal that stood in a variable on its way here, or came of another one, keeps their frames, and in
            # them the whole photograph.
            error.__traceback__ = error.__context__ = None
            reason = error.reason if isinstance(error, InputRefusedError) else MISSING_TOOL
            answer = Answer(
                input=source,
                status=REFUSED,
                labels=self.bundle.manifest.labels,
                reasons=(reason,),
                messages=(f"{source.name}: {error}",),
                advice=(advice_of(reason),),
                quality=self._quality(whole, verdict),
                geometry=geometry_of(whole, read),
                timings_ms=clock.timings(),
                bundle=self.bundle_id,
            )
            return Result(
                answer=answer,
                photo=photo,
                sheet=None if whole is None else whole.sheet,
                rectified=whole,
                read=read,
                found=found,
            )

    def _load(self, shot: Shot, most_reduced: float, clock: Clock) -> Picture:
        clock.skip()
        picture = shot.load(most_reduced)
        clock.lap("decode")
        return picture

    def _find(self, picture: Picture, clock: Clock) -> FoundPage:
        clock.skip()
        found = find_alone(picture.pixels)
        clock.lap("detect")
        return found

    def _described(
        self, source: Input, rectified: Rectified, found: FoundPage, read: ReadLeads, verdict: Verdict
    ) -> Answer:
        """Everything but what the network says."""
        manifest = self.bundle.manifest
        return Answer(
            input=source,
            status=ANSWERED,
            labels=manifest.labels,
            measured=read.measured,
            leads=read.leads,
            quality=self._quality(rectified, verdict),
            geometry=geometry_of(rectified, read),
            bundle=self.bundle_id,
            doubts=doubts_of(
                calibrated=self.artefact.calibrated,
                scales=read.scales,
                layout=rectified.layout,
                ruler=found.ruler,
                printed_rate_bpm=read.scales.printed_rate_bpm,
                measured=read.measured,
                score=verdict.score or 0.0,
                gate=manifest.gate,
            ),
        )

    def _classify(self, result: Result, found: FoundPage, read: ReadLeads, clock: Clock) -> Result:
        assert result.sheet is not None
        sheets = [result.sheet]
        for scale in read.tried[1:]:
            sheets.append(lay(found, self.bundle.manifest.sheet, scale=scale, leads=read.at(scale)).sheet)
            clock.lap("rectify")
        return self.classified(result, sheets, layout=read.layout, clock=clock)

    def classified(self, result: Result, sheets: Sequence[np.ndarray], *, layout: PageLayout, clock: Clock) -> Result:
        """``result`` with what the network says.

        Args:
            result: all else; its answer is what ``decided`` adds to.
            sheets: uint8 RGB, at the likeliest scale and at each of the others.
            layout: what is printed.
            clock: goes on.
        """
        manifest = self.bundle.manifest
        every = []
        for sheet in sheets:
            clock.skip()
            image = preprocess(sheet, sheet_spec=manifest.sheet, spec=manifest.preprocess)
            clock.lap("preprocess")
            every.append(self.backend.logits(image))
            clock.lap("infer")
        answer = self.decided(result.answer, every[0], others=every[1:], layout=layout)
        clock.lap("judge")
        answer = replace(answer, timings_ms=clock.timings())
        return replace(result, answer=answer, logits=every[0], others=tuple(every[1:]))

    def decided(
        self,
        answer: Answer,
        logits: np.ndarray,
        *,
        others: Sequence[np.ndarray] = (),
        layout: PageLayout | None = None,
    ) -> Answer:
        """``answer`` with the probabilities, decisions and thresholds of logits (labels,).

        Undecided, with their probabilities as they are, are labels too near to their threshold, those that are decided
        otherwise at another scale that the page may have, those whose leads are not printed, those that another rhythm
        may be taken for, and those that ``answer.measured`` contradicts. Labels of a rate are decided by the limits
        that were asked for, if any.

        Args:
            answer: what it is put into.
            logits: at the likeliest scale.
            others: at each of the other scales.
            layout: what is printed; None takes it that all leads are.
        """
        rule, labels = self.artefact.decision, self.bundle.manifest.labels
        probabilities = rule.probabilities(logits)
        decisions = dict(zip(labels.names, rule.decide(logits), strict=True))
        undecided = {label: NEAR_THRESHOLD for label, decision in decisions.items() if decision is None}
        reasons = changed_by_scale(decisions, [rule.decide(other) for other in others])
        distances = dict(zip(labels.names, rule.distances(logits).tolist(), strict=True))
        reasons |= undecided_of(answer, labels, decisions, distances=distances, layout=layout)
        undecided |= reasons
        answer = replace(
            answer,
            probabilities={label: round(float(p), 6) for label, p in zip(labels.names, probabilities, strict=True)},
            decisions={label: None if label in undecided else decision for label, decision in decisions.items()},
            undecided={label: undecided[label] for label in labels.names if label in undecided},
            thresholds=dict(zip(labels.names, rule.threshold, strict=True)),
        )
        return answer if self.rate_limits is None else with_rate_limits(answer, labels, self.rate_limits)

    def _quality(self, rectified: Rectified | None, verdict: Verdict) -> Quality:
        if rectified is None:
            return Quality()
        return Quality(
            score=None if verdict.score is None else round(verdict.score, 4),
            least=self.bundle.manifest.gate.least_score,
            px_per_mm=round(rectified.px_per_mm, 4),
            grid_residual_mm=round(rectified.grid_residual_mm, 4),
            sharpness=round(rectified.sharpness, 4),
        )
