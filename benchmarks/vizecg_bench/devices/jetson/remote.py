"""``--device jetson:USER@HOST``: the same run, on a board that ssh reaches."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

import vizecg
from vizecg.spec import ExitCode, MissingToolError, UsageError
from vizecg.spec.provenance import command_line
from vizecg_bench.devices.jetson.ssh import RemoteError, Ssh
from vizecg_bench.run.request import RunRequest
from vizecg_bench.run.schema import Result

# On the PATH, or where setup.sh makes its environment. What else a login shell prints is told apart by the word before.
_FIND = """
bench=$(command -v vizecg-bench) || bench=$HOME/.vizecg/bin/vizecg-bench
[ -x "$bench" ] || exit 93
version=$("$bench" --version) || exit 94
echo "found: $bench"
echo "version: $version"
"""
_INSTALL = "~/.vizecg/bin/pip install '.[bench]' in a checkout of vizecg"
_NOT_THERE, _DOES_NOT_RUN = 93, 94
_MAKE = 'umask 077; folder=$(mktemp -d "${TMPDIR:-/tmp}/vizecg-bench.XXXXXX") && echo "folder: $folder"'
_FOLDER = re.compile(r"/.*/vizecg-bench\.\w{6}")
RESULT = "result.json"


def measure_remote(request: RunRequest, *, host: str, console: Console) -> Result:
    """Measure on a board.

    Args:
        request: what is asked for.
        host: ``USER@HOST``.
        console: of the progress.

    Raises:
        UsageError: that is no host, or a file is not there.
        MissingToolError: no ssh here, or no vizecg-bench there.
        RemoteError: as ``remote_run``.
    """
    from vizecg_edge.pipeline import DEFAULT_BUNDLE

    result = remote_run(
        host,
        bundle=request.bundle or DEFAULT_BUNDLE,
        pack=request.pack,
        checkpoint=request.checkpoint,
        arguments=arguments_of(request),
        console=console,
    )
    # The command that was run there names a folder that is gone.
    return result.model_copy(update={"command": command_line()})


def arguments_of(request: RunRequest) -> list[str]:
    """Options of ``vizecg-bench run`` for all of a request but its files."""
    protocol = request.protocol
    # Its name tells of another length of the sustained run.
    options = ["--protocol", protocol.name.split(",")[0], "--sustained-s", f"{protocol.sustained_s:g}"]
    options += ["--seed", str(protocol.seed), "--references" if request.references else "--no-references"]
    for option, values in {
        "--threads": request.threads,
        "--contender": request.names,
        "--section": request.sections,
        "--handicap": [f"{name}={value:g}" for name, value in request.handicaps.items()],
    }.items():
        for value in values:
            options += [option, str(value)]
    return options + (["--sustain", request.sustained] if request.sustained else [])


def remote_run(
    host: str,
    *,
    bundle: Path,
    pack: Path | None,
    arguments: Sequence[str],
    checkpoint: Path | None = None,
    console: Console | None = None,
) -> Result:
    """Copy bundle, pack and checkpoint to a new folder of the board, run there, fetch the result, remove the folder.

    Args:
        host: ``USER@HOST``.
        bundle: its folder.
        pack: evaluation pack, or None.
        arguments: further options of ``vizecg-bench run``.
        checkpoint: behind the bundle, or None.
        console: of the progress; None takes stderr.

    Raises:
        UsageError: that is no host, or a file is not there.
        MissingToolError: no ssh here, or no vizecg-bench there; the message names the command.
        RemoteError: the board cannot be reached or lets nobody in, has another version, or its run failed; then with
            that run's exit code.
    """
    files = {"bundle": bundle, "pack": pack, "checkpoint": checkpoint}
    named = {option: path for option, path in files.items() if path is not None}
    for path in named.values():
        if not path.exists():
            raise UsageError(f"{path} is not there")
    console = console or Console(stderr=True)
    ssh = Ssh(host)
    bench = find_bench(ssh)
    with _folder(ssh, console) as folder:
        # Names of their own: two of the paths here may end alike.
        places = {option: f"{option}-{path.resolve().name}" for option, path in named.items()}
        ssh.send({places[option]: path for option, path in named.items()}, folder, console=console)
        options = [part for option, place in places.items() for part in (f"--{option}", f"{folder}/{place}")]
        command = [bench, "run", "--device", "jetson", *options, *arguments, "--figures", f"{folder}/{RESULT}"]
        console.print(f"measuring on {host}", highlight=False)
        done = ssh.watch(shlex.join(command))
        if done.code:
            raise _failed(host, done.code, done.complaint)
        fetched = ssh.shell(f"exec cat {shlex.quote(f'{folder}/{RESULT}')}")
        if fetched.code:
            raise RemoteError(f"the result could not be fetched from {host}: {fetched.complaint}")
        # A login shell may print before it.
        return Result.from_json(fetched.out[max(0, fetched.out.find("{")) :], name=f"what came from {host}")


def find_bench(ssh: Ssh) -> str:
    """Path of a vizecg-bench of this version on the board.

    Raises:
        MissingToolError: there is none, or it does not run.
        RemoteError: it is of another version.
    """
    done = ssh.shell(_FIND)
    if done.code == _NOT_THERE:
        raise MissingToolError(
            f"vizecg-bench is not installed on {ssh.host}: there, sh edge_runtime/jetson/setup.sh, then {_INSTALL}"
        )
    path, version = _told(done.out, "found"), _told(done.out, "version")
    if done.code == _DOES_NOT_RUN or path is None or version is None:
        raise MissingToolError(
            f"vizecg-bench does not run on {ssh.host} ({done.complaint or 'it says nothing'}): there, {_INSTALL}"
        )
    there = version.split()[-1] if version else "an unknown version"
    if there != vizecg.__version__:
        raise RemoteError(
            f"{ssh.host} has vizecg-bench {there}, this is {vizecg.__version__}: there, {_INSTALL} {vizecg.__version__}"
        )
    return path


@contextlib.contextmanager
def _folder(ssh: Ssh, console: Console) -> Iterator[str]:
    """A new folder of the board, removed in the end."""
    done = ssh.shell(_MAKE)
    folder = _told(done.out, "folder")
    if done.code or folder is None or _FOLDER.fullmatch(folder) is None:
        raise RemoteError(f"no folder could be made on {ssh.host}: {done.complaint}")
    try:
        yield folder
    finally:
        try:
            gone = ssh.shell(f"exec rm -rf {shlex.quote(folder)}").code == 0
        except RemoteError:
            gone = False
        if not gone:
            console.print(f"{folder} could not be removed on {ssh.host}", highlight=False)


def _failed(host: str, code: int, complaint: str) -> RemoteError:
    """With the exit code of the run, so that scripts see one tool; others (signals) are the environment's."""
    told = complaint or "it gives no reason"
    if code in {member.value for member in ExitCode}:
        return RemoteError(f"on {host}: {told}", exit_code=ExitCode(code))
    return RemoteError(f"the run on {host} ended with exit code {code}: {told}")


def _told(out: str, word: str) -> str | None:
    for line in out.splitlines():
        if line.startswith(f"{word}: "):
            return line.removeprefix(f"{word}: ").strip()
    return None
