"""What streams say that see the recordings behind photographs."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from vizecg.data.source import RecordSource
from vizecg.spec import Condition
from vizecg.train.evaluation.predict import Classifier, Predictions, predict

SEES = {"signal": "10 s of 12 leads", "signal_sheet": "what a sheet shows of the leads"}
"""By ``Classifier.stream``."""


def signal_predictions(
    networks: Sequence[Classifier], source: RecordSource, *, workers: int
) -> list[tuple[str, str, Predictions]]:
    """(name, what it sees, what it says) of every network that looks at signals."""
    found = []
    for number, network in enumerate(networks, start=1):
        with tempfile.TemporaryDirectory() as folder:
            # A signal is not printed: the condition names nothing here.
            said = predict(
                network, source=source, condition=Condition.CLEAN, cache=Path(folder), workers=workers
            )  # fmt: skip
        found.append((f"signal stream {number}", SEES[network.stream], said))
    return found
