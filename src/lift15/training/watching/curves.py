"""Learning curves of one run, or of several over each other."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from lift15.training.atomic import write_whole
from lift15.training.watching.alpha_map import PREFIX, rank_of
from lift15.training.watching.metrics_file import NAME, Metrics, read_metrics
from vfiblocks.errors import MissingDependency, TrainingError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 3
SMOOTHED = 30
"""Curves of more points than that are drawn thin, with a smoothed one over them."""

_LAST = (
    "gradient/norm",
    "speed/samples_per_second",
    "speed/waiting",
    "memory/process_mb",
    "memory/gpu_mb",
)
"""What is drawn after losses, validation, rates and weights."""


_FLAT = ("validation/pictures", "validation/psnr_of_mean")
"""What does not change while a model learns; ``validation/gain`` tells how it compares."""


def draw_curves(
    runs: str | Path | Sequence[str | Path], *, output: str | Path | None = None
) -> Path:
    r"""Draw what runs recorded: one panel per quantity, one colour per run.

    Losses (the total, and each term before weighing), whatever was validated, learning rates,
    gradient norms, the weight of each frame at the end, throughput and memory.

    Args:
        runs: run folders, or files like their ``metrics.csv``; a run may still be going on.
        output: a .png; ``curves.png`` in the first run's folder if not given. It is replaced.

    Returns:
        The picture.

    Raises:
        TrainingError: a folder has no metrics yet, a run is given twice, or the picture cannot be
            written.
        MissingDependency: Matplotlib is not installed.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> _ = (folder / "metrics.csv").write_text(
        ...     "step,name,value\n1,loss/total,0.5\n50,loss/total,0.25\n")
        >>> draw_curves(folder).name
        'curves.png'
    """
    paths = [Path(run) for run in ([runs] if isinstance(runs, str | Path) else runs)]
    if not paths:
        raise TrainingError("draw_curves wants at least one run folder, got none")
    recorded = dict(zip(_labels(paths), map(read_metrics, paths), strict=True))
    panels = _panels(recorded)
    if not panels:
        raise TrainingError(f"{paths[0]}: nothing is recorded yet")
    picture = _draw(recorded, panels)
    beside = paths[0] if paths[0].is_dir() else paths[0].parent
    target = Path(output) if output is not None else beside / "curves.png"
    return write_whole(target, lambda file: _put(file, picture))


def smooth(values: Sequence[float], *, span: int) -> list[float]:
    """Exponential average that forgets over about ``span`` values and has no bias at the start.

    Values that are no finite number are passed over.

    >>> smooth([1.0, 1.0, 4.0], span=2)
    [1.0, 1.0, 2.7142857142857144]
    """
    keep = 1.0 - 1.0 / max(span, 1)
    average = weight = 0.0
    found = []
    for value in values:
        if math.isfinite(value):
            average = keep * average + (1.0 - keep) * value
            weight = keep * weight + (1.0 - keep)
        found.append(average / weight if weight else math.nan)
    return found


def _labels(paths: Sequence[Path]) -> list[str]:
    """Names of the runs, with as much of the path before them as tells them apart."""
    runs = [path.parent if path.name == NAME else path for path in paths]
    parts = [
        run.with_suffix("").resolve().parts if run.is_file() else run.resolve().parts
        for run in runs
    ]
    if len(set(parts)) < len(parts):
        raise TrainingError("draw_curves was given one run twice")
    depth = 1
    while len({part[-depth:] for part in parts}) < len(parts):
        depth += 1
    return ["/".join(part[-depth:]) for part in parts]


def _panels(recorded: Mapping[str, Metrics]) -> dict[str, list[str]]:
    """Title -> names of what is drawn there, in order."""
    names = list(dict.fromkeys(name for metrics in recorded.values() for name in metrics))
    panels = {name: [name] for name in names if name == "loss/total"}
    panels |= {name: [name] for name in names if name.startswith("raw/")}
    validated = [name for name in names if name.startswith("validation/") and name not in _FLAT]
    panels |= {name: [name] for name in validated}
    for title, prefix in (("learning rate", "rate/"), ("weight of each frame at the end", PREFIX)):
        if found := [name for name in names if name.startswith(prefix)]:
            panels[title] = found
    return panels | {name: [name] for name in _LAST if name in names}


def _draw(recorded: Mapping[str, Metrics], panels: Mapping[str, list[str]]) -> bytes:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.lines import Line2D
    except ImportError as error:
        raise MissingDependency(
            "curves are drawn with Matplotlib, which is not installed: "
            "pip install 'vfiblocks[train]'"
        ) from error
    columns = min(COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(5.0 * columns, 3.2 * rows + 0.3), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (title, names) in zip(grid, panels.items(), strict=False):
        axes.set_title(title, fontsize=10)
        axes.grid(alpha=0.3)
        for number, metrics in enumerate(recorded.values()):
            if title.startswith("weight"):
                _draw_weights(axes, metrics, names, colour=f"C{number % 10}")
            else:
                _draw_lines(axes, metrics, names, colour=f"C{number % 10}")
        _scale(axes, title)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    handles = [
        Line2D([], [], color=f"C{number % 10}", label=run) for number, run in enumerate(recorded)
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=4, frameon=False)
    figure.supxlabel("steps of the optimiser", fontsize=9)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=100)
    return drawn.getvalue()


def _draw_lines(axes: Axes, metrics: Metrics, names: Sequence[str], *, colour: str) -> None:
    """Quantities over steps; several of one run differ by their dashes."""
    dashes = ("-", "--", ":", "-.")
    for number, name in enumerate(name for name in names if name in metrics):
        steps, values = list(metrics[name]), list(metrics[name].values())
        style: dict[str, Any] = {"color": colour, "linestyle": dashes[number % len(dashes)]}
        if len(names) > 1:
            style["label"] = name.partition("/")[2]
        if len(steps) > SMOOTHED:
            axes.plot(steps, values, color=colour, alpha=0.25, linewidth=0.8)
            values = smooth(values, span=len(steps) // SMOOTHED + 1)
        axes.plot(steps, values, marker="." if len(steps) < 8 else "", linewidth=1.4, **style)
    if len(names) > 1:
        axes.legend(fontsize=7)


def _draw_weights(axes: Axes, metrics: Metrics, names: Sequence[str], *, colour: str) -> None:
    """The last recorded weight of each frame, by its place beside the target."""
    last = {rank_of(n): list(metrics[n].values())[-1] for n in names if n in metrics}
    last[0] = math.nan  # the target has no weight: the line is broken there
    ranks = sorted(last)
    axes.plot(ranks, [last[rank] for rank in ranks], marker="o", markersize=3, color=colour)


def _scale(axes: Axes, title: str) -> None:
    """Logarithmic where losses or gradients span more than a power of ten."""
    axes.ticklabel_format(axis="x", style="plain")
    drawn = [float(value) for line in axes.get_lines() for value in np.asarray(line.get_ydata())]
    values = [value for value in drawn if math.isfinite(value)]
    positive = bool(values) and min(values) > 0
    if title.startswith(("loss", "raw", "gradient")) and positive:
        if max(values) > 10 * min(values):
            axes.set_yscale("log")
    elif title.startswith("weight"):
        axes.set_ylim(bottom=0.0)
    elif title == "speed/waiting":
        axes.set_ylim(0.0, 1.0)


def _put(file: IO[bytes], content: bytes) -> None:
    file.write(content)
