"""The arithmetic peak that this machine reaches in practice: large matrix products in the libraries at hand."""

from __future__ import annotations

import importlib
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from vizecg_bench.run.schema import Bound, Peak

SIZES = (768, 1536)
"""Both fit no first-level cache and amortise their threads; larger ones gain nothing here."""
REPEATS = 12

Product = Callable[[], object]


def measure_bound(macs: int, *, threads: tuple[int, ...]) -> Bound:
    """Measure float32 and int8 products on each number of threads; the quickest library stands for the machine."""
    peaks = []
    for count in threads:
        # A process of its own: libraries keep the number of threads that they began with, and their memory.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            peaks.extend(pool.submit(_peaks, count).result())
    return Bound(macs=macs, peaks=tuple(peaks))


def peak_of(bound: Bound, *, precision: str, threads: int) -> Peak | None:
    """What a contender is held against. float16 is computed as float32 on processors without it."""
    wanted = "int8" if precision == "int8" else "fp32"
    for peak in bound.peaks:
        if peak.precision == wanted and peak.threads == threads:
            return peak
    return None


def _peaks(threads: int) -> list[Peak]:
    best: dict[str, Peak] = {}
    for size in SIZES:
        for precision, by, product in _products(size, threads):
            product()
            taken = []
            for _ in range(REPEATS):
                start = time.perf_counter()
                product()
                taken.append(time.perf_counter() - start)
            gmacs = round(size**3 / min(taken) / 1e9, 2)
            if precision not in best or gmacs > best[precision].gmacs:
                best[precision] = Peak(precision=precision, threads=threads, gmacs=gmacs, by=f"{by}, {size}")
    return list(best.values())


def _products(size: int, threads: int) -> Iterator[tuple[str, str, Product]]:
    generator = np.random.default_rng(0)
    a, b = (generator.standard_normal((size, size), dtype=np.float32) for _ in range(2))
    yield from _numpy(a, b, threads)
    yield from _onnxruntime(a, b, threads)
    yield from _torch(a, b, threads)


def _numpy(a: np.ndarray, b: np.ndarray, threads: int) -> Iterator[tuple[str, str, Product]]:
    from threadpoolctl import threadpool_limits

    out = np.empty_like(a)
    with threadpool_limits(threads):
        yield "fp32", f"NumPy {np.__version__}", lambda: np.matmul(a, b, out=out)


def _torch(a: np.ndarray, b: np.ndarray, threads: int) -> Iterator[tuple[str, str, Product]]:
    try:
        torch: Any = importlib.import_module("torch")
    except ImportError:
        return
    torch.set_num_threads(threads)
    x, y = torch.from_numpy(a), torch.from_numpy(b)
    yield "fp32", f"torch {torch.__version__}", lambda: torch.mm(x, y)
    p, q = (tensor.clamp(-3, 3).mul(20).to(torch.int8) for tensor in (x, y))
    yield "int8", f"torch {torch.__version__}", lambda: torch._int_mm(p, q)


def _onnxruntime(a: np.ndarray, b: np.ndarray, threads: int) -> Iterator[tuple[str, str, Product]]:
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    from vizecg.spec.onnx_session import onnx_session

    left = np.clip(a * 40 + 128, 0, 255).astype(np.uint8)
    # Without VNNI, 8 bits on both sides are widened first; 7 bits is what the int8 artefacts have.
    right = np.clip(b * 20, -63, 63).astype(np.int8)
    kinds = (("fp32", "MatMul", a, b, TensorProto.FLOAT), ("int8", "MatMulInteger", left, right, TensorProto.INT32))
    for precision, operator, x, weight, out in kinds:
        graph = helper.make_graph(
            [helper.make_node(operator, ["x", "w"], ["y"])],
            "product",
            [helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)],
            [helper.make_tensor_value_info("y", out, x.shape)],
            # A constant side is packed once, as a network's weights are.
            [numpy_helper.from_array(weight, "w")],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        session = onnx_session(model.SerializeToString(), threads=threads)
        yield precision, f"ONNX Runtime {onnxruntime.__version__}", partial(session.run, None, {"x": x})
