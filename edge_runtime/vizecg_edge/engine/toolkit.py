"""Building: the calls of TensorRT that turn a model file into an engine (``loaded`` has those that run it).

The module is handed in, so that the same code drives ``tensorrt`` 10 and 11 and TensorRT-RTX.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vizecg.spec import BundleError
from vizecg.spec.manifest import MODEL_INPUT
from vizecg_edge.engine.generations import Generation
from vizecg_edge.engine.settings import BuildSettings

MIB = 1 << 20
LONGEST_LINE = 240


@dataclass(frozen=True, kw_only=True)
class Built:
    """An engine and a timing cache as the library gave them, byte for byte."""

    engine: bytes
    seconds: float
    layers: int
    timing_cache: bytes


def make_logger(trt: Any) -> Any:
    """A logger that keeps the library's errors in ``errors`` and shows them on stderr; its own writes to stdout."""

    class Log(trt.ILogger):
        def __init__(self) -> None:
            super().__init__()
            self.errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity in (trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR):
                self.errors.append(_line(message))
                print(f"TensorRT: {message}", file=sys.stderr)

    return Log()


def build_engine(
    trt: Any, row: Generation, *, model: Path, settings: BuildSettings, timing_cache: bytes | None = None
) -> Built:
    """Parse a typed model and build its engine.

    Args:
        trt: the library's module.
        row: what is particular to it.
        model: the ONNX file.
        settings: of the exporter.
        timing_cache: of an earlier build on this GPU; one that the library does not know is not used.

    Raises:
        BundleError: the library refuses the model, or cannot build it here.
    """
    logger = make_logger(trt)
    # Outlives the network: the parser's weights lie in it.
    content = model.read_bytes()
    builder = trt.Builder(logger)
    if builder is None:
        raise BundleError("TensorRT made no builder")
    flags = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED) if row.typed_flag else 0
    network = builder.create_network(flags)
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(content):
        raise BundleError(f"{model.name}: {row.library} {trt.__version__} refuses it: {_first_error(parser)}")
    config = builder.create_builder_config()
    _configure(trt, config, row, settings)
    profile = builder.create_optimization_profile()
    profile.set_shape(MODEL_INPUT, settings.least, settings.usual, settings.largest)
    config.add_optimization_profile(profile)
    cache = _use_timing_cache(config, timing_cache or b"")
    start = time.perf_counter()
    engine = builder.build_serialized_network(network, config)
    seconds = time.perf_counter() - start
    if engine is None:
        reason = (logger.errors or ["it gives no reason"])[0]
        raise BundleError(f"{model.name}: {row.library} {trt.__version__} built no engine: {reason}")
    return Built(
        engine=bytes(engine),
        seconds=round(seconds, 2),
        layers=int(network.num_layers),
        timing_cache=bytes(cache.serialize()),
    )


def _configure(trt: Any, config: Any, row: Generation, settings: BuildSettings) -> None:
    workspace = min(settings.workspace_mib, row.workspace_mib or settings.workspace_mib)
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, workspace * MIB)
    config.builder_optimization_level = settings.optimization_level
    config.avg_timing_iterations = settings.timing_iterations
    # On by default in every version.
    if not settings.tf32:
        config.clear_flag(trt.BuilderFlag.TF32)
    if row.ahead_of_time:
        config.num_compute_capabilities = len(row.ahead_of_time)
        for place, name in enumerate(row.ahead_of_time):
            config.set_compute_capability(getattr(trt.ComputeCapability, name), place)


def _use_timing_cache(config: Any, content: bytes) -> Any:
    """A timing cache that begins with ``content``, or empty where the library does not know that."""
    cache = config.create_timing_cache(content)
    if cache is None or not config.set_timing_cache(cache, ignore_mismatch=False):
        cache = config.create_timing_cache(b"")
        config.set_timing_cache(cache, ignore_mismatch=False)
    return cache


def _first_error(parser: Any) -> str:
    if not parser.num_errors:
        return "it gives no reason"
    error = parser.get_error(0)
    return _line(f"{error.node_name()}: {error.desc()}")


def _line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_LINE]
