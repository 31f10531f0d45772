"""How much each frame counts, by its place beside the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lift15.ablation.measured import Alphas
from lift15.ablation.report.drawing.axis import Axis
from lift15.ablation.report.drawing.svg import Drawing, series

WIDTH, HEIGHT, LEFT, BOTTOM = 960.0, 300.0, 52.0, 44.0


def alphas(name: str, title: str, about: str, found: Mapping[str, Sequence[Alphas]]) -> str:
    """Draw the weights: a line per variant, a small dot per run.

    Args:
        name: unique on the page.
        title: for screen readers.
        about: the same.
        found: title of a variant -> weights of each of its runs.

    Returns:
        SVG.
    """
    drawing = Drawing(WIDTH, HEIGHT, name, title, about)
    top = drawing.legend(
        LEFT, 12, [(label, number) for number, label in enumerate(found)], right=WIDTH
    )
    floor = HEIGHT - BOTTOM
    every = [each for runs in found.values() for each in runs]
    ranks = sorted({rank for each in every for rank in each.ranks} | {0})
    most = max(value for each in every for value in each.means)
    level = Axis(0.0, most * 1.08 or 1.0, floor, top)
    along = Axis(ranks[0] - 0.5, ranks[-1] + 0.5, LEFT, WIDTH - 8)
    drawing.grid_y(level, LEFT, WIDTH - 8, count=4)
    drawing.line(along(0), top, along(0), floor, "edge")
    for rank in range(ranks[0], ranks[-1] + 1):
        label = "target" if rank == 0 else f"{rank:+d}".replace("-", "\N{MINUS SIGN}")
        drawing.text(along(rank), floor + 16, label, anchor="middle", style="soft")
    drawing.text(
        (LEFT + WIDTH) / 2, floor + 36, "place of the frame beside the target",
        anchor="middle", style="soft",
    )  # fmt: skip
    for number, runs in enumerate(found.values()):
        means = mean_weights(runs)
        for places in (sorted(r for r in means if r < 0), sorted(r for r in means if r > 0)):
            points = [(along(rank), level(means[rank])) for rank in places]
            drawing.path(points, f"line {series(number)}")
        for rank, mean in means.items():
            drawing.dot(along(rank), level(mean), f"dot {series(number)}", shape=number)
        if len(runs) > 1:
            for each in runs:
                for rank, value in zip(each.ranks, each.means, strict=True):
                    tip = f"seed {each.seed}: {value:.3f}"
                    x = along(rank) + 8
                    drawing.dot(x, level(value), f"dot {series(number)}", size=1.6, tip=tip)
    return drawing.svg()


def mean_weights(runs: Sequence[Alphas]) -> dict[int, float]:
    """The mean over runs of the weight of each place.

    >>> one = Alphas("a", 0, (-1, 1), (0.5, 0.5), (0.0, 0.0), 9)
    >>> two = Alphas("a", 1, (-1, 1), (0.25, 0.75), (0.0, 0.0), 9)
    >>> mean_weights([one, two])
    {-1: 0.375, 1: 0.625}
    """
    found: dict[int, list[float]] = {}
    for each in runs:
        for rank, value in zip(each.ranks, each.means, strict=True):
            found.setdefault(rank, []).append(value)
    return {rank: sum(values) / len(values) for rank, values in sorted(found.items())}
