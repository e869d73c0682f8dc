"""A phone for the real adb client: speaks the device's side of adb's protocol over TCP, and runs commands here.

The protocol is described in adb's ``protocol.txt``, ``SERVICES.TXT`` and ``SYNC.TXT``. Few features are announced, so
that the client keeps to the simple forms. ``/data/local/tmp``, ``/proc`` and ``/sys`` of the phone lie in a folder.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import socket
import stat
import struct
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

from children import start_child

_HEADER = struct.Struct("<4sIIIII")
_SHELL = struct.Struct("<BI")
_VERSION, _MOST, _CHUNK = 0x01000001, 256 * 1024, 64 * 1024
_STDIN, _STDOUT, _STDERR, _EXIT, _CLOSE_STDIN = range(5)
_AUTH_TOKEN = 1


@dataclass(kw_only=True)
class Faults:
    """What goes wrong; may be changed while the daemon runs.

    Attributes:
        unauthorised: nobody confirms the dialog.
        features: announced to the client; without ``shell_v2`` it is an old Android.
        no_space: writing files fails as on a full phone.
        gone_at: it is gone as soon as a command with these words arrives for the ``gone_count``-th time.
        crash_at: a program that is started with these words crashes, at once or, if it reads, after as many bytes.
    """

    unauthorised: bool = False
    features: str = "shell_v2,cmd"
    no_space: bool = False
    gone_at: str | None = None
    gone_count: int = 1
    crash_at: str | None = None
    crash_after: int = 0

    def is_gone(self, service: str) -> bool:
        """Whether the phone is unplugged at this command."""
        if self.gone_at is None or self.gone_at not in service:
            return False
        self.gone_count -= 1
        return self.gone_count <= 0


@dataclass(kw_only=True)
class AdbDaemon:
    """Listens on a free port of this machine from ``with`` on; ``programs`` holds stand-ins of the phone's commands."""

    root: Path
    programs: Path
    faults: Faults = field(default_factory=Faults)

    def __enter__(self) -> AdbDaemon:
        self.tmp = self.root / "data/local/tmp"
        self.tmp.mkdir(parents=True, exist_ok=True)
        self.commands: list[str] = []
        self._links: list[_Link] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.serial = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def unplug(self) -> None:
        """Gone, with all that it was doing; nobody can connect again."""
        for end in (self._listener, *(link.socket for link in self._links)):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        for link in self._links:
            link.end()

    def local(self, text: str) -> str:
        """The phone's paths in ``text``, or in a command, as paths of this machine."""
        return re.sub(r"(?<![\w.])/(?=data/local/tmp|proc/|sys/)", f"{self.root}/", text)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = _Link(self, connection)
            self._links.append(link)
            threading.Thread(target=link.serve, daemon=True).start()


class _GoneError(Exception):
    """The other side has closed a stream or the connection."""


class _Link:
    """One connection of an adb server."""

    def __init__(self, daemon: AdbDaemon, connection: socket.socket) -> None:
        self.daemon, self.socket = daemon, connection
        self.streams: dict[int, _Stream] = {}
        self._write = threading.Lock()

    def send(self, command: bytes, first: int, second: int, data: bytes = b"") -> None:
        magic = struct.unpack("<I", command)[0] ^ 0xFFFFFFFF
        header = _HEADER.pack(command, first, second, len(data), sum(data) & 0xFFFFFFFF, magic)
        with self._write:
            try:
                self.socket.sendall(header + data)
            except OSError as error:
                raise _GoneError from error

    def serve(self) -> None:
        with contextlib.suppress(_GoneError, OSError):
            while True:
                command, first, second, size, _, _ = _HEADER.unpack(self._read(_HEADER.size))
                self._handle(command, first, second, self._read(size))
        self.end()

    def end(self) -> None:
        for stream in list(self.streams.values()):
            stream.end()

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise _GoneError
            data += part
        return data

    def _handle(self, command: bytes, first: int, second: int, data: bytes) -> None:
        faults = self.daemon.faults
        if command == b"CNXN" or (command == b"AUTH" and faults.unauthorised):
            if faults.unauthorised:
                # To a public key (3) a phone says nothing before its user has touched the dialog.
                if command == b"CNXN" or first != 3:
                    self.send(b"AUTH", _AUTH_TOKEN, 0, b"\1" * 20)
                return
            banner = f"device::ro.product.name=stand_in;ro.product.model=Stand-in;features={faults.features}"
            self.send(b"CNXN", _VERSION, _MOST, banner.encode())
        elif command == b"OPEN":
            service = data.rstrip(b"\0").decode()
            if faults.is_gone(service):
                self.daemon.unplug()
                raise _GoneError
            stream = _Stream(self, local=len(self.daemon.commands) + 1, remote=first)
            self.daemon.commands.append(service)
            self.streams[stream.local] = stream
            self.send(b"OKAY", stream.local, first)
            threading.Thread(target=stream.serve, args=(service,), daemon=True).start()
        elif (found := self.streams.get(second)) is not None:
            if command == b"WRTE":
                found.received.put(data)
                self.send(b"OKAY", second, first)
            elif command == b"OKAY":
                found.free.release()
            elif command == b"CLSE":
                found.end()


