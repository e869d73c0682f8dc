"""The ``vizecg-export`` command."""

from __future__ import annotations

import typer

from vizecg.spec.commands import HELP
from vizecg.spec.console import run_app
from vizecg_export.verbs.calibrate import calibrate
from vizecg_export.verbs.contract import contract
from vizecg_export.verbs.diff import diff
from vizecg_export.verbs.doctor import doctor
from vizecg_export.verbs.explain import explain
from vizecg_export.verbs.export import export
from vizecg_export.verbs.fit_gate import fit_gate
from vizecg_export.verbs.gate import gate
from vizecg_export.verbs.golden_photo import golden_photo
from vizecg_export.verbs.inspect import inspect
from vizecg_export.verbs.make_key import make_key
from vizecg_export.verbs.release import release
from vizecg_export.verbs.sign import sign
from vizecg_export.verbs.verify import verify

app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, invoke_without_command=True, context_settings=HELP
)
app.callback()(export)
for verb in (
    release,
    calibrate,
    verify,
    inspect,
    diff,
    explain,
    fit_gate,
    gate,
    golden_photo,
    contract,
    sign,
    make_key,
    doctor,
):
    app.command()(verb)


def main() -> None:
    """Entry point of ``vizecg-export``."""
    run_app(app, extras=("train", "onnx"))


if __name__ == "__main__":
    main()
