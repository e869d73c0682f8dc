"""The golden photograph of ``vizecg-edge selftest``: a synthetic ECG, drawn and photographed by us.

It is the first of a fixed row that the bundle's ONNX artefact (or its best here) answers right and surely, so that
another processor's rounding cannot turn an answer over. The bundle's fingerprint changes with it.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from vizecg.records.synthetic import synthesise
from vizecg.render import PrintStyle, photograph, render_sheet
from vizecg.spec import CODE6, AccuracyError
from vizecg.spec.manifest import Bundle, open_bundle
from vizecg_edge.answer import Answer
from vizecg_edge.pipeline import Pipeline
from vizecg_edge.selftest import EXPECTED, EXPECTED_SCHEMA, PHOTO
from vizecg_export.completion import publish_completed
from vizecg_export.scratch import bundle_copy

COMMAND = "vizecg-export golden-photo BUNDLE"
SEEDS = range(100)
PRESENT = "RBBB"
TOLERANCE = 0.15
"""Of a probability: other int8 kernels, other OpenCV and JPEG builds. Answers are at least this far from thresholds."""
WIDTH_PX = (1350, 1400)
JPEG_QUALITY = 82


def add_golden_photo(path: Path, *, seeds: range = SEEDS) -> Bundle:
    """Put the photograph and what is expected of it into the bundle at ``path``, which is replaced whole or not at all.

    Raises:
        AccuracyError: none of the photographs is answered right and surely.
        BundleError: the bundle is damaged, or nothing in it loads here.
    """
    bundle = open_bundle(path)
    pipeline = Pipeline(bundle=path, threads=1)
    with bundle_copy(bundle) as folder:
        for seed in seeds:
            (folder / PHOTO).write_bytes(picture(seed))
            answer = pipeline.run(folder / PHOTO).answer
            if right_and_sure(answer, pipeline.artefact.decision.threshold):
                break
        else:
            raise AccuracyError(
                f"none of {len(seeds)} photographed printouts with {PRESENT} is answered right and surely by"
                f" {pipeline.artefact.name}: there is no golden photograph for this bundle"
            )
        expected = {
            "schema": EXPECTED_SCHEMA,
            "made_by": COMMAND,
            "seed": seed,
            "artefact": pipeline.artefact.name,
            "tolerance": TOLERANCE,
            "probabilities": answer.probabilities,
            "decisions": answer.decisions,
        }
        (folder / EXPECTED).write_text(json.dumps(expected, indent=1) + "\n")
        return publish_completed(folder, bundle.manifest, path)


def picture(seed: int) -> bytes:
    """A JPEG file of a photographed printout that shows ``PRESENT``."""
    sheet = render_sheet(synthesise([PRESENT], seed=seed), style=PrintStyle(palette="pink", trace_mm=0.4))
    photo = photograph(sheet.image, rng=np.random.default_rng(seed), strength=0.5, width_px=WIDTH_PX)
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(photo.image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    assert done
    return bytes(data.tobytes())


def right_and_sure(answer: Answer, thresholds: tuple[float, ...]) -> bool:
    """Whether every label is decided further than the tolerance from its threshold, and those of ``code6``, which are
    what is drawn, as they are drawn."""
    if answer.probabilities is None or answer.decisions is None or (answer.quality.score or 0.0) < 0.5:
        return False
    sure = all(
        abs(answer.probabilities[name] - t) > 1.2 * TOLERANCE
        for name, t in zip(answer.decisions, thresholds, strict=True)
    )
    right = all(value is (name == PRESENT) for name, value in answer.decisions.items() if name in CODE6.names)
    return sure and right and None not in answer.decisions.values()
