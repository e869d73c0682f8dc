"""What the command line tools have in common: ``-h`` beside ``--help``, and ``--version``."""

from __future__ import annotations

from typing import Any

import typer

import vizecg

HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"]}
"""``context_settings`` of an application; its commands inherit them."""


def version_option(program: str) -> Any:
    """``--version`` of the callback of ``program``'s application: prints its name and version, then ends."""

    def tell(asked: bool) -> None:
        if asked:
            print(f"{program} {vizecg.__version__}")
            raise typer.Exit

    return typer.Option("--version", callback=tell, is_eager=True, help="Print it and end.")
