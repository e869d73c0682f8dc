"""The answer to a file whose reading came to an error."""

from __future__ import annotations

from pathlib import Path

from vizecg.spec.checks import printable
from vizecg.spec.fingerprint import sha256_file
from vizecg_edge.answer import REFUSED, Answer, Input
from vizecg_edge.pipeline import Pipeline
from vizecg_edge.rectify.reasons import advice_of
from vizecg_edge.watch.table import FAILED

_LONGEST = 300


def failed_answer(pipeline: Pipeline, path: Path, error: Exception) -> Answer:
    """Refused as ``failed``, with the error in its message."""
    try:
        sha256 = sha256_file(path)
    except OSError:
        sha256 = None
    source = Input(path=str(path), sha256=sha256)
    told = (
        "not enough memory"
        if isinstance(error, MemoryError)
        else printable(f"{type(error).__name__}: {error}", _LONGEST)
    )
    return Answer(
        input=source,
        status=REFUSED,
        labels=pipeline.bundle.manifest.labels,
        bundle=pipeline.bundle_id,
        reasons=(FAILED,),
        messages=(f"{source.name}: reading it came to an error ({told})",),
        advice=(advice_of(FAILED),),
    )
