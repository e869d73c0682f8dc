"""Options that several verbs of ``vizecg-edge`` have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vizecg_edge.backends.kinds import BackendKind
from vizecg_edge.vouch.kinds import SignaturePolicy

BackendOption = Annotated[BackendKind, typer.Option(help="Engine; auto takes the best here.")]
ArtefactOption = Annotated[str | None, typer.Option(help="Name of an artefact; default: the engine's best.")]
CheckOption = Annotated[
    bool,
    typer.Option(
        "--check/--no-check", help="A bundle that is new to this device must give its golden answers first; remembered."
    ),
]
TrustOption = Annotated[
    Path | None,
    typer.Option(metavar="KEYS", help="Public keys (PEM file, or folder): bundles must be signed by one of them."),
]
SignatureOption = Annotated[
    SignaturePolicy | None,
    typer.Option(help="Bundles of nobody who is trusted are refused, told of, or not looked at.", show_default="warn"),
]
RateLimitsOption = Annotated[
    str | None,
    typer.Option(
        metavar="SLOW,FAST",
        show_default=False,
        help="Beats a minute below and above which sinus rhythm is called slow and fast, by the measured rate: 60,100.",
    ),
]
