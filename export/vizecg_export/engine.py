"""The TensorRT engine of a finished bundle: built here where there is a GPU, by the device's own command."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from typing import Any

from vizecg.spec import ExitCode, ParityError
from vizecg.spec.manifest import Bundle
from vizecg_export.targets import Target


def build_engine(bundle: Bundle) -> dict[str, Any] | None:
    """Have ``vizecg-edge build`` make the engine, as a Jetson would, and tell what it measured.

    Returns:
        Its record, or ``{"built": False, "why", "on_the_device"}``; None for a bundle without TensorRT.

    Raises:
        ParityError: an engine was built and leaves the float network.
    """
    if all(artefact.target != Target.TENSORRT.value for artefact in bundle.manifest.artefacts):
        return None
    on_the_device = f"vizecg-edge build {bundle.path.name}"
    if importlib.util.find_spec("tensorrt") is None:
        return {"built": False, "why": "tensorrt is not installed", "on_the_device": on_the_device}
    command = [sys.executable, "-m", "vizecg_edge.cli", "build", str(bundle.path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {"message": done.stderr.strip()}
    if done.returncode == ExitCode.PARITY:
        raise ParityError(told["message"])
    if done.returncode != ExitCode.OK:
        return {"built": False, "why": told["message"], "on_the_device": on_the_device}
    return {"built": True, **told}
