"""Where photographed and wrongly rectified pages look, and the light on them, for many drafts at once: the twins of
``vizecg.render``'s ``relief``, ``mapping``, ``light`` and ``register``.

Convention: lattices are (N, rows, columns) or (N, 2, rows, columns), of several sizes in the top left corners of one
tensor; points are (column, row) in axis 1. What lies beyond a lattice's own size is of no meaning.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vizecg.data.batch.pixels import levels
from vizecg.data.batch.scenes import Misplacements, Scenes
from vizecg.render import light, relief
from vizecg.render.mapping import STEPS
from vizecg.render.photo_plan import CELL, LIGHT_UNIT, lattice_shape


def surfaces(scenes: Scenes) -> tuple[Tensor, Tensor]:
    """Heights in millimetres and darkness of creases: float32 (N, rows, columns); see ``relief.build_relief``."""
    rows, columns = scenes.weights_down.shape[1], scenes.weights_across.shape[1]
    x = torch.arange(columns, device=scenes.shape.device, dtype=torch.float32)[None, None] * relief.PITCH_MM
    y = torch.arange(rows, device=scenes.shape.device, dtype=torch.float32)[None, :, None] * relief.PITCH_MM
    cos, sin, turns, phase, height = _columns(scenes.curl)
    heights = height * torch.sin((cos * x + sin * y) * turns + phase)
    creases = torch.zeros_like(heights)
    for fold in scenes.folds.unbind(1):
        cos, sin, at_x, at_y, slope, dark = _columns(fold)
        distance = cos * (x - at_x) + sin * (y - at_y)
        heights += slope * distance.abs()
        creases += dark * torch.exp(-((distance / relief.CREASE_MM) ** 2))
    bent = enlarged_knots(scenes.knots, scenes.weights_down, scenes.weights_across)
    bent_x, bent_y = x + bent[:, 0], y + bent[:, 1]
    for line in scenes.lines.unbind(1):
        cos, sin, at, weight = _columns(line)
        heights += weight * (cos * bent_x + sin * bent_y - at).abs()
    own = (
        (y < relief.PITCH_MM * scenes.shape[:, :1, None]) & (x < relief.PITCH_MM * scenes.shape[:, 1:, None])
    ).float()
    heights -= ((heights * own).sum((1, 2)) / own.sum((1, 2)))[:, None, None]
    down = (heights.diff(dim=1).abs() * own[:, 1:]).amax((1, 2))
    across = (heights.diff(dim=2).abs() * own[:, :, 1:]).amax((1, 2))
    steepest = (down + across) / relief.PITCH_MM
    heights *= (relief.STEEPEST / steepest.clamp(min=1e-6)).clamp(max=1)[:, None, None]
    return heights, creases.clamp(max=relief.DARKEST)


def displacements(scenes: Scenes, heights: Tensor) -> Tensor:
    """What the camera makes of heights: float32 (N, 2, rows, columns) sheet pixels."""
    x, y = (
        torch.arange(heights.shape[axis], device=heights.device, dtype=torch.float32) * relief.PITCH_MM
        for axis in (2, 1)
    )
    middle = (scenes.shape - 1) * (relief.PITCH_MM / 2)
    distance, tilt_x, tilt_y = scenes.view.unbind(1)
    across = (x - middle[:, 1:]) / distance[:, None] + tilt_x[:, None]
    down = (y - middle[:, :1]) / distance[:, None] + tilt_y[:, None]
    return torch.stack([heights * across[:, None], heights * down[:, :, None]], 1) * scenes.px_per_mm


def seen_of_sheet(scenes: Scenes, field: Tensor, size: tuple[int, int]) -> Tensor:
    """The sheet pixel that every node of the pictures' lattices sees: float32 (N, 2, rows, columns).

    Args:
        scenes: N photographs.
        field: of ``displacements``.
        size: largest (height, width) of the pictures.
    """
    points = lattice_points(size, device=field.device)[None].expand(len(field), -1, -1, -1)
    ideal = scenes.centre + (points - scenes.centre) * _stretch(points, scenes)
    bent = perspective(ideal, scenes.to_sheet).float()
    start = at = (bent - scenes.origin) / scenes.pitch
    scaled = field * (1 / scenes.pitch)
    for _ in range(STEPS):
        at = start - sampled(scaled, at, scenes.shape, border=None)
    return at * scenes.pitch + scenes.origin


def seen_of_picture(scenes: Scenes, field: Tensor, points: Tensor) -> Tensor:
    """Sheet pixels float64 (N, 2, rows, columns) -> pictures' pixels float32, the inverse."""
    nodes = (points.float() - scenes.origin) / scenes.pitch
    ideal = perspective(points + sampled(field, nodes, scenes.shape, border=None), scenes.to_photo)
    real = ideal
    for _ in range(STEPS):
        real = scenes.centre + (ideal - scenes.centre) / _stretch(real, scenes)
    return real.float()


