"""What an ONNX file tells of itself in ``metadata_props``, beside a graph that it leaves as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vizecg.spec import BundleError
from vizecg.spec.contract import METADATA_PREFIX
from vizecg.spec.fingerprint import sha256_bytes, sha256_file
from vizecg_export.targets import Target, require

SUFFIX = ".onnx"


def write_metadata(file: Path, told: dict[str, str]) -> None:
    """Put ``told`` into an ONNX file in place of what the project's keys held; every other byte stays."""
    model = _load(file)
    _strip(model)
    for key in sorted(told):
        model.metadata_props.add(key=key, value=told[key])
    file.write_bytes(model.SerializeToString())


def read_metadata(file: Path) -> dict[str, str]:
    """The project's keys of an ONNX file.

    Raises:
        BundleError: it is no ONNX model.
        MissingToolError: onnx is not installed.
    """
    return {prop.key: prop.value for prop in _load(file).metadata_props if prop.key.startswith(METADATA_PREFIX)}


def network_sha256(file: Path) -> str:
    """Hash of a model file without what it tells of itself: it stays when the decision rule changes."""
    if file.suffix != SUFFIX:
        return sha256_file(file)
    model = _load(file)
    _strip(model)
    return sha256_bytes(model.SerializeToString())


def _load(file: Path) -> Any:
    require(Target.ONNX)
    import onnx

    try:
        return onnx.load_from_string(file.read_bytes())
    # protobuf's own error class moves between its releases.
    except Exception as error:
        raise BundleError(f"{file} is no ONNX model: {str(error).splitlines()[0]}") from error


def _strip(model: Any) -> None:
    kept = [(prop.key, prop.value) for prop in model.metadata_props if not prop.key.startswith(METADATA_PREFIX)]
    del model.metadata_props[:]
    for key, value in kept:
        model.metadata_props.add(key=key, value=value)
