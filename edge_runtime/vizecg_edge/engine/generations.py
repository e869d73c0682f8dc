"""What differs between the TensorRT libraries that build engines here: this one table."""

from __future__ import annotations

from dataclasses import dataclass

from vizecg.spec import BundleError

LIBRARY, RTX_LIBRARY = "tensorrt", "tensorrt_rtx_bindings"


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One row: a library from some version on, on some platform.

    Attributes:
        library: importable name.
        since: (major, minor) of the first version that the row holds for.
        jetson: True for JetPack's build only, False for all others, None for both.
        typed_flag: strongly typed networks must be asked for; without it they are typed anyway.
        workspace_mib: most scratch memory to allow whatever the recipe says; None where the recipe decides.
        memory_size: property of an engine with the bytes of device memory it needs.
        ahead_of_time: compute capabilities to build for where no GPU is asked for; empty: for the GPU at hand.
        why: what the row is there for.
    """

    library: str
    since: tuple[int, int]
    jetson: bool | None = None
    typed_flag: bool = True
    workspace_mib: int | None = None
    memory_size: str = "device_memory_size_v2"
    ahead_of_time: tuple[str, ...] = ()
    why: str


# The last row that fits is taken.
GENERATIONS = (
    Generation(
        library=LIBRARY, since=(10, 0), memory_size="device_memory_size",
        why="10.0 has the 32-bit size only; the STRONGLY_TYPED flag is needed throughout 10",
    ),
    Generation(library=LIBRARY, since=(10, 1), why="the 64-bit size came; 10.3 on servers is the same"),
    Generation(
        library=LIBRARY, since=(10, 1), jetson=True, workspace_mib=256,
        why="JetPack 6 has 10.3 and Python 3.10; a Jetson's GPU and CPU share one memory",
    ),
    Generation(
        library=LIBRARY, since=(11, 0), typed_flag=False,
        why="11: all networks are strongly typed and the flag is ignored; no float16 or int8 flags, no calibrator",
    ),
    Generation(
        library=LIBRARY, since=(11, 0), jetson=True, typed_flag=False, workspace_mib=256,
        why="JetPack 7.2 and later: 11 on one memory",
    ),
    Generation(
        library=RTX_LIBRARY, since=(1, 0), ahead_of_time=("SM86",),
        why="TensorRT-RTX builds ahead of time with no GPU, and times nothing then; graphs and types are TensorRT's",
    ),
)  # fmt: skip


def generation(library: str, version: str, *, jetson: bool) -> Generation:
    """The row of an installed library.

    Raises:
        BundleError: the version is older than any row.
    """
    try:
        installed = tuple(int(part) for part in version.split(".")[:2])
    except ValueError:
        installed = (0, 0)
    fitting = [
        row for row in GENERATIONS if row.library == library and installed >= row.since and row.jetson in (None, jetson)
    ]
    if not fitting:
        least = min((row.since for row in GENERATIONS if row.library == library), default=(10, 0))
        raise BundleError(f"{library} {version} cannot build this engine: {least[0]}.{least[1]} or newer is needed")
    return fitting[-1]
