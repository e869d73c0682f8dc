"""The artefacts of a bundle in the edge's own engines, one at a time."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from vizecg.spec import BundleError, MissingToolError, UsageError
from vizecg.spec.manifest import Bundle
from vizecg_bench.run.machine import executorch_engine
from vizecg_bench.run.schema import LeftOut
from vizecg_edge.backends import Backend, BackendKind
from vizecg_edge.backends.choose import Opened, open_backend


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An artefact and an engine for it; ``asked`` where somebody named the artefact: its failure is an error then."""

    name: str
    artefact: str
    kind: BackendKind
    asked: bool


def candidates(
    bundle: Bundle, *, artefacts: Sequence[str] = (), kinds: Sequence[BackendKind] = ()
) -> tuple[Candidate, ...]:
    """Named artefacts, or all that are made for this processor, in each engine, or the best.

    Raises:
        UsageError: there is no such artefact.
    """
    fitting = [a.name for a in bundle.manifest.artefacts if a.machine in ("any", platform.machine())]
    chosen = tuple(dict.fromkeys(bundle.manifest.artefact(name).name for name in artefacts)) or tuple(fitting)
    engines = tuple(dict.fromkeys(kinds))
    return tuple(
        Candidate(
            name=name if len(engines) < 2 else f"{name} {kind.value}", artefact=name, kind=kind, asked=bool(artefacts)
        )
        for name in chosen
        for kind in engines or (_best(bundle, name),)
    )


def _best(bundle: Bundle, artefact: str) -> BackendKind:
    """What is taken where no engine is named: as the edge does, but ExecuTorch's Python runtime will do here."""
    if bundle.manifest.artefact(artefact).target != "executorch":
        return BackendKind.AUTO
    try:
        return BackendKind(executorch_engine().value)
    except MissingToolError:
        return BackendKind.AUTO


@contextmanager
def opened_engine(bundle: Bundle, candidate: Candidate, *, threads: int) -> Iterator[Opened | LeftOut]:
    """The loaded engine, or why it cannot be had here; it is closed at the end.

    Raises:
        UsageError, MissingToolError, BundleError: it cannot be had, and was asked for.
    """
    try:
        found = open_backend(bundle, kind=candidate.kind, artefact=candidate.artefact, threads=threads)
    except (UsageError, MissingToolError, BundleError) as error:
        if candidate.asked:
            raise
        yield LeftOut(name=candidate.name, why=str(error))
        return
    backend: Backend = found.backend
    try:
        yield found
    finally:
        backend.close()
