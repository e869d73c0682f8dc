"""A video or camera -> one answer: a burst of its sharpest frames, the best of them, or all of them combined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from vizecg.spec import InputRefusedError
from vizecg_edge.capture import Picture, Shot
from vizecg_edge.capture.burst import Burst, collect
from vizecg_edge.capture.frames import Frame, Frames
from vizecg_edge.capture.interrupt import Interrupt
from vizecg_edge.pipeline import Pipeline, Result


class Combine(str, Enum):
    """How several frames make one answer: that of the best sheet, or of the median of their logits."""

    BEST = "best"
    MEDIAN = "median"


@dataclass(frozen=True, kw_only=True)
class BurstSettings:
    """``burst`` frames are kept of the first ``seconds`` of a source."""

    seconds: float = 10.0
    burst: int = 5
    combine: Combine = Combine.BEST


def answer_stream(
    pipeline: Pipeline, source: Frames, *, settings: BurstSettings, interrupt: Interrupt, say: Callable[[str], None]
) -> Result:
    """Watch a source, then answer from its best frames. The source is closed.

    A source that ends early, or a signal, gives the answer of what was seen until then.

    Raises:
        InputRefusedError: ``no_frames``: nothing was seen; or it does not open.
    """
    try:
        burst = collect(source, size=settings.burst, seconds=settings.seconds, interrupt=interrupt, say=say)
    finally:
        source.close()
    if not burst.frames:
        raise InputRefusedError("no frame came", reason="no_frames")
    if source.live:
        say(_summary(burst, interrupt))
    results: list[Result] = []
    for kept in burst.frames:
        results.append(pipeline.run_shot(_shot(source, kept.frame)))
        # Whoever asked to stop gets the first answer, not the last.
        if interrupt.asked and results[-1].answer.answered:
            break
    answered = [result for result in results if result.answer.answered]
    if not answered:
        return results[0]
    best = max(answered, key=lambda result: result.answer.quality.score or 0.0)
    return _median(pipeline, best, answered) if settings.combine is Combine.MEDIAN else best


def _median(pipeline: Pipeline, best: Result, answered: list[Result]) -> Result:
    """``best`` with the decisions of the median logits of all."""
    logits = np.median([result.logits for result in answered], axis=0).astype(np.float32)
    answer = replace(best.answer, input=replace(best.answer.input, combined=len(answered)))
    layout = None if best.rectified is None else best.rectified.layout
    answer = pipeline.decided(answer, logits, others=best.others, layout=layout)
    return replace(best, answer=answer, logits=logits)


def _shot(source: Frames, frame: Frame) -> Shot:
    picture = Picture.of(frame.image)
    return Shot(path=source.name, sha256=source.sha256, frame=frame.index, load=lambda most_reduced: picture)


def _summary(burst: Burst, interrupt: Interrupt) -> str:
    why = "stopped" if interrupt.asked else "the source ended" if burst.ended else "enough"
    return f"{why}: {len(burst.frames)} of {burst.seen} frames kept"
