"""The contract goes into a folder of a bundle, anew whenever the manifest changes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from vizecg.spec import BundleError
from vizecg.spec.contract import CONTRACT, CONTRACT_TEXT, GOLDEN_KEY, metadata, statement
from vizecg.spec.contract_check import check_contract, read_contract
from vizecg.spec.manifest import Bundle, Manifest, hash_files, open_bundle, publish_bundle
from vizecg_export.contract.golden import Draw, choose_rows, golden_arrays, golden_section, write_sheets
from vizecg_export.contract.metadata import SUFFIX, read_metadata, write_metadata
from vizecg_export.contract.photo import VECTOR, write_photo
from vizecg_export.contract.text import contract_text
from vizecg_export.data import golden_sheet
from vizecg_export.scratch import bundle_copy


def write_contract(folder: Path, manifest: Manifest, *, draw: Draw = golden_sheet) -> Manifest:
    """Write the contract of ``manifest`` beside the model files in ``folder``, and into those that are ONNX.

    Golden pictures that are there already stay; what is told of them follows the manifest.

    Returns:
        The manifest with the hashes of the files as they are now.

    Raises:
        BundleError: golden sheets cannot be drawn as they were, or the golden photograph cannot be rectified.
        MissingToolError: the bundle has ONNX files and onnx is not installed.
        UsageError: the network's input is larger than the sheet.
    """
    stated = statement(manifest)
    rows = _rows_before(folder)
    if rows is None:
        rows = choose_rows(manifest, golden_arrays(folder))
    write_sheets(folder, manifest, rows, draw)
    write_photo(folder, manifest)
    golden = golden_section(folder, manifest, rows)
    golden["photo"] = VECTOR if (folder / VECTOR).is_file() else None
    contract = {**stated, GOLDEN_KEY: golden}
    (folder / CONTRACT).write_text(_lines(contract))
    (folder / CONTRACT_TEXT).write_text(contract_text(contract, name=manifest.name))
    for file in _onnx_files(manifest):
        write_metadata(folder / file, metadata(stated, file))
    return replace(manifest, files=hash_files(folder))


def refresh_contract(folder: Path, manifest: Manifest) -> Manifest:
    """``write_contract`` for a bundle that has one; of others the hashes alone are taken anew."""
    if (folder / CONTRACT).is_file():
        return write_contract(folder, manifest)
    return replace(manifest, files=hash_files(folder))


def add_contract(path: Path, *, draw: Draw = golden_sheet) -> Bundle:
    """Give the bundle at ``path`` its contract, whole or not at all; the fingerprint changes, the networks do not.

    Raises:
        As ``write_contract``; BundleError: the bundle is damaged, changed or of another schema.
    """
    bundle = open_bundle(path)
    with bundle_copy(bundle) as folder:
        return publish_bundle(folder, write_contract(folder, bundle.manifest, draw=draw), path)


def check_written(bundle: Bundle) -> bool:
    """``check_contract``, and whether ``contract.md`` and the ONNX files tell the same.

    Raises:
        BundleError: one of them contradicts the manifest.
        MissingToolError: the bundle has ONNX files and onnx is not installed.
    """
    contract = read_contract(bundle)
    if contract is None or not check_contract(bundle):
        return False
    text = bundle.file(CONTRACT_TEXT)
    if not text.is_file() or text.read_text() != contract_text(contract, name=bundle.manifest.name):
        raise BundleError(f"{bundle.path}: {CONTRACT_TEXT} does not tell what {CONTRACT} tells")
    stated = statement(bundle.manifest)
    for file in _onnx_files(bundle.manifest):
        if read_metadata(bundle.file(file)) != metadata(stated, file):
            raise BundleError(f"{bundle.path}: metadata of {file} contradict the manifest")
    return True


def _onnx_files(manifest: Manifest) -> list[str]:
    return sorted({artefact.file for artefact in manifest.artefacts if artefact.file.endswith(SUFFIX)})


def _rows_before(folder: Path) -> list[int] | None:
    try:
        sheets = json.loads((folder / CONTRACT).read_text())[GOLDEN_KEY]["sheets"]
        return [int(sheet["row"]) for sheet in sheets]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{folder}: {CONTRACT} cannot be read: {error!r}") from error


def _lines(value: Any, depth: int = 0) -> str:
    """JSON for people too: what is short stays in one line."""
    flat = json.dumps(value)
    if len(flat) + depth <= 118 or not isinstance(value, (dict, list)):
        return flat if depth else flat + "\n"
    inner = " " * (depth + 1)
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(key)}: {_lines(one, depth + 1)}" for key, one in value.items()]
        text = "{\n" + ",\n".join(parts) + "\n" + " " * depth + "}"
    elif all(not isinstance(one, (dict, list)) for one in value) and not any(isinstance(one, str) for one in value):
        text = flat
    else:
        text = "[\n" + ",\n".join(inner + _lines(one, depth + 1) for one in value) + "\n" + " " * depth + "]"
    return text if depth else text + "\n"
