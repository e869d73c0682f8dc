"""ExecuTorch programs in ``executorch.runtime``, for machines that have PyTorch anyway.

Everywhere else the native runner (``runner``) does the same without it.
"""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.spec import BundleError, InputRefusedError, MissingToolError
from vizecg.spec.console import silent_stderr
from vizecg.spec.install import pip_install
from vizecg_edge.backends.base import thread_count

METHOD = "forward"


class ExecuTorchBackend:
    """An ExecuTorch artefact in ExecuTorch's own Python runtime. Threads that share one wait for each other.

    Args:
        model: the ``.pte`` file.
        input_shape: (1, 1, H, W) that the bundle's preprocessing gives.
        labels: how many logits it must give.
        threads: computation threads; 0 takes one per core this process may use. They are the whole process's: the
            last backend that was made decides.

    Raises:
        MissingToolError: ``executorch`` is not installed, or does not load.
        BundleError: the file does not load, or has other inputs or outputs than its manifest says.
    """

    name = "executorch-python-cpu"

    def __init__(self, *, model: Path, input_shape: tuple[int, int, int, int], labels: int, threads: int = 0) -> None:
        self._model, self._input_shape = model, input_shape
        self._lock = threading.Lock()
        with silent_stderr():
            # Not `import`: both bring PyTorch, which this package must never need. Only who asks for this backend
            # loads them.
            runtime, bindings, self._torch = (
                _load(name) for name in ("executorch.runtime", "executorch.extension.pybindings.portable_lib", "torch")
            )
            bindings._unsafe_reset_threadpool(thread_count(threads))
            try:
                self._program = runtime.Runtime.get().load_program(model)
                self._method: Any = self._program.load_method(METHOD)
                _check(self._method, model, input_shape, labels)
                # The first inference reports what native code finds of the processor.
                self.logits(np.zeros(input_shape, np.float32))
            except BundleError:
                raise
            # The runtime raises RuntimeError and others, with a line per failed check of its native code.
            except Exception as error:
                first = (str(error).splitlines() or [type(error).__name__])[0]
                raise BundleError(f"{model}: executorch.runtime cannot load it: {first}") from error

    def logits(self, image: np.ndarray) -> np.ndarray:
        """Preprocessed sheet float32 (1, 1, H, W) -> logits float32 (labels,).

        Raises:
            InputRefusedError: another shape.
            BundleError: closed.
        """
        if image.shape != self._input_shape:
            raise InputRefusedError(f"the program takes an image of {self._input_shape}, not {image.shape}")
        tensor = self._torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32))
        with self._lock:
            if self._method is None:
                raise BundleError(f"{self._model}: its program is closed")
            # The runtime gives out its own memory, which the next call fills again.
            return np.array(self._method.execute([tensor])[0].numpy()[0], dtype=np.float32)

    def close(self) -> None:
        """Let go of the program."""
        with self._lock:
            self._method = self._program = None


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise MissingToolError(f"{error.name} is not installed: {_install()}") from error
    # A torch of another version than ExecuTorch was built for fails with an undefined symbol.
    except (ImportError, OSError) as error:
        raise MissingToolError(f"{name} does not load ({str(error).splitlines()[0]}): {_install()}") from error


def _check(method: Any, model: Path, input_shape: tuple[int, int, int, int], labels: int) -> None:
    """Raise BundleError unless the program takes ``input_shape`` and gives one row of ``labels`` logits."""
    if method is None:
        raise BundleError(f"{model}: it has no method {METHOD}")
    meta = method.metadata
    taken = [tuple(meta.input_tensor_meta(i).sizes()) for i in range(meta.num_inputs())]
    given = [tuple(meta.output_tensor_meta(i).sizes()) for i in range(meta.num_outputs())]
    if taken != [input_shape] or given != [(1, labels)]:
        raise BundleError(f"{model}: expected {input_shape} -> (1, {labels}), found {taken} -> {given}")


def _install() -> str:
    return f"{pip_install('executorch')} (or without PyTorch: sh edge_runtime/runner/build.sh)"
