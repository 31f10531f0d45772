"""What is installed, what is missing and what is broken, as data.

Everything a bug report should hold. Plugins are loaded here, all of them: whether one is broken
cannot be known otherwise.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import torch

from vfiblocks import plugins
from vfiblocks.build import find_spec
from vfiblocks.errors import VfiError
from vfiblocks.registry import MODELS, PART_REGISTRIES, Registry

OPTIONAL = {
    "av": "vfiblocks[video]",
    "cv2": "opencv-python-headless",
    "huggingface_hub": "huggingface-hub",
    "skimage": "vfiblocks[video]",
    "timm": "vfiblocks[timm]",
}
"""Module -> what to install for it."""

# These load libraries of the system, so that only importing them tells whether they work. The
# others fail rarely and are slow to import: timm takes seconds.
NATIVE = ("av", "cv2")


@dataclass(frozen=True)
class Package:
    """An optional package.

    Attributes:
        module: the name it is imported by.
        version: of every distribution that brings the module, as "name version"; None if missing.
        problem: why it is there but cannot be used, or two distributions overwrite each other.
        install: what to give to ``pip install``.
    """

    module: str
    version: str | None
    problem: str | None
    install: str


@dataclass(frozen=True)
class Diagnosis:
    """The state of an installation.

    Attributes:
        python: version and platform.
        vfiblocks: version.
        torch: version, and what accelerator it was built for.
        devices: accelerators in sight, such as "cuda:0 NVIDIA H200, 139 GiB".
        device_note: why there may be none although torch was built for one.
        threads: used by torch.
        cores: of the machine.
        packages: optional ones, found or not.
        ffmpeg: library -> version, as av brings them; empty without av.
        plugins: distribution -> entry-point group -> names it announces.
        broken: one line per plugin that cannot be used, in whole or in part.
        unreadable: one line per metadata file of another package that cannot be read; harmless.
    """

    python: str
    vfiblocks: str
    torch: str
    devices: tuple[str, ...]
    device_note: str | None
    threads: int
    cores: int
    packages: tuple[Package, ...]
    ffmpeg: Mapping[str, str]
    plugins: Mapping[str, Mapping[str, tuple[str, ...]]]
    broken: tuple[str, ...]
    unreadable: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        """Nothing that is installed is broken; a package that is missing is no illness."""
        return not self.broken and not any(package.problem for package in self.packages)

    def lines(self) -> list[tuple[str, str]]:
        """What was looked at and what was found, for a table."""
        rows = [
            ("python", self.python),
            ("vfiblocks", self.vfiblocks),
            ("torch", self.torch),
            ("threads", f"{self.threads} on {self.cores} cores"),
        ]
        rows += [("device", device) for device in self.devices or ("cpu only",)]
        if self.device_note:
            rows.append(("device", self.device_note))
        for package in self.packages:
            rows.append((package.module, _found(package)))
        if self.ffmpeg:
            rows.append(("ffmpeg", ", ".join(f"{k} {v}" for k, v in self.ffmpeg.items())))
        for distribution, announced in self.plugins.items():
            words = (
                f"{group.removeprefix(plugins.PREFIX)}: {', '.join(names)}"
                for group, names in announced.items()
            )
            rows.append(("plugin", f"{distribution}; {'; '.join(words)}"))
        rows += [("broken", line) for line in self.broken]
        rows += [("unreadable", line) for line in self.unreadable]
        return rows


def diagnose(more: Sequence[Registry[Any]] = ()) -> Diagnosis:
    """Look at this installation.

    Args:
        more: registries of other packages, whose entry-point groups are read as well.

    Example:
        >>> diagnosis = diagnose()
        >>> [name for name in diagnosis.plugins if name.startswith("vfiblocks ")]
        ['vfiblocks ...']
    """
    from vfiblocks import __version__  # the package imports its modules before it has a version

    devices, device_note = _devices()
    distributions = metadata.packages_distributions()
    return Diagnosis(
        python=f"{platform.python_version()} on {platform.platform(terse=True)}",
        vfiblocks=__version__,
        torch=f"{torch.__version__}{_accelerator()}",
        devices=devices,
        device_note=device_note,
        threads=torch.get_num_threads(),
        cores=os.cpu_count() or 1,
        packages=tuple(_package(module, distributions) for module in OPTIONAL),
        ffmpeg=_ffmpeg(),
        plugins=_plugins(),
        broken=_broken(more),
        unreadable=plugins.unreadable(),
    )


def _found(package: Package) -> str:
    if package.version is None:
        return f"missing; pip install '{package.install}'"
    return package.version + (f"; problem: {package.problem}" if package.problem else "")


def _accelerator() -> str:
    if torch.version.hip:
        return f", built for ROCm {torch.version.hip}"
    return f", built for CUDA {torch.version.cuda}" if torch.version.cuda else ""


def _devices() -> tuple[tuple[str, ...], str | None]:
    with warnings.catch_warnings(record=True) as caught:  # an old driver is told as a warning
        warnings.simplefilter("always")
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    found = []
    for index in range(count):
        about = torch.cuda.get_device_properties(index)
        found.append(f"cuda:{index} {about.name}, {about.total_memory / 2**30:.0f} GiB")
    if torch.backends.mps.is_available():
        found.append("mps")
    note = " ".join(str(caught[0].message).split()) if caught and not count else None
    if note is None and _accelerator() and not found:
        note = f"torch is {_accelerator().removeprefix(', ')} but sees no such device"
    return tuple(found), note


def _package(module: str, distributions: Mapping[str, list[str]]) -> Package:
    install = OPTIONAL[module]
    if importlib.util.find_spec(module) is None:
        return Package(module, None, None, install)
    names = sorted(set(distributions.get(module, ())))
    version = " and ".join(f"{name} {metadata.version(name)}" for name in names) or "found"
    problem = None
    if len(names) > 1:
        problem = f"{len(names)} distributions bring the same module; keep one"
    if module in NATIVE:
        problem = _import_problem(module) or problem
    return Package(module, version, problem, install)


def _import_problem(module: str) -> str | None:
    try:
        importlib.import_module(module)
    except (ImportError, OSError, RuntimeError, AttributeError) as error:  # so binaries fail
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    return None


def _ffmpeg() -> dict[str, str]:
    if importlib.util.find_spec("av") is None or _import_problem("av"):
        return {}
    import av

    return {
        library: ".".join(map(str, version))
        for library, version in sorted(av.library_versions.items())
    }


def _plugins() -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for group in plugins.groups():
        for name, announced in sorted(plugins.announcements(group).items()):
            for one in announced:
                names = found.setdefault(one.origin, {})
                names[group] = (*names.get(group, ()), name)
    return dict(sorted(found.items()))


def _broken(more: Sequence[Registry[Any]]) -> tuple[str, ...]:
    """Load everything that is announced, and collect what goes wrong."""
    readers = {registry.group: registry for registry in (*PART_REGISTRIES.values(), *more)}
    problems = []
    for group in plugins.groups():
        for name, announced in sorted(plugins.announcements(group).items()):
            try:
                if group in readers:
                    readers[group].get(name)
                elif group == MODELS.group:
                    find_spec(name)
                else:
                    known = ", ".join((*readers, MODELS.group))
                    who = " and ".join(one.origin for one in announced)
                    problems.append(
                        f"{who}: '{name}' is announced in '{group}', which nobody reads; the "
                        f"groups are {known}"
                    )
            except VfiError as error:
                problems.append(str(error))
    told = plugins.broken()  # what failed to load stands there already, in fewer words
    return (*told, *(line for line in problems if not any(t in line for t in told)))
