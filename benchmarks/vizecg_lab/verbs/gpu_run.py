"""``gpu-run``: all that wants a GPU, in the minutes that one is at hand."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vizecg.data.choices import source_place
from vizecg.spec.commands import takes
from vizecg.spec.options import AcceleratorOption, RecipeOption, SeedOption, SetOption
from vizecg_lab.verbs.options import AllWorkersOption

if TYPE_CHECKING:
    from vizecg_lab.gpu.options import GpuRunOptions


@dataclass(frozen=True, kw_only=True)
class Options:
    """For how long, with which data, and what may be kept."""

    minutes: Annotated[float, typer.Option(help="For all steps together, from the start of this command.")]
    budget_mib: Annotated[float, typer.Option(help="What code and records may weigh, as they must be brought along.")]
    max_file_mib: Annotated[float, typer.Option(help="Of each file in OUT; weights are cut into parts.")] = 16.0
    out: Annotated[Path, typer.Option(help="Folder of at most eight files.")] = Path("gpu-run")
    work: Annotated[
        Path | None, typer.Option(help="Caches, logs, checkpoints, state.", show_default="OUT.work, beside OUT")
    ] = None
    data: Annotated[str, typer.Option(help="store, or another source of vizecg train.")] = "store"
    root: Annotated[Path | None, typer.Option(help="The packed store, or the folder of the data.")] = None
    recipe: RecipeOption = "small"
    assignment: SetOption = None
    batch_size: Annotated[int | None, typer.Option(min=1, help="Default: 256, with --small 2.")] = None
    accelerator: AcceleratorOption = "auto"
    workers: AllWorkersOption = None
    seed: SeedOption = 0
    again: Annotated[list[str] | None, typer.Option(help="Do this finished step anew; repeatable.")] = None
    skip: Annotated[list[str] | None, typer.Option(help="Leave this step out; repeatable.")] = None
    small: Annotated[bool, typer.Option("--small", help="Sizes of a rehearsal on two cores.")] = False

    def resolved(self) -> GpuRunOptions:
        """With whole paths, for the processes of the steps, and the sizes of the steps."""
        from vizecg_lab.gpu.options import SHORT, SHORT_MINUTES, SMALL, GpuRunOptions, Sizes

        name, root = source_place(self.data, self.root)
        return GpuRunOptions(
            out=self.out.resolve(), work=(self.work or self.out.with_name(self.out.name + ".work")).resolve(),
            minutes=self.minutes, budget_mib=self.budget_mib, max_file_mib=self.max_file_mib, data=name,
            root=None if root is None else root.resolve(), recipe=self.recipe,
            assignments=tuple(self.assignment or ()), batch_size=self.batch_size, device=self.accelerator,
            workers=self.workers, seed=self.seed,
            sizes=SMALL if self.small else SHORT if self.minutes < SHORT_MINUTES else Sizes(),
        )  # fmt: skip


@takes(Options)
def gpu_run(options: Options) -> None:
    """Test, measure, train and evaluate on a GPU that is at hand for minutes; run again, it goes on."""
    from vizecg_lab.gpu.plan import steps_without
    from vizecg_lab.gpu.run import GpuRun

    steps = steps_without(options.skip or ())
    sys.exit(GpuRun(options=options.resolved(), again=options.again or (), steps=steps).run())
