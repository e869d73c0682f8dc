"""Convolutions that hang, crash or compute wrongly are told apart; sound ones are found sound."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from vizecg_lab.training import conv_layouts, conv_trial
from vizecg_lab.training.conv_layouts import Shape, measure_conv_layouts, unsound
from vizecg_lab.training.conv_trial import Trial, outcome

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="trials are forked, and limited in time as Linux does"),
]

TRIAL = Trial(dims=2, kernel=1, stride=2, inputs=16, outputs=8, batch=2, height=24, width=48)


def hang(trial: Trial) -> float:
    while True:
        pass


def crash(trial: Trial) -> float:
    faulthandler.disable()
    os.kill(os.getpid(), signal.SIGSEGV)
    return 0.0


def refuse(trial: Trial) -> float:
    raise RuntimeError("could not create a primitive")


@pytest.mark.parametrize(
    ("does", "told"),
    [
        (hang, "hang"), (crash, "SIGSEGV"), (refuse, "refused"), (lambda trial: 0.5, "wrong"),
        (lambda trial: 1e-6, "right"),
    ],
)  # fmt: skip
def test_every_end_of_a_trial_has_its_name(does: object, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conv_trial, "error", does)
    assert outcome(TRIAL, seconds=1) == told
    assert unsound([told, "right"]) == (told not in ("right", "refused"))


def test_sound_shapes_are_found_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary = Shape(layout="contiguous", dims=2, kernel=1, stride=2)
    wide = Shape(layout="channels_last", dims=2, kernel=3, stride=2)
    monkeypatch.setattr(conv_layouts, "SHAPES", (ordinary, wide))
    monkeypatch.setattr(conv_layouts, "CHANNELS", (4, 16))
    measure_conv_layouts(isas=("AVX2",), threads=1, out=tmp_path / "found.json")
    rows = json.loads((tmp_path / "found.json").read_text())["rows"]
    assert [(row["isa"], row["shape"], row["unsound_channels"]) for row in rows] == [
        ("AVX2", "2D 1 wide, stride 2, float32, contiguous", []),
        ("AVX2", "2D 3 wide, stride 2, float32, channels_last", []),
    ]
    assert rows[0]["outcomes"] == {"4": {"right": 3}, "16": {"right": 3}}
