"""Adds the golden photograph of ``vizecg-edge selftest`` to a bundle: a synthetic ECG, drawn and photographed by us.

    .venv/bin/python tests/golden/make_selftest.py BUNDLE

writes ``selftest.jpg`` and ``selftest.json`` into the bundle, and its manifest anew: its fingerprint changes, so this
is the last step of an export. The photograph is the first of a fixed row that the bundle's ONNX artefact (or its best
here) answers right and surely, so that another processor's rounding cannot turn an answer over.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from vizecg.records.synthetic import synthesise
from vizecg.render import PrintStyle, photograph, render_sheet
from vizecg.spec import LABELS
from vizecg.spec.manifest import hash_files, open_bundle, publish_bundle
from vizecg_edge.answer import Answer
from vizecg_edge.pipeline import Pipeline
from vizecg_edge.selftest import EXPECTED, EXPECTED_SCHEMA, PHOTO

COMMAND = "python tests/golden/make_selftest.py BUNDLE"
SEEDS = range(100)
PRESENT = "RBBB"
TOLERANCE = 0.15
"""Of a probability: other int8 kernels, other OpenCV and JPEG builds. Answers are at least this far from thresholds."""
WIDTH_PX = (1350, 1400)
JPEG_QUALITY = 82


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
    """Whether every label is decided as drawn, further than the tolerance from its threshold."""
    if answer.probabilities is None or answer.decisions is None or (answer.quality.score or 0.0) < 0.5:
        return False
    sure = all(
        abs(answer.probabilities[name] - t) > 1.2 * TOLERANCE for name, t in zip(LABELS, thresholds, strict=True)
    )
    return sure and all(answer.decisions[name] is (name == PRESENT) for name in LABELS)


def add_selftest(path: Path, *, seeds: range = SEEDS) -> Answer:
    """Put the photograph and what is expected of it into the bundle at ``path``."""
    bundle = open_bundle(path)
    pipeline = Pipeline(bundle=path, threads=1)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".selftest-") as made:
        folder = Path(made) / "bundle"
        shutil.copytree(path, folder)
        for seed in seeds:
            (folder / PHOTO).write_bytes(picture(seed))
            answer = pipeline.run(folder / PHOTO).answer
            if right_and_sure(answer, pipeline.artefact.decision.threshold):
                break
        else:
            raise SystemExit(f"none of the {len(seeds)} photographs is answered right and surely")
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
        publish_bundle(folder, replace(bundle.manifest, files=hash_files(folder)), path)
    return answer


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    added = add_selftest(Path(sys.argv[1]))
    print(f"seed found, quality {added.quality.score}, {added.probabilities}")