def light_lattice(scenes: Scenes, heights: Tensor, creases: Tensor, seen: Tensor) -> Tensor:
    """Light at every node of the pictures' lattices: uint8 (N, 3, rows, columns) in units of ``LIGHT_UNIT``.

    Args:
        scenes: N photographs.
        heights, creases: of ``surfaces``.
        seen: of ``seen_of_sheet``.
    """
    rows, columns = seen.shape[2:]
    own_rows, own_columns = (-(-scenes.sizes[:, axis] // CELL) + 2 for axis in (0, 1))
    y = torch.arange(rows, device=seen.device)[None, :, None] / (own_rows - 1)[:, None, None] - 0.5
    x = torch.arange(columns, device=seen.device)[None, None] / (own_columns - 1)[:, None, None] - 0.5
    cos, sin, slope, falloff, *_ = _columns(scenes.light)
    field = (1 + slope * (cos * x + sin * y)) * (1 - falloff * (x * x + y * y))
    for shadow in scenes.shadows.unbind(1):
        at_x, at_y, cos, sin, softness, radius, squeeze, depth = _columns(shadow)
        straight = cos * (x - at_x) + sin * (y - at_y)
        round_ = radius - torch.hypot((x - at_x) * squeeze, (y - at_y).expand_as(x * y))
        distance = torch.where(radius < 0, straight, round_)
        field = field * (1 - depth * torch.sigmoid((distance / softness).clamp(-30, 30)))
    field = field.clamp(min=light.DARKEST)
    # ``np.gradient``: one-sided at the page's own edges.
    shade = sampled(
        _shading(scenes, heights, creases)[:, None], (seen - scenes.origin) / scenes.pitch, scenes.shape, border=1.0
    )
    lit = field[:, None] * scenes.light[:, 4:, None, None] * shade
    return levels(lit.mul_(LIGHT_UNIT)).to(torch.uint8)


def _shading(scenes: Scenes, heights: Tensor, creases: Tensor) -> Tensor:
    slopes = []
    for axis in (1, 2):
        length = heights.shape[axis]
        index = torch.arange(length, device=heights.device)[None]
        last = scenes.shape[:, axis - 1, None] - 1
        before, after = (index - 1).clamp(min=0), torch.minimum(index + 1, last)
        shape = (len(heights), -1, 1) if axis == 1 else (len(heights), 1, -1)
        step = (after - before).clamp(min=1).view(shape) * relief.PITCH_MM
        ends = [
            heights.gather(axis, place.expand(len(heights), -1).clamp(max=length - 1).view(shape).expand_as(heights))
            for place in (after, before)
        ]
        slopes.append((ends[0] - ends[1]) / step)
    cos, sin, slant = _columns(scenes.side)
    factors = 1 + slant * (cos * slopes[1] + sin * slopes[0])
    return factors.clamp(0.4, 1.5) * (1 - creases)


def misplaced_points(errors: Misplacements, size: tuple[int, int]) -> Tensor:
    """The true sheet pixel at each node of erring rectifiers' sheets: float64 (N, 2, rows, columns); see
    ``register.build_misplacement``. ``size`` (height, width) of the sheets."""
    smooth = enlarged_knots(errors.bends, errors.weights_down, errors.weights_across)
    spread = smooth.std((2, 3), correction=0, keepdim=True).clamp(min=1e-6)
    nodes = lattice_points(size, device=smooth.device)[None]
    return perspective(nodes + (smooth / spread).double() * errors.bend_px, errors.homography)


def enlarged_knots(knots: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Smooth fields (N, c, rows, columns) through knots (N, c, 4, 6), by weights of ``scenes.cubic_weights``."""
    return down[:, None] @ knots @ across[:, None].transpose(2, 3)


def lattice_points(size: tuple[int, int], *, device: torch.device) -> Tensor:
    """float64 (2, rows, columns), see ``photo_plan.lattice_points``."""
    rows, columns = lattice_shape(size)
    first = (CELL - 1) / 2 - CELL
    x, y = (torch.arange(n, device=device, dtype=torch.float64) * CELL + first for n in (columns, rows))
    return torch.stack([x[None].expand(rows, -1), y[:, None].expand(-1, columns)])


def perspective(points: Tensor, homography: Tensor) -> Tensor:
    """(N, 2, rows, columns) through float64 (N, 3, 3)."""
    x, y = points.double().unbind(1)
    rows = [h[:, 0, None, None] * x + h[:, 1, None, None] * y + h[:, 2, None, None] for h in homography.unbind(1)]
    return torch.stack([rows[0] / rows[2], rows[1] / rows[2]], 1)


def sampled(field: Tensor, nodes: Tensor, shape: Tensor, *, border: float | None) -> Tensor:
    """``cv2.remap`` with ``INTER_LINEAR``: values of lattices between their nodes.

    Args:
        field: float32 (N, c, R, C).
        nodes: (N, 2, rows, columns) places in it.
        shape: int64 (N, 2), own rows and columns of each field.
        border: value beyond them; None continues the outermost.

    Returns:
        float32 (N, c, rows, columns).
    """
    n, channels, _, width = field.shape
    # OpenCV takes fractions in 32nds of a node.
    at = (nodes * 32).round() / 32
    base = at.floor()
    share_x, share_y = (at - base).float().unbind(1)
    left, top = base.long().unbind(1)
    flat = field.flatten(2)
    last = (shape - 1)[:, :, None, None]
    total: Tensor | None = None
    for down in (0, 1):
        for across in (0, 1):
            x, y = left + across, top + down
            inside_x, inside_y = x.clamp(min=0).minimum(last[:, 1]), y.clamp(min=0).minimum(last[:, 0])
            index = (inside_y * width + inside_x).flatten(1)[:, None].expand(-1, channels, -1)
            value = flat.gather(2, index).view(n, channels, *nodes.shape[2:])
            if border is not None:
                outside = (x != inside_x) | (y != inside_y)
                value = value.masked_fill(outside[:, None], border)
            weight = (share_x if across else 1 - share_x) * (share_y if down else 1 - share_y)
            part = value * weight[:, None]
            total = part if total is None else total + part
    assert total is not None
    return total


def _stretch(points: Tensor, scenes: Scenes) -> Tensor:
    """Of the lens, float64 (N, 1, rows, columns)."""
    squares = (points - scenes.centre).square().sum(1, keepdim=True)
    return 1 + scenes.lens[:, None, None, None] * squares


def _columns(table: Tensor) -> list[Tensor]:
    """The columns of (N, k), each (N, 1, 1)."""
    return [column[:, None, None] for column in table.unbind(1)]
