"""``vizecg-edge build``: make this device's TensorRT engine of a bundle."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.commands import takes
from vizecg.spec.options import JsonFlag
from vizecg_edge.verbs.options import SignatureOption, TrustOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """Of which bundle, how, and where the engine is kept."""

    bundle: Annotated[Path, typer.Argument(help="Bundle with an artefact for TensorRT.", show_default=False)]
    artefact: Annotated[str | None, typer.Option(help="Its name; default: the bundle's first for TensorRT.")] = None
    force: Annotated[bool, typer.Option("--force", help="Build although an engine that fits is there.")] = False
    as_json: JsonFlag = False
    out: Annotated[
        Path | None, typer.Option(help="Folder of engines; default: $VIZECG_ENGINES or the user's cache.")
    ] = None
    workspace: Annotated[int | None, typer.Option(min=16, help="Scratch memory in MiB; default: the recipe's.")] = None
    trust: TrustOption = None
    signature: SignatureOption = None


@takes(Options)
def build(options: Options) -> None:
    """Build the TensorRT engine of a bundle for this GPU; keep it only if it answers the golden data right."""
    from vizecg.spec.manifest import open_bundle
    from vizecg_edge.engine.builder import build as build_engine
    from vizecg_edge.engine.builder import open_workshop
    from vizecg_edge.engine.settings import pick_artefact
    from vizecg_edge.vouch.origin import vouch

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    opened = open_bundle(options.bundle)
    vouched = vouch(opened, trust=options.trust, policy=options.signature)
    if vouched.words:
        say(vouched.words)
    chosen = pick_artefact(opened.manifest, options.artefact)
    result = build_engine(
        opened,
        chosen,
        workshop=open_workshop(),
        folder=options.out,
        force=options.force,
        workspace_mib=options.workspace,
        say=say,
    )
    if options.as_json:
        print(json.dumps(result.to_dict()))
        return
    parity = result.record.parity
    print(
        f"{result.path}: {'built' if result.fresh else 'there already'}; largest difference {parity['max_abs']:.4g}, "
        f"{parity['p50_ms']:.2f} ms a sheet (p90 {parity['p90_ms']:.2f})"
    )