class _Stream:
    """One service that the client has opened."""

    def __init__(self, link: _Link, *, local: int, remote: int) -> None:
        self.link, self.local, self.remote = link, local, remote
        self.received: queue.Queue[bytes] = queue.Queue()
        self.free = threading.Semaphore(1)
        self._rest, self._ended = b"", threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._write = threading.Lock()

    def serve(self, service: str) -> None:
        kind, _, argument = service.partition(":")
        with contextlib.suppress(_GoneError):
            if kind == "sync":
                self._sync()
            elif kind == "shell" or kind.startswith("shell,"):
                self._shell(argument, version_2="v2" in kind.split(","))
            self.link.send(b"CLSE", self.local, self.remote)
        self.end()

    def end(self) -> None:
        self.link.streams.pop(self.local, None)
        self._ended.set()
        self.received.put(b"")
        self.free.release()
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def read(self, size: int) -> bytes:
        while len(self._rest) < size:
            part = self.received.get()
            if not part:
                raise _GoneError
            self._rest += part
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def write(self, data: bytes) -> None:
        for start in range(0, len(data), _CHUNK):
            with self._write:
                # The client says when it has room for more.
                self.free.acquire()
                if self._ended.is_set():
                    raise _GoneError
                self.link.send(b"WRTE", self.local, self.remote, data[start : start + _CHUNK])

    def _shell(self, command: str, *, version_2: bool) -> None:
        path = f"{self.link.daemon.programs}{os.pathsep}{os.environ['PATH']}"
        faults = self.link.daemon.faults
        crashing = faults.crash_at is not None and faults.crash_at in command
        if crashing and not faults.crash_after:
            command = re.sub(r"/\S*/vizecg-runner", "sh -c 'kill -SEGV $$'", command)
        process = self._process = start_child(
            ["sh", "-c", self.link.daemon.local(command)], env={**os.environ, "PATH": path}, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if version_2 else subprocess.STDOUT, bufsize=0,
        )  # fmt: skip

        def pump(kind: int, number: int) -> None:
            with contextlib.suppress(_GoneError):
                while data := os.read(number, _CHUNK - _SHELL.size):
                    self.write(_SHELL.pack(kind, len(data)) + data if version_2 else data)

        assert process.stdin is not None
        assert process.stdout is not None
        pipes = [(_STDOUT, process.stdout)] + ([(_STDERR, process.stderr)] if process.stderr is not None else [])
        pumps = [threading.Thread(target=pump, args=(kind, pipe.fileno()), daemon=True) for kind, pipe in pipes]
        for thread in pumps:
            thread.start()
        limit = faults.crash_after if crashing else None
        threading.Thread(target=self._feed, args=(process, limit), daemon=True).start()
        for thread in pumps:
            thread.join()
        code = process.wait()
        for _, pipe in pipes:
            pipe.close()
        if version_2:
            # What a shell would say of a signal.
            self.write(_SHELL.pack(_EXIT, 1) + bytes([code if code >= 0 else 128 - code]))

    def _feed(self, process: subprocess.Popen[bytes], crash_after: int | None) -> None:
        assert process.stdin is not None
        fed = 0
        with contextlib.suppress(_GoneError, OSError):
            while True:
                kind, size = _SHELL.unpack(self.read(_SHELL.size))
                data = self.read(size)
                if kind == _STDIN:
                    process.stdin.write(data)
                    fed += size
                    if crash_after and fed > crash_after:
                        os.killpg(process.pid, signal.SIGSEGV)
                elif kind == _CLOSE_STDIN:
                    break
        process.stdin.close()

    def _sync(self) -> None:
        while True:
            command, size = struct.unpack("<4sI", self.read(8))
            name = self.read(size).decode()
            if command == b"QUIT":
                return
            if command == b"STAT":
                file = Path(self.link.daemon.local(name))
                found = file.stat() if file.exists() else None
                numbers = (found.st_mode, found.st_size, int(found.st_mtime)) if found is not None else (0, 0, 0)
                self.write(struct.pack("<4sIII", b"STAT", *numbers))
            elif command == b"SEND":
                self._take(name)
            elif command == b"RECV":
                self._give(Path(self.link.daemon.local(name)))
            else:
                self._fail(f"unknown command {command!r}")

    def _take(self, name: str) -> None:
        path, _, mode = name.rpartition(",")
        file, failure = Path(self.link.daemon.local(path)), None
        data = []
        while True:
            command, size = struct.unpack("<4sI", self.read(8))
            if command == b"DONE":
                break
            data.append(self.read(size))
        if self.link.daemon.faults.no_space:
            failure = "couldn't write: No space left on device"
        else:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(b"".join(data))
                file.chmod(stat.S_IMODE(int(mode)))
            except OSError as error:
                failure = f"couldn't create file: {error.strerror}"
        if failure is None:
            self.write(struct.pack("<4sI", b"OKAY", 0))
        else:
            self._fail(failure)

    def _give(self, file: Path) -> None:
        try:
            data = file.read_bytes()
        except OSError as error:
            self._fail(f"open failed: {error.strerror}")
            return
        for start in range(0, len(data), _CHUNK // 2):
            part = data[start : start + _CHUNK // 2]
            self.write(struct.pack("<4sI", b"DATA", len(part)) + part)
        self.write(struct.pack("<4sI", b"DONE", 0))

    def _fail(self, message: str) -> None:
        self.write(struct.pack("<4sI", b"FAIL", len(message)) + message.encode())
