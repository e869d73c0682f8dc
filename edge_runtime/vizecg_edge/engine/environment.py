"""Where an engine is built and run: an engine fits this GPU with these libraries, and nothing else."""

from __future__ import annotations

import importlib
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vizecg.spec import MissingToolError
from vizecg.spec.install import pip_install
from vizecg_edge.engine.cuda import Cuda
from vizecg_edge.engine.generations import LIBRARY

L4T_RELEASE = Path("/etc/nv_tegra_release")
INSTALL_JETSON = (
    "sudo apt-get install python3-libnvinfer, then a virtual environment made with "
    "python3 -m venv --system-site-packages"
)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A GPU and its libraries. ``l4t`` is the release of a Jetson's system, None elsewhere."""

    gpu: str
    compute_capability: str
    tensorrt: str
    cuda_driver: str
    cuda_runtime: str
    l4t: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def slug(self) -> str:
        """For file names, such as ``orin-sm87-trt10.3.0``."""
        gpu = re.sub(r"[^a-z0-9]+", "-", self.gpu.lower()).strip("-")
        return f"{gpu}-sm{self.compute_capability.replace('.', '')}-trt{self.tensorrt}"

    def differs_from(self, built: dict[str, Any]) -> list[str]:
        """Why an engine that was built in ``built`` does not fit here; empty when it does."""
        names = {"gpu": "GPU", "compute_capability": "compute capability", "tensorrt": "TensorRT"}
        here = self.to_dict()
        differences = [f"{label} {built.get(name)}, now {here[name]}" for name, label in names.items() if
                 built.get(name) != here[name]]  # fmt: skip
        driver = str(built.get("cuda_driver"))
        if driver.split(".")[0] != self.cuda_driver.split(".")[0]:
            differences.append(f"a driver of CUDA {driver}, now {self.cuda_driver}")
        return differences


def is_jetson() -> bool:
    """Whether this is a Jetson (Linux for Tegra)."""
    return L4T_RELEASE.is_file()


def l4t_release() -> str | None:
    """Such as "R36.4.3"; None elsewhere than on a Jetson."""
    if not is_jetson():
        return None
    text = L4T_RELEASE.read_text(errors="replace")
    release = re.search(r"R(\d+).*?REVISION:\s*([\d.]+)", text)
    return f"R{release[1]}.{release[2]}" if release else text.splitlines()[0][:80]


def install_command() -> str:
    """What installs TensorRT here."""
    return INSTALL_JETSON if is_jetson() else pip_install("tensorrt")


def load_tensorrt() -> Any:
    """The module ``tensorrt``.

    Raises:
        MissingToolError: it is not installed, or its libraries do not load.
    """
    try:
        return importlib.import_module(LIBRARY)
    except ModuleNotFoundError as error:
        raise MissingToolError(f"TensorRT is not installed: {install_command()}") from error
    # Bindings without their libraries raise what they like.
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MissingToolError(f"TensorRT does not load ({reason}): {install_command()}") from error


def read_environment(trt: Any, cuda: Cuda) -> Environment:
    """Ask the libraries."""
    major, minor = cuda.capability()
    driver, runtime = cuda.versions()
    return Environment(
        gpu=cuda.gpu(),
        compute_capability=f"{major}.{minor}",
        tensorrt=str(trt.__version__),
        cuda_driver=driver,
        cuda_runtime=runtime,
        l4t=l4t_release(),
    )
