"""Does TensorRT take a graph? Asked of TensorRT-RTX, which parses and builds ahead of time without a GPU.

Its parser and its rules of typing are TensorRT's; the engine it makes here is for its own GPUs and is thrown away.
The library runs in a process of its own (``python -m vizecg_export.rtx MODEL --json``): should it crash, the exporter
does not.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.metadata
import importlib.util
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from vizecg.spec import MissingToolError, ParityError, UsageError
from vizecg.spec.install import pip_install
from vizecg.spec.manifest import MODEL_INPUT

BINDINGS, LIBRARIES = "tensorrt_rtx_bindings", "onnxruntime_ep_nv_tensorrt_rtx"
PRELOADED = ("libtensorrt_rtx.so.*", "libtensorrt_onnxparser_rtx.so.*")
EXTRA = "tensorrt-check"
CAPABILITIES = ("SM86",)
BATCHES = (1, 1, 8)
TIMEOUT_S = 300.0
LONGEST_LINE = 240


@dataclass(frozen=True, kw_only=True)
class RtxCheck:
    """What TensorRT-RTX made of a graph.

    ``outputs`` counts the layers of the parsed network by the type of their first output; ``engine_bytes`` and
    ``build_s`` are of the engine for ``capabilities``, whose fusions only a GPU
    can show. ``warnings`` are the library's, each once.
    """

    version: str
    layers: int
    outputs: dict[str, int]
    capabilities: tuple[str, ...]
    build_s: float
    engine_bytes: int
    warnings: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def to_text(self) -> str:
        """One line for the manifest."""
        return (
            f"tensorrt-rtx {self.version}: parsed, {self.layers} layers, built for {'+'.join(self.capabilities)} "
            f"in {self.build_s:.1f} s, {self.engine_bytes} bytes"
        )


def available() -> bool:
    """Whether TensorRT-RTX is installed here."""
    return all(importlib.util.find_spec(name) is not None for name in (BINDINGS, LIBRARIES))


def check_graph(
    model: Path, *, capabilities: tuple[str, ...] = CAPABILITIES, batches: tuple[int, int, int] = BATCHES
) -> RtxCheck:
    """Parse and build ``model`` in a process of its own.

    Args:
        model: a typed ONNX file, input ``image`` (n, 1, H, W).
        capabilities: GPUs to build for, as ``tensorrt_rtx.ComputeCapability`` calls them.
        batches: least, usual and largest n.

    Raises:
        MissingToolError: TensorRT-RTX is not installed, or its libraries do not load.
        ParityError: it refuses the graph, or crashes on it.
        UsageError: no such file.
    """
    if not available():
        raise MissingToolError(f"TensorRT-RTX is not installed: {pip_install(EXTRA)}")
    if not model.is_file():
        raise UsageError(f"{model} does not exist")
    command = [sys.executable, "-m", "vizecg_export.rtx", str(model), "--json", "--capabilities", *capabilities]
    command += ["--batches", *map(str, batches)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise ParityError(f"{model.name}: TensorRT-RTX was not done after {TIMEOUT_S:.0f} s") from error
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ParityError(f"{model.name}: TensorRT-RTX ended with code {done.returncode}: {last}") from error
    if "missing" in answer:
        raise MissingToolError(f"TensorRT-RTX does not load ({answer['missing']}): {pip_install(EXTRA)}")
    if "refused" in answer:
        raise ParityError(f"{model.name}: TensorRT refuses it: {answer['refused']}")
    answer["capabilities"], answer["warnings"] = tuple(answer["capabilities"]), tuple(answer["warnings"])
    return RtxCheck(**answer)


def load() -> Any:
    """The module ``tensorrt_rtx_bindings``, with its libraries loaded before it."""
    spec = importlib.util.find_spec(LIBRARIES)
    if spec is None or not spec.submodule_search_locations:
        raise MissingToolError(f"TensorRT-RTX is not installed: {pip_install(EXTRA)}")
    folder = Path(spec.submodule_search_locations[0])
    for pattern in PRELOADED:
        for library in sorted(folder.glob(pattern)):
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    return importlib.import_module(BINDINGS)


class _RefusedError(Exception):
    """TensorRT's own first complaint."""


def _check(model: Path, capabilities: list[str], batches: list[int]) -> RtxCheck:
    trt = load()

    class Log(trt.ILogger):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.errors: list[str] = []
            self.warnings: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity in (trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR):
                self.errors.append(_line(message))
            elif severity == trt.ILogger.Severity.WARNING:
                self.warnings.append(_line(message))

    log = Log()
    builder = trt.Builder(log)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, log)
    if not parser.parse(model.read_bytes()):
        error = parser.get_error(0) if parser.num_errors else None
        raise _RefusedError(_line(f"{error.node_name()}: {error.desc()}" if error else "the parser gives no reason"))
    config = builder.create_builder_config()
    config.clear_flag(trt.BuilderFlag.TF32)
    config.num_compute_capabilities = len(capabilities)
    for place, name in enumerate(capabilities):
        config.set_compute_capability(getattr(trt.ComputeCapability, name), place)
    profile = builder.create_optimization_profile()
    image = tuple(network.get_input(0).shape)[1:]
    profile.set_shape(MODEL_INPUT, *((n, *image) for n in batches))
    config.add_optimization_profile(profile)
    start = time.perf_counter()
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise _RefusedError((log.errors or ["the builder gives no reason"])[0])
    layers = [network.get_layer(i) for i in range(network.num_layers)]
    return RtxCheck(
        version=importlib.metadata.version("tensorrt_rtx_cu13_bindings"),
        layers=len(layers),
        outputs=dict(sorted(Counter(layer.get_output(0).dtype.name for layer in layers).items())),
        capabilities=tuple(capabilities),
        build_s=round(time.perf_counter() - start, 2),
        engine_bytes=engine.nbytes,
        warnings=tuple(dict.fromkeys(log.warnings)),
    )


def _line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_LINE]


def _leave(what: str, error: Exception, code: int, *, as_json: bool) -> NoReturn:
    print(json.dumps({what: _line(str(error))}) if as_json else f"{what}: {_line(str(error))}")
    sys.exit(int(code))


def main() -> None:
    """``python -m vizecg_export.rtx MODEL [--json]``: one line, and code 4 where TensorRT refuses."""
    parser = argparse.ArgumentParser(prog="python -m vizecg_export.rtx", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--capabilities", nargs="+", default=list(CAPABILITIES))
    parser.add_argument("--batches", nargs=3, type=int, default=list(BATCHES))
    options = parser.parse_args()
    try:
        check = _check(options.model, options.capabilities, options.batches)
    except _RefusedError as error:
        _leave("refused", error, ParityError.exit_code, as_json=options.as_json)
    except (ImportError, OSError, MissingToolError) as error:
        _leave("missing", error, MissingToolError.exit_code, as_json=options.as_json)
    print(json.dumps(check.to_dict()) if options.as_json else check.to_text())


if __name__ == "__main__":
    main()
