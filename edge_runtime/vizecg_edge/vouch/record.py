"""Which bundles gave their golden answers on this device before: a small file each, in a folder that may be deleted."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import vizecg
from vizecg.spec.files import user_cache, write_atomically
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.manifest import Artefact, Bundle
from vizecg.spec.processor import read_processor

VARIABLE = "VIZECG_CHECKED"
SCHEMA = 1
_LIBRARIES = ("onnxruntime", "executorch")


def checked_folder() -> Path:
    """``$VIZECG_CHECKED``, or ``vizecg/checked`` in the user's cache; it need not be there.

    Raises:
        RuntimeError: there is neither that variable, nor a cache, nor a home.
    """
    named = os.environ.get(VARIABLE)
    return Path(named) if named else user_cache() / "checked"


def what_was_checked(bundle: Bundle, artefact: Artefact, engine: str) -> dict[str, Any]:
    """All that the answers of a model depend on: the bundle, the engine with its libraries, and this processor."""
    modules = {name: sys.modules.get(name) for name in _LIBRARIES}
    return {
        "schema": SCHEMA,
        "bundle_sha256": bundle.sha256,
        "artefact": artefact.name,
        "engine": engine,
        "libraries": {name: str(getattr(module, "__version__", "")) for name, module in modules.items() if module},
        "machine": platform.machine(),
        "processor": read_processor().model,
        "vizecg": vizecg.__version__,
    }


def is_remembered(what: dict[str, Any]) -> bool:
    """Whether this very thing was checked before; a record that another user wrote does not count."""
    try:
        path = _path(what)
        owner = path.stat().st_uid
        return owner in (os.geteuid(), 0) and bool(json.loads(path.read_text()) == what)
    except (OSError, ValueError, RuntimeError):
        return False


def remember(what: dict[str, Any]) -> None:
    """Write the record.

    Raises:
        OSError, RuntimeError: it cannot be written, as in a home that is read-only.
    """
    path = _path(what)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(what, indent=1, sort_keys=True) + "\n")


def _path(what: dict[str, Any]) -> Path:
    return checked_folder() / f"{sha256_bytes(json.dumps(what, sort_keys=True).encode())[:32]}.json"
