"""``leads``: where which lead is on a page, at which scale, and as which signal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec import UsageError
from vizecg.spec.commands import takes
from vizecg.spec.options import BundleOption, FiguresOption
from vizecg_lab.verbs.options import SaveOption


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is read, and where the figures go."""

    what: Annotated[str, typer.Argument(help="wild, drawn, photos, layouts or measured.")]
    photos_dir: Annotated[
        Path | None, typer.Option("--photos", help="wild, photos: folder of the pictures that the table names.")
    ] = None
    table: Annotated[Path | None, typer.Option(help="photos: photos.csv: image, ecg_id.")] = None
    root: Annotated[Path | None, typer.Option(help="drawn, photos, layouts, measured: PTB-XL folder.")] = None
    hr_root: Annotated[Path | None, typer.Option(help="measured: PTB-XL folder with records of 500 Hz.")] = None
    fold: Annotated[int, typer.Option(min=1, max=10, help="PTB-XL fold; 9 is validation.")] = 9
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="drawn: pages; layouts, measured: records.")] = 400
    log: Annotated[
        Path | None, typer.Option(help="drawn, layouts, measured: file of what is done; run again with it, it goes on.")
    ] = None
    bundle: BundleOption = None
    save: SaveOption = None
    figures: FiguresOption = None

    def needed(self, name: str) -> Path:
        """An option that this one needs.

        Raises:
            UsageError: it was not given.
        """
        value: Path | None = getattr(self, name)
        if value is None:
            spelled = {"photos_dir": "--photos"}.get(name, f"--{name}")
            raise UsageError(f"leads {self.what} needs {spelled}")
        return value


@takes(Options)
def leads(options: Options) -> None:
    """Pages read and held against the truth: other people's printouts, drawn pages, photographs, one record in ten
    layouts, and what is measured on pages."""
    if options.what not in _KINDS:
        raise UsageError(f"unknown kind {options.what!r}: expected one of {', '.join(_KINDS)}")
    _KINDS[options.what](options)


def _wild(options: Options) -> None:
    from vizecg_lab.leads.wild import measure_wild

    measure_wild(
        folder=options.needed("photos_dir"), bundle=options.bundle, save=options.save, out=options.figures
    )  # fmt: skip


def _drawn(options: Options) -> None:
    from vizecg_lab.leads.drawn import measure_drawn

    measure_drawn(
        root=options.needed("root"), fold=options.fold, count=options.count, bundle=options.bundle, log=options.log,
        save=options.save, out=options.figures,
    )  # fmt: skip


def _photos(options: Options) -> None:
    from vizecg_lab.leads.photos import measure_known

    measure_known(
        photos_dir=options.needed("photos_dir"), table=options.needed("table"), root=options.needed("root"),
        bundle=options.bundle, out=options.figures,
    )  # fmt: skip


def _layouts(options: Options) -> None:
    from vizecg_lab.leads.layouts import measure_layouts

    measure_layouts(
        root=options.needed("root"), fold=options.fold, count=options.count, bundle=options.bundle, log=options.log,
        out=options.figures,
    )  # fmt: skip


def _measured(options: Options) -> None:
    from vizecg_lab.leads.measured import measure_measured

    measure_measured(
        root=options.needed("root"), fold=options.fold, count=options.count, hr_root=options.hr_root,
        bundle=options.bundle, log=options.log, out=options.figures,
    )  # fmt: skip


_KINDS: dict[str, Callable[[Options], None]] = {
    "wild": _wild,
    "drawn": _drawn,
    "photos": _photos,
    "layouts": _layouts,
    "measured": _measured,
}
