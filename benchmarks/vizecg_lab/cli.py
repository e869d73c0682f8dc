"""``python -m vizecg_lab VERB``."""

from __future__ import annotations

import typer

from vizecg.spec.commands import HELP
from vizecg.spec.console import run_app
from vizecg_lab.verbs.code15_scale import code15_scale
from vizecg_lab.verbs.conv_layouts import conv_layouts
from vizecg_lab.verbs.drawing_paths import drawing_paths
from vizecg_lab.verbs.electrodes import electrodes
from vizecg_lab.verbs.finetune import finetune
from vizecg_lab.verbs.fuzz import fuzz
from vizecg_lab.verbs.gpu_run import gpu_run
from vizecg_lab.verbs.hostile import hostile
from vizecg_lab.verbs.label_noise import label_noise
from vizecg_lab.verbs.leads import leads
from vizecg_lab.verbs.measure import measure
from vizecg_lab.verbs.not_ecg import not_ecg
from vizecg_lab.verbs.packed_store import packed_store
from vizecg_lab.verbs.page_judge import page_judge
from vizecg_lab.verbs.page_tiles import page_tiles
from vizecg_lab.verbs.page_train import page_train
from vizecg_lab.verbs.photographed import photographed
from vizecg_lab.verbs.photographs import photographs
from vizecg_lab.verbs.photos import photos
from vizecg_lab.verbs.recorders import recorders
from vizecg_lab.verbs.records import records
from vizecg_lab.verbs.rectify import rectify
from vizecg_lab.verbs.render import render
from vizecg_lab.verbs.rhythms import rhythms
from vizecg_lab.verbs.stages import stages
from vizecg_lab.verbs.startup import startup
from vizecg_lab.verbs.study import study
from vizecg_lab.verbs.sweep import sweep
from vizecg_lab.verbs.table1 import table1
from vizecg_lab.verbs.table2 import table2
from vizecg_lab.verbs.train_step import train_step

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, context_settings=HELP)


@app.callback()
def root_command() -> None:
    """Studies of vizecg itself, from a checkout: every number it prints can be had again with the same command."""


PAPER = (table1, table2, study)
TRAINING = (
    train_step, packed_store, records, code15_scale, conv_layouts, gpu_run, drawing_paths, finetune, sweep, recorders,
    label_noise,
)  # fmt: skip
EDGE = (
    render, photos, photographs, photographed, rectify, leads, measure, rhythms, electrodes, not_ecg, page_tiles,
    page_train, page_judge, stages, startup, fuzz, hostile,
)  # fmt: skip
for verb in (*PAPER, *TRAINING, *EDGE):
    app.command()(verb)


def main() -> None:
    """Entry point of ``python -m vizecg_lab``."""
    run_app(app, extras=("train", "peers", "bench"))
