"""``vizecg-edge selftest``: does a bundle still compute on this device what it was accepted for?"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import typer

from vizecg.spec import ExitCode
from vizecg.spec.options import BundleOption, JsonFlag, ThreadsOption
from vizecg_edge.backends.kinds import BackendKind
from vizecg_edge.verbs.options import ArtefactOption, BackendOption, SignatureOption, TrustOption

if TYPE_CHECKING:
    from vizecg_edge.selftest import SelfTest


def selftest(
    bundle: BundleOption = None,
    backend: BackendOption = BackendKind.AUTO,
    artefact: ArtefactOption = None,
    as_json: JsonFlag = False,
    threads: ThreadsOption = 0,
    trust: TrustOption = None,
    signature: SignatureOption = None,
) -> None:
    """Run a bundle's golden sheets and photograph on this device. Exit code 4 when the answers are not the accepted."""
    from vizecg_edge.pipeline import Pipeline
    from vizecg_edge.process import use_threads
    from vizecg_edge.selftest import run_selftest

    # The golden sheets are run and told of below, whatever comes of them.
    pipeline = Pipeline(
        bundle=bundle,
        backend=backend,
        artefact=artefact,
        threads=threads,
        check=False,
        trust=trust,
        signature=signature,
    )
    use_threads(threads)
    tested = run_selftest(pipeline)
    print(json.dumps(tested.to_dict()) if as_json else _text(tested), flush=True)
    if tested.failures:
        print(f"error: {'; '.join(tested.failures)}", file=sys.stderr)
        raise typer.Exit(int(ExitCode.PARITY))


def _text(tested: SelfTest) -> str:
    from vizecg_edge.selftest import NO_PHOTO

    bundle, sheets, photo = tested.bundle, tested.sheets, tested.photo
    lines = [
        f"bundle {bundle['name']} {bundle['sha256'][:16]}, {bundle['artefact']} in {bundle['backend']}",
        f"  ({bundle['backend_reason']})",
        *tested.notes,
    ]
    if sheets.figures:
        lines.append(
            f"golden sheets: {'FAILED' if sheets.failure else 'as accepted'}; {sheets.figures['n']} sheets, largest "
            f"difference from float {sheets.figures['max_abs']:.3g} (at most {sheets.limits['max_abs']:g}), "
            f"{sheets.figures['decision_flips']} decisions differ, {sheets.figures['p50_ms']:.1f} ms a sheet"
        )
    else:
        lines.append("golden sheets: FAILED")
    if photo is None:
        lines.append(NO_PHOTO)
    else:
        time = "" if photo.total_ms is None else f", {photo.total_ms:.0f} ms in all"
        lines.append(f"golden photograph: {'FAILED' if photo.failure else 'as accepted'}{time}")
    return "\n".join(lines)
