"""What all four commands have in common: help, version, errors, installs, and what they let through to a terminal."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from rich.console import Console
from rich.progress import Progress

import vizecg
from children import CHILD_LIMIT_S
from vizecg.spec import OutputError, install
from vizecg.spec.commands import HELP
from vizecg.spec.console import run_app
from vizecg.spec.install import pip_install
from vizecg.spec.terminal import PlainStream

pytestmark = pytest.mark.unit

EVIL = "scan\x1b]0;owned\x07\x1b[2K\nb.jpg\udcff\u202egpj.exe"
"""Sets the terminal's title, erases its line, begins another, is no UTF-8, and turns its ending round."""


@pytest.mark.parametrize("module", ["vizecg", "vizecg_export", "vizecg_edge", "vizecg_bench"])
def test_modules_run_as_the_commands_and_tell_help_and_version(module: str) -> None:
    program = module.replace("_", "-")
    for argument, says in (("-h", "--version"), ("--version", f"{program} {vizecg.__version__}\n")):
        done = subprocess.run(
            [sys.executable, "-m", module, argument],
            capture_output=True, text=True, timeout=CHILD_LIMIT_S, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert says in done.stdout


def exits(app: typer.Typer, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["tool", *arguments])
    # What it makes plain is put back in the end.
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, getattr(sys, name))
    with pytest.raises(SystemExit) as caught:
        run_app(app)
    return int(caught.value.code or 0)


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer(add_completion=False, context_settings=HELP)

    @app.command()
    def work(n: int = 1, as_json: bool = typer.Option(False, "--json")) -> None:
        print(EVIL)
        if n > 1:
            raise typer.Exit(n)

    return app


class OpenCVError(Exception):
    """As OpenCV has it."""

    code = -4


OpenCVError.__module__ = "cv2"


@pytest.mark.parametrize("error", [MemoryError(), MemoryError("Unable to allocate 9 TiB"), OpenCVError("no\nroom")])
def test_a_lack_of_memory_is_one_line(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = typer.Typer(add_completion=False)

    @app.command()
    def work(as_json: bool = typer.Option(False, "--json")) -> None:
        raise error

    assert exits(app, monkeypatch, "--json") == 6
    out, err = capsys.readouterr()
    assert err.startswith("error: out of memory")
    assert err.count("\n") == 1
    assert json.loads(out)["error"] == "OutOfMemoryError"


def test_wrong_options_are_one_line_and_an_object(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exits(app, monkeypatch, "--n", f"x{EVIL}", "--json") == 2
    out, err = capsys.readouterr()
    assert err.startswith("error: Invalid value for '--n'")
    assert err.count("\n") == 1
    assert json.loads(out)["error"] == "UsageError"
    assert exits(app, monkeypatch, f"--{EVIL}") == 2
    err = capsys.readouterr().err
    assert "No such option" in err
    assert err.rstrip("\n").isprintable()
    assert exits(app, monkeypatch, "--n", "7") == 7
    assert exits(app, monkeypatch) == 0


def test_no_escape_code_of_a_name_reaches_the_terminal(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exits(app, monkeypatch) == 0
    shown = capsys.readouterr().out
    assert shown == "scan\\x1b]0;owned\\x07\\x1b[2K\nb.jpg\\udcff\\u202egpj.exe\n"


def test_tables_keep_their_colours_and_lose_what_reaches_beyond_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stdout", PlainStream(screen))
    Console(force_terminal=True, markup=False, color_system="standard", highlight=False).print(EVIL, style="red")
    shown = screen.getvalue()
    assert "\x1b[31m" in shown
    assert "\x1b]" not in shown
    assert "\\x1b]0;owned" in shown
    assert "\\u202e" in shown


def test_a_progress_bar_is_drawn_and_what_is_printed_beside_it_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", PlainStream(screen))
    with Progress(console=Console(stderr=True, force_terminal=True, color_system="standard")) as bar:
        bar.update(bar.add_task("reading", total=2), advance=1)
        print("photo\x07.jpg", file=sys.stderr)
    shown = screen.getvalue()
    assert "\x1b[?25l" in shown, "the cursor is hidden"
    assert "\\x1b" not in shown
    assert "\x07" not in shown


def test_an_install_command_names_what_a_checkout_or_a_wheel_can_add(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checkout = Path(install.__file__).parents[2]
    assert pip_install() == f"pip install -e '{checkout}'"
    assert pip_install("train", "onnx") == f"pip install -e '{checkout}[train,onnx]'"
    listed = [
        "numpy<3,>=1.23.5",
        'pillow-heif>=0.18; extra == "heic"',
        'ecg-plot[matplotlib]<0.4,>=0.3; extra == "train"',
        'numpy>=2; extra == "train"',
    ]
    monkeypatch.setattr(install, "_CHECKOUT", tmp_path)
    monkeypatch.setattr(install.importlib.metadata, "requires", lambda name: listed)
    monkeypatch.setattr(install, "_installed", lambda name: name == "numpy")
    assert pip_install("heic") == "pip install 'pillow-heif>=0.18'"
    assert pip_install("train") == "pip install 'ecg-plot[matplotlib]<0.4,>=0.3'"
    monkeypatch.setattr(install, "_installed", lambda name: True)
    assert pip_install() == "pip install 'numpy<3,>=1.23.5'"
    assert pip_install("train") == "pip install 'ecg-plot[matplotlib]<0.4,>=0.3' 'numpy>=2'"

    def absent(name: str) -> list[str]:
        raise install.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(install.importlib.metadata, "requires", absent)
    assert pip_install("train") == "pip install '.[train]' in a checkout of vizecg"


def test_no_message_names_the_project_as_if_an_index_had_it(repository: Path) -> None:
    places = [repository / name for name in ("vizecg", "export", "edge_runtime", "benchmarks", "docs", "README.md")]
    files = [
        path for place in places for path in ([place] if place.is_file() else place.rglob("*"))
        if path.suffix in (".py", ".sh", ".md") and "results" not in path.parts
    ]  # fmt: skip
    assert len(files) > 300
    wrong = [str(path) for path in files if any(words in path.read_text() for words in _AS_IF_ON_AN_INDEX)]
    assert wrong == []


_AS_IF_ON_AN_INDEX = ("pip install vizecg", "pip install 'vizecg", 'pip install "vizecg')


@pytest.mark.parametrize(
    ("redirect", "code", "told"),
    [(">&-", 6, "stdout is closed"), ("| :", 6, "stdout is closed"), (">/dev/full", 6, "No space"), ("2>&-", 0, "")],
)
def test_what_reaches_nobody_is_no_success(redirect: str, code: int, told: str) -> None:
    program = f"{sys.executable} -m vizecg_edge --version"
    script = f"set -o pipefail; trap '' PIPE; {program} {redirect}"
    if redirect == "| :":
        script = f"set -o pipefail; {{ sleep 0.2; {program}; }} | :"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1 if told else 0)
    assert told in done.stderr


def test_lines_for_people_who_look_no_longer_stop_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    there, here = os.pipe()
    os.close(there)
    with os.fdopen(here, "w") as gone:
        monkeypatch.setattr(sys, "stderr", PlainStream(gone, needed=False))
        print("a line", file=sys.stderr, flush=True)
        with pytest.raises(OutputError):
            print("an answer", file=PlainStream(gone, closed=True))
