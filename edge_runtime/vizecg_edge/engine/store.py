"""The folder of engines: a file as the vendor's library gave it, a record beside it, and timing caches."""

from __future__ import annotations

import json
import os
import re
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vizecg.spec import BundleError
from vizecg.spec.files import user_cache, write_atomically
from vizecg.spec.fingerprint import sha256_file
from vizecg.spec.manifest import Artefact, Bundle
from vizecg_edge.engine.environment import Environment

FOLDER_VARIABLE = "VIZECG_ENGINES"
RECORD_SCHEMA = 1
SHORT = 16


@dataclass(frozen=True, kw_only=True)
class EngineRecord:
    """What the ``.json`` beside an engine says. ``built_in`` is an Environment, ``parity`` are Figures, as objects."""

    bundle: str
    bundle_sha256: str
    artefact: str
    engine: str
    engine_sha256: str
    built_in: dict[str, Any]
    parity: dict[str, Any]
    limits: dict[str, Any]
    layers: int
    build_s: float
    device_bytes: int
    schema: int = RECORD_SCHEMA

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def engines_folder(folder: Path | None = None) -> Path:
    """``folder``, or $VIZECG_ENGINES, or ``vizecg/engines`` in the user's cache; made if need be."""
    named = os.environ.get(FOLDER_VARIABLE)
    if folder is None and named:
        folder = Path(named)
    if folder is None:
        folder = user_cache() / "engines"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def stem(bundle: Bundle, artefact: Artefact, environment: Environment) -> str:
    """Name of an engine without its ending."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", artefact.name)
    return f"{bundle.sha256[:SHORT]}-{name}-{environment.slug}"


def timing_cache_path(folder: Path, environment: Environment) -> Path:
    """One timing cache for each GPU and TensorRT."""
    return folder / f"{environment.slug}.timing"


def write_engine(folder: Path, name: str, engine: bytes, record: EngineRecord) -> Path:
    """Write both files, the record last: an engine without a record that fits it is none."""
    path = folder / f"{name}.engine"
    beside = path.with_suffix(".json")
    # An older record must not vouch for the new bytes.
    beside.unlink(missing_ok=True)
    write_atomically(path, engine)
    write_atomically(beside, json.dumps(record.to_dict(), indent=1, sort_keys=True) + "\n")
    return path


def read_record(path: Path) -> EngineRecord | None:
    """A record; None where the file is missing, damaged or of another schema."""
    try:
        data = json.loads(path.read_text())
        record = EngineRecord(**data)
    except (OSError, ValueError, TypeError):
        return None
    return record if record.schema == RECORD_SCHEMA else None


def rebuild_command(bundle: Bundle, artefact: Artefact) -> str:
    """What makes the engine anew."""
    return f"vizecg-edge build {shlex.quote(str(bundle.path))} --artefact {shlex.quote(artefact.name)}"


def find_engine(
    bundle: Bundle, artefact: Artefact, *, environment: Environment, folder: Path | None = None
) -> tuple[Path, EngineRecord]:
    """The engine of an artefact that fits this GPU and these libraries, with its record.

    Raises:
        BundleError: there is none, or it is stale or changed; the message names the command that builds it.
    """
    place = engines_folder(folder)
    path = place / f"{stem(bundle, artefact, environment)}.engine"
    record = read_record(path.with_suffix(".json"))
    if record is not None and path.is_file():
        reasons = _reasons(bundle, artefact, environment, record, path)
        if not reasons:
            return path, record
        raise BundleError(_stale(artefact, reasons, bundle))
    for other in sorted(place.glob("*.json")):
        found = read_record(other)
        if found is not None and (found.bundle, found.artefact) == (bundle.manifest.name, artefact.name):
            reasons = _reasons(bundle, artefact, environment, found, other.with_suffix(".engine"))
            if reasons:
                raise BundleError(_stale(artefact, reasons, bundle))
    raise BundleError(f"no engine of {artefact.name} in {place}: {rebuild_command(bundle, artefact)}")


def _stale(artefact: Artefact, reasons: list[str], bundle: Bundle) -> str:
    return f"the engine of {artefact.name} is stale ({'; '.join(reasons)}): {rebuild_command(bundle, artefact)}"


def _reasons(
    bundle: Bundle, artefact: Artefact, environment: Environment, record: EngineRecord, path: Path
) -> list[str]:
    """Why an engine is not to be used; empty when it is."""
    reasons = environment.differs_from(record.built_in)
    if record.bundle_sha256 != bundle.sha256:
        reasons.append(f"bundle {record.bundle_sha256[:SHORT]}, now {bundle.sha256[:SHORT]}")
    if record.artefact != artefact.name:
        reasons.append(f"artefact {record.artefact}, now {artefact.name}")
    return reasons + changes_of(path, record)


def changes_of(path: Path, record: EngineRecord) -> list[str]:
    """What became of the file of an engine since it was accepted; empty when it is the same."""
    if not path.is_file():
        return ["its file is gone"]
    if sha256_file(path) != record.engine_sha256:
        return ["its bytes were changed since it was accepted"]
    return []
