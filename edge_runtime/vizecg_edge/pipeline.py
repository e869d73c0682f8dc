"""Photograph -> answer: decode, find and rectify the sheet, judge it, classify, decide. Every stage is timed."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from vizecg.spec import GAIN_MM_MV, LABELS, PAPER_SPEED_MM_S, InputRefusedError
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.manifest import Bundle, open_bundle
from vizecg.spec.preprocess import preprocess
from vizecg_edge.answer import ANSWERED, REFUSED, Answer, BundleId, Geometry, Input, Quality, Timings
from vizecg_edge.backends import Backend
from vizecg_edge.backends.onnx import OnnxBackend
from vizecg_edge.capture import decode, read_file
from vizecg_edge.quality import assess
from vizecg_edge.rectify import Rectified, rectify

DEFAULT_BUNDLE = Path(__file__).parent / "bundles" / "default"


@dataclass(frozen=True, kw_only=True)
class Result:
    """An answer and the pictures behind it (uint8 RGB), for those who want to look; None where not reached."""

    answer: Answer
    photo: np.ndarray | None = None
    sheet: np.ndarray | None = None


class Pipeline:
    """A bundle, loaded and verified, and its inference engine.

    Args:
        bundle: folder of the bundle; None takes the shipped one.
        threads: computation threads of the engine and of OpenCV; 0 takes one per core.

    Raises:
        BundleError: the bundle is damaged, changed, or does not load.
    """

    def __init__(self, *, bundle: Path | None = None, threads: int = 0) -> None:
        self.bundle: Bundle = open_bundle(bundle or DEFAULT_BUNDLE)
        manifest = self.bundle.manifest
        self.artefact = manifest.onnx_artefact(platform.machine())
        self.backend: Backend = OnnxBackend(
            model=self.bundle.file(self.artefact.file), input_shape=manifest.preprocess.input_shape, threads=threads
        )
        if threads:
            cv2.setNumThreads(threads)
        self.bundle_id = BundleId(
            name=manifest.name, sha256=self.bundle.sha256, artefact=self.artefact.name, backend=self.backend.name
        )

    def run(self, path: Path) -> Result:
        """Answer one image file. An image that cannot be answered gives a refused answer, never an exception."""
        clock = _Clock()
        source = Input(path=str(path))
        photo = rectified = None
        try:
            data = read_file(path)
            source = replace(source, sha256=sha256_bytes(data))
            photo = decode(data)
            source = replace(source, width=photo.shape[1], height=photo.shape[0])
            clock.lap("decode")
            rectified = rectify(photo, self.bundle.manifest.sheet)
            clock.stages.update(rectified.timings_ms)
            clock.skip()
            quality = assess(rectified)
            return Result(answer=self._classify(source, rectified, quality, clock), photo=photo, sheet=rectified.sheet)
        except InputRefusedError as error:
            answer = Answer(
                input=source,
                status=REFUSED,
                reasons=(error.reason,),
                messages=(f"{path}: {error}",),
                quality=_quality(rectified, None),
                geometry=_geometry(rectified),
                timings_ms=clock.timings(),
                bundle=self.bundle_id,
            )
            return Result(answer=answer, photo=photo, sheet=None if rectified is None else rectified.sheet)

    def _classify(self, source: Input, rectified: Rectified, score: float, clock: _Clock) -> Answer:
        manifest = self.bundle.manifest
        image = preprocess(rectified.sheet, sheet_spec=manifest.sheet, spec=manifest.preprocess)
        clock.lap("preprocess")
        logits = self.backend.logits(image)
        clock.lap("infer")
        rule = self.artefact.decision
        probabilities = rule.probabilities(logits)
        return Answer(
            input=source,
            status=ANSWERED,
            probabilities={label: round(float(p), 6) for label, p in zip(LABELS, probabilities, strict=True)},
            decisions=rule.decide(logits),
            quality=_quality(rectified, score),
            geometry=_geometry(rectified),
            timings_ms=clock.timings(),
            bundle=self.bundle_id,
        )


class _Clock:
    """Wall time per stage, in milliseconds."""

    def __init__(self) -> None:
        self.start = self.last = time.perf_counter()
        self.stages: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.stages[stage] = (now - self.last) * 1000
        self.last = now

    def skip(self) -> None:
        """Start the next stage now: the ones before were timed by themselves."""
        self.last = time.perf_counter()

    def timings(self) -> Timings:
        total = (time.perf_counter() - self.start) * 1000
        return Timings(**{stage: round(value, 2) for stage, value in self.stages.items()}, total=round(total, 2))


def _quality(rectified: Rectified | None, score: float | None) -> Quality:
    if rectified is None:
        return Quality()
    return Quality(
        score=None if score is None else round(score, 4),
        px_per_mm=round(rectified.px_per_mm, 4),
        grid_residual_mm=round(rectified.grid_residual_mm, 4),
        sharpness=round(rectified.sharpness, 4),
    )


def _geometry(rectified: Rectified | None) -> Geometry:
    if rectified is None:
        return Geometry()
    return Geometry(
        homography=rectified.homography.tolist(),
        rotation_deg=round(rectified.rotation_deg, 3),
        layout=rectified.layout,
        # The speed and gain that the sheet is read at; the printed text is not read yet, so they are assumed.
        speed_mm_s=PAPER_SPEED_MM_S,
        gain_mm_mv=GAIN_MM_MV,
    )
