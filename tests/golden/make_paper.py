"""Makes the golden pages of the ``paper`` style: synthetic records drawn by ecg_plot 0.2.8.

    python -m venv ENV && ENV/bin/pip install ecg-plot==0.2.8 matplotlib numpy pillow
    .venv/bin/python tests/golden/make_paper.py ENV/bin/python

writes ``paper_*.png`` and ``paper_*.npy`` beside this file. The signals are kept as int16 microvolts, so that the
parity test draws what 0.2.8 drew even when the synthetic source has changed.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vizecg.records.synthetic import synthesise
from vizecg_lab.render.reference import Reference

FOLDER = Path(__file__).parent
COMMAND = "python tests/golden/make_paper.py ENV/bin/python  (ENV: ecg-plot==0.2.8 matplotlib numpy pillow)"


@dataclass(frozen=True)
class Golden:
    """One page: what ecg_plot was asked for."""

    name: str
    labels: tuple[str, ...]
    sampling_rate: int
    duration_s: float
    columns: int = 2
    row_height: int = 6
    title: str = "ECG 12"

    def signal(self) -> np.ndarray:
        """float32 (12, samples), as stored."""
        return np.load(FOLDER / f"paper_{self.name}.npy").astype(np.float32) / 1000

    def image(self) -> np.ndarray:
        """uint8 RGB as 0.2.8 drew it."""
        return np.ascontiguousarray(cv2.imread(str(FOLDER / f"paper_{self.name}.png"))[..., ::-1])


GOLDENS = (
    Golden("normal_100hz", (), 100, 10.0),
    Golden("rbbb_400hz", ("RBBB",), 400, 5.0),
    Golden("af_500hz", ("AF",), 500, 7.33),
    Golden("lbbb_3_columns", ("LBBB",), 100, 5.0, columns=3, row_height=5, title="LBBB"),
)


def main(python: Path) -> None:
    with Reference(python) as reference:
        for golden in GOLDENS:
            record = synthesise(golden.labels, seed=1, sampling_rate=golden.sampling_rate, duration_s=golden.duration_s)
            np.save(FOLDER / f"paper_{golden.name}.npy", np.round(record.signal * 1000).astype(np.int16))
            page = reference.page(
                golden.signal(),
                sampling_rate=golden.sampling_rate,
                columns=golden.columns,
                row_height=golden.row_height,
                title=golden.title,
            )
            path = FOLDER / f"paper_{golden.name}.png"
            cv2.imwrite(str(path), page.image[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
            print(path.name, page.image.shape, path.stat().st_size)
        versions = {"command": COMMAND, **reference.versions}
        (FOLDER / "paper_made_by.json").write_text(json.dumps(versions, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
