"""``vizecg-export inspect``: what is in a bundle or in a model file."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.pretty import Pretty

from vizecg.spec import BundleError, MissingToolError, UsageError
from vizecg.spec.install import pip_install
from vizecg.spec.manifest import open_bundle
from vizecg.spec.options import JsonFlag
from vizecg_export.console import table_console
from vizecg_export.summary import print_summary, summary


def inspect_path(path: Path) -> dict[str, Any]:
    """What a bundle, an ``.onnx``, a ``.pte`` or a checkpoint says of itself.

    Raises:
        UsageError: nothing there, or a file of another kind.
        BundleError: it cannot be read.
    """
    if path.is_dir():
        return _bundle(path)
    kinds = {".onnx": _onnx, ".pte": _pte, ".ckpt": _checkpoint}
    if not path.is_file() or path.suffix not in kinds:
        raise UsageError(f"{path}: expected a bundle (a folder) or a file ending in {', '.join(kinds)}")
    return {"file": path.name, "size_bytes": path.stat().st_size, **kinds[path.suffix](path)}


def _bundle(path: Path) -> dict[str, Any]:
    bundle = open_bundle(path)
    manifest = bundle.manifest
    measured = {row["name"]: row for row in summary(bundle)["artefacts"]}
    return {
        "bundle": manifest.name,
        "sha256": bundle.sha256,
        "schema_version": manifest.schema_version,
        "labels": list(manifest.labels.names),
        "input": list(manifest.preprocess.input_shape),
        "checkpoint": manifest.checkpoint,
        "calibration": manifest.calibration,
        "toolchain": manifest.toolchain,
        "source": manifest.source,
        "ladder": list(manifest.ladder),
        "artefacts": [
            {
                **measured[artefact.name],
                "machine": artefact.machine,
                "decision": artefact.decision.to_dict(),
                **inspect_path(bundle.file(artefact.file)),
            }
            for artefact in manifest.artefacts
        ],
    }


def _onnx(path: Path) -> dict[str, Any]:
    import onnx

    from vizecg_export.recipes.onnx import quantised_share

    try:
        model = onnx.load(str(path))
    # protobuf's own error class moves between its releases.
    except Exception as error:
        raise BundleError(f"{path} is no ONNX model: {str(error).splitlines()[0]}") from error
    weights: Counter[str] = Counter()
    for tensor in model.graph.initializer:
        weights[onnx.TensorProto.DataType.Name(tensor.data_type)] += _elements(tensor.dims)
    return {
        "producer": f"{model.producer_name} {model.producer_version}".strip(),
        "opset": {opset.domain or "ai.onnx": opset.version for opset in model.opset_import},
        "inputs": {value.name: _type(value) for value in model.graph.input},
        "outputs": {value.name: _type(value) for value in model.graph.output},
        "operations": dict(Counter(node.op_type for node in model.graph.node).most_common()),
        "weights": dict(weights.most_common()),
        "quantised": quantised_share(model),
    }


def _elements(dims: Any) -> int:
    total = 1
    for dim in dims:
        total *= dim
    return total


def _type(value: Any) -> str:
    import onnx

    tensor = value.type.tensor_type
    dims = [str(dim.dim_param or dim.dim_value) for dim in tensor.shape.dim]
    return f"{onnx.TensorProto.DataType.Name(tensor.elem_type).lower()} ({', '.join(dims)})"


def _pte(path: Path) -> dict[str, Any]:
    try:
        from vizecg_export.quiet import quiet

        with quiet():
            from executorch.exir._serialize._program import deserialize_pte_binary
    except ImportError as error:
        raise MissingToolError(f"{path} needs executorch: {pip_install('train', 'onnx', 'executorch')}") from error
    try:
        program = deserialize_pte_binary(path.read_bytes()).program
    # The reader of flatbuffers raises whatever the damaged bytes lead it to.
    except Exception as error:
        raise BundleError(f"{path} is no ExecuTorch program: {str(error).splitlines()[0]}") from error
    plan = program.execution_plan[0]
    return {
        "methods": [one.name for one in program.execution_plan],
        "delegates": dict(Counter(delegate.id for delegate in plan.delegates)),
        "operations_outside": dict(Counter(f"{op.name}.{op.overload}" for op in plan.operators)),
        "instructions": sum(len(chain.instructions) for chain in plan.chains),
    }


def _checkpoint(path: Path) -> dict[str, Any]:
    from vizecg.train.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(path)
    config = checkpoint.config.model_dump(mode="json")
    return {
        "sha256": checkpoint.sha256,
        "trained_sha256": checkpoint.trained_sha256,
        "training_data": checkpoint.training_data,
        "config": config,
    }


def inspect(
    path: Annotated[Path, typer.Argument(help="A bundle, an .onnx, a .pte or a .ckpt.")],
    as_json: JsonFlag = False,
) -> None:
    """Tell what is in a bundle or a model file: what was measured, inputs, operations, number formats (all: --json)."""
    told = inspect_path(path)
    if as_json:
        print(json.dumps(told))
    elif path.is_dir():
        print_summary(summary(open_bundle(path)), table_console())
    else:
        Console(markup=False).print(Pretty(told, max_string=100, expand_all=False, max_length=40))
