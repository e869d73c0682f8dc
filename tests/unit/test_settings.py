"""From recipe, file, assignments and options to one configuration, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch._inductor.config
import yaml
from typer.testing import CliRunner

from vizecg.cli import app
from vizecg.data.progress import duration
from vizecg.models import Logits, Modality
from vizecg.models.peers import PEERS
from vizecg.models.systems import architectures, build_system
from vizecg.spec import MissingToolError, UsageError
from vizecg.train.compilation import check_compiler
from vizecg.train.losses import training_loss
from vizecg.train.recipes import RECIPES
from vizecg.train.sampler import EpochBatches, Position, step_seed
from vizecg.train.settings import read_yaml, resolve, to_yaml

pytestmark = pytest.mark.unit


def test_what_comes_later_wins(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("epochs: 5\nbatch_size: 4\nseed: 3\noptimiser: {learning_rate: 2.0e-3, warmup_steps: 7}\n")
    config = resolve(
        recipe="small",
        file=file,
        assignments=["batch_size=6", "optimiser.learning_rate=1e-3", "seed=4"],
        options={"seed": 9},
    )
    assert (config.epochs, config.batch_size, config.seed) == (5, 6, 9)
    assert (config.optimiser.learning_rate, config.optimiser.warmup_steps) == (1e-3, 7)
    recipe = RECIPES["small"]()
    assert config.optimiser.weight_decay == recipe.optimiser.weight_decay
    assert config.model == recipe.model


@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_a_printed_configuration_is_read_back_as_it_was(recipe: str, tmp_path: Path) -> None:
    options = {"architecture": "mhm", "trace_weight": 0.0}
    config = resolve(recipe=recipe, options=options, assignments=["conditions=[scan, photo]"])
    (tmp_path / "run.yaml").write_text(to_yaml(config))
    assert resolve(recipe="small", file=tmp_path / "run.yaml") == config
    assert RECIPES[recipe]() == resolve(recipe=recipe)


def test_model_options_are_merged_into_the_recipe_s() -> None:
    config = resolve(recipe="small", assignments=["model.dropout=0.3"], options={"model.streams": "image"})
    assert config.model == {**RECIPES["small"]().model, "dropout": 0.3, "streams": "image"}
    assert config.modality is Modality.IMAGE


@pytest.mark.parametrize("name", [name for name in architectures() if name in PEERS])
def test_another_architecture_brings_its_own_options(name: str) -> None:
    small = resolve(recipe="small", options={"architecture": name})
    assert build_system(name, small.model) is not None
    assert small.model.keys() == PEERS[name].small_options.keys()
    paper = resolve(recipe="paper", options={"architecture": name})
    assert yaml.safe_load(yaml.safe_dump(paper.model)) == paper.model
    assert paper.model.keys() == PEERS[name].paper_options.keys()


def test_the_network_s_input_follows_the_preprocessing() -> None:
    config = resolve(recipe="small", assignments=["preprocess.height=96", "preprocess.width=192"])
    assert (config.model["input_height"], config.model["input_width"]) == (96, 192)
    with pytest.raises(UsageError, match=r"model\.input_height is 96 and preprocess.height 320: they must agree"):
        resolve(recipe="small", assignments=["model.input_height=96"])
    with pytest.raises(UsageError, match="they must agree"):
        resolve(recipe="small", assignments=["model.input_height=128", "preprocess.height=96"])


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (
            ["optimizer.learning_rate=1"],
            "unknown setting optimizer.learning_rate: did you mean optimiser.learning_rate?",
        ),
        (["learning_rate=1"], "unknown setting learning_rate: did you mean optimiser.learning_rate?"),
        (["epoch=1"], "unknown setting epoch: did you mean epochs?"),
        (["model.widht=1"], "unknown setting model.widht of vizecgnet: did you mean model.width?"),
        (["architecture=transformer", "model.layer=1"], "model.layer of transformer: did you mean model.layers?"),
        (["sheet.px_per_m=1"], "unknown setting sheet.px_per_m: did you mean sheet.px_per_mm?"),
        (["preprocess.heigth=1"], "unknown setting preprocess.heigth: did you mean preprocess.height?"),
        (["signal.sample=1"], "unknown setting signal.sample: did you mean signal.samples?"),
        (["model=3"], "model: expected a mapping of input_height, "),
        (["epochs=none"], "epochs: Input should be a valid integer, .* got 'none'"),
        (["optimiser.learning_rate=-1"], "optimiser.learning_rate: Input should be greater than 0, got -1"),
        (["preprocess.height=tall"], "preprocess.height: Input should be a valid integer, .* got 'tall'"),
        (["preprocess.height=8"], "preprocess: input size 8 x 576 is outside 32 to 4096"),
        (["model.signal_leads=all"], "model.signal_leads: Input should be 'shared' or 'joint', got 'all'"),
        (
            ["architecture=transformer", "model.width=wide"],
            "model.width: Input should be a valid integer, .* got 'wide'",
        ),
        (["architecture=resnet"], "architecture: expected one of vizecgnet, .* got 'resnet'"),
        (["class_weights=rare"], "class_weights: Input should be 'none', 'sqrt' or 'balanced', got 'rare'"),
        (["conditions=[photo, fax]"], "conditions.1: Input should be 'clean', .* got 'fax'"),
        (["epochs"], "--set 'epochs': expected name=value"),
        (["epochs=[1"], "the value is no YAML"),
        (["model=1", "model.width=3"], "model.width is set together with all of model"),
    ],
)
def test_what_is_wrong_is_named_with_its_whole_path(assignments: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        resolve(recipe="small", assignments=assignments)


def test_files_that_are_no_configuration_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    with pytest.raises(UsageError, match="cannot be read"):
        read_yaml(file)
    for text, message in (
        ("- 1\n", "expected a mapping"),
        ("a: [", "is no YAML"),
        ("!!python/name:os.system", "no YAML"),
    ):
        file.write_text(text)
        with pytest.raises(UsageError, match=message):
            read_yaml(file)
    file.write_text("")
    assert read_yaml(file) == {}
    with pytest.raises(UsageError, match="unknown recipe 'large': expected one of small, paper, full"):
        resolve(recipe="large")


def test_the_command_prints_the_configuration_and_stops() -> None:
    arguments = ["train", "--recipe", "paper", "--print-config", "--architecture", "transformer", "--seed", "7"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    printed = yaml.safe_load(result.stdout)
    assert (printed["architecture"], printed["seed"], printed["model"]["layers"]) == ("transformer", 7, 6)


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_the_processes_batches_make_up_those_of_one(processes: int) -> None:
    alone = list(EpochBatches(records=21, batch_size=8, seed=5))
    parts = [EpochBatches(records=21, batch_size=8, seed=5, part=(rank, processes)) for rank in range(processes)]
    together = [[draw for share in step for draw in share] for step in zip(*parts, strict=True)]
    assert together == alone
    assert len({draw.row for batch in alone for draw in batch}) == 16


def test_a_sampler_goes_on_where_it_is_told_and_shuffles_every_epoch() -> None:
    batches = EpochBatches(records=21, batch_size=4, seed=5)
    first = list(batches)
    batches.set_epoch(1)
    second = list(batches)
    assert [draw.row for draw in first[0]] != [draw.row for draw in second[0]]
    resumed = EpochBatches(records=21, batch_size=4, seed=5, start=Position(epoch=1, batch=3))
    assert len(resumed) == 5
    assert list(resumed) == second[3:]
    resumed.set_epoch(2)
    batches.set_epoch(2)
    assert list(resumed) == list(batches)
    with pytest.raises(UsageError, match="cannot be shared out among 3 processes"):
        EpochBatches(records=21, batch_size=4, seed=5, part=(0, 3))
    with pytest.raises(UsageError, match="3 training records are fewer than one batch of 4"):
        EpochBatches(records=3, batch_size=4, seed=5)


def test_every_step_and_process_has_its_own_seed() -> None:
    seeds = {step_seed(seed, step=step, rank=rank) for seed in (0, 1) for step in range(50) for rank in range(4)}
    assert len(seeds) == 400
    assert max(seeds) < 2**63


def test_focal_loss_is_cross_entropy_weighted_by_what_is_missed() -> None:
    logits, labels = torch.tensor([[2.0, -1.0]]), torch.tensor([[1.0, 1.0]])
    found = training_loss(Logits(signal=logits, image=None), labels, focal_gamma=2.0).total
    p = logits.sigmoid()
    torch.testing.assert_close(found, (-((1 - p) ** 2) * p.log()).mean())
    plain = training_loss(Logits(signal=logits, image=None), labels).total
    torch.testing.assert_close(plain, -p.log().mean())


def test_without_a_compiler_compile_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    # By torch's own way: monkeypatch, which takes the setting for one that was not there, would delete it in the end.
    nothing = torch._inductor.config.patch({"cpp.cxx": ("no-such-compiler",)})
    with nothing, pytest.raises(MissingToolError, match=r"needs a C\+\+ compiler: apt-get install g\+\+"):
        check_compiler(cuda=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingToolError, match="needs Triton"):
        check_compiler(cuda=True)


@pytest.mark.parametrize(("seconds", "text"), [(41.2, "41 s"), (300, "5 min"), (10_000, "2.8 h")])
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_recipes_differ_where_they_say() -> None:
    names: dict[str, Any] = {name: recipe() for name, recipe in RECIPES.items()}
    assert names["paper"].optimiser.name == "adam"
    assert (names["paper"].batch_size, names["paper"].epochs, names["paper"].ema_decay) == (16, 300, 0.0)
    assert (names["full"].precision, names["full"].compile, names["full"].batch_size) == ("bf16-mixed", True, 64)
