"""Options that several verbs of ``vizecg-edge`` have."""

from __future__ import annotations

from typing import Annotated

import typer

from vizecg_edge.backends.kinds import BackendKind

BackendOption = Annotated[BackendKind, typer.Option(help="Engine; auto takes the best here.")]
ArtefactOption = Annotated[str | None, typer.Option(help="Name of an artefact; default: the engine's best.")]
