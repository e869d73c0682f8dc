"""From a bundle and a wish to a loaded engine, and the reason for the choice."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vizecg.spec import BundleError, MissingToolError, VizecgError
from vizecg.spec.manifest import Artefact, Bundle
from vizecg.spec.preprocess import normalise
from vizecg_edge.backends.base import Backend
from vizecg_edge.backends.kinds import BackendKind
from vizecg_edge.backends.registry import ENTRIES, Entry

AUTO_ORDER = (BackendKind.TENSORRT, BackendKind.ONNX, BackendKind.EXECUTORCH)
"""The best first. The others are for those who ask: they want libraries that nobody needs for this alone."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A loaded engine that has run once, the artefact it runs, and why this one."""

    backend: Backend
    artefact: Artefact
    reason: str


def open_backend(
    bundle: Bundle,
    *,
    kind: BackendKind = BackendKind.AUTO,
    artefact: str | None = None,
    threads: int = 0,
    machine: str | None = None,
    entries: Mapping[BackendKind, Entry] = ENTRIES,
) -> Opened:
    """Load an engine of a bundle and run it once.

    Args:
        bundle: opened.
        kind: the engine; ``auto`` takes the best that works.
        artefact: name of an artefact; None takes the engine's best.
        threads: computation threads; 0 takes one per core.
        machine: processor, as ``platform.machine`` has it; None asks it.
        entries: the engines.

    Raises:
        UsageError: no such artefact, or it is for another engine.
        MissingToolError: the engine's libraries are missing.
        BundleError: nothing in the bundle fits,
            an engine is stale, or a file does not load or run.
    """
    machine = machine or platform.machine()
    if kind is not BackendKind.AUTO:
        return _open(bundle, kind, entries[kind], artefact, threads, machine, why="asked for")
    declined: list[tuple[str, VizecgError]] = []
    for name in _order(bundle, artefact, entries):
        why = "; ".join(["the best here", *(f"{other} not taken: {error}" for other, error in declined)])
        if artefact is None and not entries[name].candidates(bundle.manifest, machine):
            declined.append((name.value, BundleError(f"the bundle has nothing for it on {machine}")))
            continue
        try:
            return _open(bundle, name, entries[name], artefact, threads, machine, why=why)
        except (MissingToolError, BundleError) as error:
            declined.append((name.value, error))
        except OSError as error:
            declined.append((name.value, BundleError(str(error))))
    if len(declined) == 1:
        raise declined[0][1]
    told = "; ".join(f"{name}: {error}" for name, error in declined)
    missing = any(isinstance(error, MissingToolError) for _, error in declined)
    raise (MissingToolError if missing else BundleError)(f"nothing here runs bundle {bundle.manifest.name}: {told}")


def _order(bundle: Bundle, artefact: str | None, entries: Mapping[BackendKind, Entry]) -> list[BackendKind]:
    """What ``auto`` tries: everything, or what can run the artefact that was asked for."""
    if artefact is None:
        return list(AUTO_ORDER)
    target = bundle.manifest.artefact(artefact).target
    able = [kind for kind in AUTO_ORDER if target in entries[kind].targets]
    if not able:
        raise BundleError(f"artefact {artefact} is for {target}, which no engine here runs")
    return able


def _open(
    bundle: Bundle, kind: BackendKind, entry: Entry, name: str | None, threads: int, machine: str, *, why: str
) -> Opened:
    artefact = entry.pick(bundle.manifest, name, machine)
    backend = entry.open(bundle, artefact, threads)
    try:
        _warm_up(bundle, backend)
    except BaseException:
        backend.close()
        raise
    return Opened(backend=backend, artefact=artefact, reason=f"{kind.value} with {artefact.name}: {why}")


def _warm_up(bundle: Bundle, backend: Backend) -> None:
    """One blank sheet: engines allocate and look at the processor in their first run, and some only fail in it."""
    spec = bundle.manifest.preprocess
    blank = normalise(np.zeros((1, spec.height, spec.width), np.uint8), spec)
    try:
        logits = backend.logits(blank)
    except VizecgError:
        raise
    # Every library has exception classes of its own, which share no base but Exception.
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise BundleError(f"{backend.name} loads the model but does not run it: {first}") from error
    if not np.isfinite(logits).all():
        raise BundleError(f"{backend.name} gives logits that are not finite")
