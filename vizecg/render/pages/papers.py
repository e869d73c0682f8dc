"""Papers and screens: colours of sheet, grid and ink, as they are met with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vizecg.render.pages.lots import one
from vizecg.render.style import Colour, MajorGrid, MinorGrid, PrintStyle

_BLACK: tuple[Colour, ...] = ((15, 15, 15), (35, 35, 40), (60, 60, 65))


@dataclass(frozen=True, kw_only=True)
class PaperLook:
    """What a paper may look like. Grids are colours of the 1 mm and 5 mm lines on white; lines are in mm."""

    papers: tuple[Colour, ...] = ((255, 255, 255), (252, 252, 250))
    grids: tuple[tuple[Colour, Colour], ...]
    minor: tuple[MinorGrid, ...] = (MinorGrid.LINES,)
    major: tuple[MajorGrid, ...] = (MajorGrid.LINES,)
    minor_mm: tuple[float, float] = (0.1, 0.25)
    major_mm: tuple[float, float] = (0.15, 0.4)
    inks: tuple[Colour, ...] = _BLACK


PAPERS: dict[str, PaperLook] = {
    "red": PaperLook(grids=(((255, 205, 205), (240, 130, 130)), ((250, 190, 190), (225, 90, 95)))),
    "pink": PaperLook(
        papers=((255, 246, 247), (252, 238, 242), (255, 255, 255)),
        grids=(((250, 222, 228), (238, 178, 190)), ((244, 205, 222), (214, 130, 175))),
    ),
    "orange": PaperLook(
        papers=((255, 250, 240), (250, 235, 215)),
        grids=(((250, 220, 195), (235, 165, 120)), ((245, 215, 180), (225, 160, 90))),
    ),
    "green": PaperLook(
        papers=((240, 250, 240), (215, 235, 215)), grids=(((205, 230, 208), (130, 190, 140)),)
    ),
    "blue": PaperLook(grids=(((215, 225, 246), (150, 175, 225)),)),
    "grey": PaperLook(
        grids=(((226, 226, 226), (165, 165, 165)), ((205, 205, 205), (110, 110, 110))),
        minor=(MinorGrid.LINES, MinorGrid.NONE),
    ),
    "dotted": PaperLook(
        grids=(((110, 110, 110), (110, 110, 110)), ((150, 150, 150), (120, 120, 120)), ((170, 120, 110), (150, 90, 80)),
               ((220, 150, 150), (220, 140, 140)), ((190, 170, 195), (180, 160, 190))),
        minor=(MinorGrid.DOTS, MinorGrid.DOTS, MinorGrid.DOTS, MinorGrid.NONE),
        major=(MajorGrid.DENSE_DOTS, MajorGrid.DENSE_DOTS, MajorGrid.DOTS, MajorGrid.LINES),
        minor_mm=(0.12, 0.35),
        major_mm=(0.12, 0.4),
    ),
    "thermal": PaperLook(
        papers=((228, 226, 222), (215, 213, 214), (238, 234, 228)),
        grids=(((225, 200, 200), (205, 150, 150)), ((205, 205, 205), (160, 160, 165)),
               ((235, 215, 205), (220, 180, 165))),
        minor=(MinorGrid.LINES, MinorGrid.DOTS, MinorGrid.NONE),
        inks=((70, 70, 80), (90, 88, 92), (50, 50, 60)),
    ),
    "faint": PaperLook(
        grids=(((250, 235, 235), (244, 215, 215)), ((242, 242, 242), (225, 225, 225))),
        inks=((20, 20, 20), (90, 90, 90), (120, 120, 120)),
    ),
    "own_grey": PaperLook(
        grids=(((165, 165, 165), (90, 90, 90)), ((140, 140, 140), (70, 70, 70))),
        minor=(MinorGrid.LINES, MinorGrid.DOTS, MinorGrid.NONE),
        minor_mm=(0.08, 0.15),
        major_mm=(0.12, 0.25),
        inks=((60, 60, 60), (80, 80, 80)),
    ),
    "blank": PaperLook(
        papers=((255, 255, 255), (245, 245, 240)), grids=(((255, 255, 255), (255, 255, 255)),), minor=(MinorGrid.NONE,),
        major=(MajorGrid.NONE,),
    ),
    "screen": PaperLook(
        papers=((255, 255, 255), (250, 248, 248)),
        grids=(((255, 228, 228), (250, 185, 185)), ((235, 235, 235), (205, 205, 205)),
               ((240, 240, 240), (225, 225, 225))),
        minor=(MinorGrid.LINES, MinorGrid.NONE),
        inks=((0, 0, 0), (30, 30, 30), (0, 0, 120), (90, 90, 90)),
    ),
    "plot": PaperLook(
        grids=(((255, 179, 179), (255, 100, 100)), ((255, 215, 215), (255, 150, 150))), inks=((0, 0, 178), (0, 0, 0))
    ),
}  # fmt: skip
"""By name; ``own_grey`` has the traces' own grey, ``blank`` no grid."""


def printed_paper(name: str, rng: np.random.Generator) -> PrintStyle:
    """A style of nothing but a paper, its grid and its ink."""
    look = PAPERS[name]
    paper = np.clip(np.array(one(rng, look.papers)) + rng.integers(-6, 7, 3), 0, 255)
    return PrintStyle(
        paper=(int(paper[0]), int(paper[1]), int(paper[2])),
        grid=one(rng, look.grids),
        minor_grid=one(rng, look.minor),
        major_grid=one(rng, look.major),
        minor_mm=float(np.round(rng.uniform(*look.minor_mm), 2)),
        major_mm=float(np.round(rng.uniform(*look.major_mm), 2)),
        ink=one(rng, look.inks),
    )
