"""What a release holds, and that it works where the checkout is not.

The wheel is made from the sdist and installed into two environments: ``plain`` sees what
``pip install vfiblocks`` brings and nothing else, ``full`` everything that is installed here.
"""

import tarfile
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from vfiblocks import MODELS, list_models

pytestmark = pytest.mark.slow
PACKAGES = ("vfiblocks", "lift15")
NAMED_MODELS = Path(__file__).with_name("named_models.py").read_text()


def files_of_tree(source):
    return {
        path.relative_to(source / "src").as_posix()
        for package in PACKAGES
        for path in (source / "src" / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_packages_whole_and_nothing_else(built):
    with zipfile.ZipFile(built.wheel) as archive:
        held = {name for name in archive.namelist() if not name.endswith("/")}
        (points,) = (n for n in held if n.endswith(".dist-info/entry_points.txt"))
        announced = archive.read(points).decode()
    of_packages = {name for name in held if PurePosixPath(name).parts[0] in PACKAGES}
    assert of_packages == files_of_tree(built.source)
    assert all(".dist-info/" in name for name in held - of_packages)
    assert any(name.endswith("licenses/LICENSE") for name in held)
    project = tomllib.loads((built.source / "pyproject.toml").read_text())["project"]
    for name in (*project["entry-points"]["vfiblocks.models"], *project["scripts"]):
        assert f"\n{name} = " in announced


def test_the_sdist_holds_what_a_build_needs_and_no_more(built):
    with tarfile.open(built.sdist) as archive:
        held = {PurePosixPath(m.name).relative_to(built.sdist.name[:-7]) for m in archive}
    source = {p.relative_to("src").as_posix() for p in held if p.parts[0] == "src"}
    assert source == files_of_tree(built.source)
    beside = {p.as_posix() for p in held if p.parts[0] != "src"}
    assert beside == {
        *("CHANGELOG.md", "CITATION.cff", "LICENSE", "PKG-INFO", "README.md", "SECURITY.md"),
        "pyproject.toml",
        ".gitignore",  # hatchling reads it, and takes it along
    }


def test_data_beside_the_code_comes_along(built):
    with zipfile.ZipFile(built.wheel) as archive:
        held = archive.namelist()
    for pattern in (
        "lift15/ablation/plans/*.toml",
        "lift15/new_plugin/files/*/*.txt",
        "*/py.typed",
    ):
        assert any(PurePosixPath(name).match(pattern) for name in held), pattern


def test_no_module_of_an_extra_is_in_sight_of_the_plain_environment(plain, modules_of_extras):
    assert {"av", "lightning", "lpips", "matplotlib", "skimage", "timm"} <= modules_of_extras
    found = plain.python(
        "-c",
        "import sys; from importlib.util import find_spec;"
        "print(*(m for m in sys.argv[1:] if find_spec(m)))",
        *sorted(modules_of_extras),
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == []


def test_every_named_model_is_built_run_stored_and_read_without_extras(plain):
    done = plain.python("-c", NAMED_MODELS)
    assert done.returncode == 0, done.stderr
    distinct = {id(MODELS.get(n)): n for n in reversed(list_models())}.values()
    ours = [n for n in distinct if MODELS.origin(n).startswith("vfiblocks ")]
    assert done.stdout.split() == sorted(ours)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["doctor"],
        ["models"],
        ["describe", "lift15-s1"],
        ["ablate"],
        ["protocols"],
        ["new-plugin", "packed", "--kind", "refiner"],
    ],
    ids=lambda words: words[0],
)
def test_commands_that_need_no_extra_work_without(plain, arguments):
    done = plain.vfi(*arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "install"),
    [
        pytest.param(
            ["interpolate", "clip.mp4", "-o", "out.mp4"], "vfiblocks[video]", id="interpolate"
        ),
        pytest.param(["demo", "shown"], "vfiblocks[video]", id="demo"),
        pytest.param(
            ["train", "lift15-tiny", "--data", "generated:"], "vfiblocks[train]", id="train"
        ),
        pytest.param(["serve"], "vfiblocks[serve]", id="serve"),
    ],
)
def test_commands_that_need_an_extra_name_it_in_one_line(plain, arguments, install):
    (plain.folder / "clip.mp4").touch()
    done = plain.vfi(*arguments)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("vfi: ")
    assert done.stderr.count("\n") == 1
    assert install in done.stderr


def test_describe_counts_as_the_checkout_does(full):
    from vfiblocks import describe, find_spec

    done = full.vfi("describe", "lift15-s1")
    assert done.returncode == 0, done.stderr
    assert f"\t{describe(find_spec('lift15-s1')).parameters:,}\t" in done.stdout


def test_doctor_is_content_and_finds_the_installed_package(full):
    done = full.vfi("doctor")
    assert done.returncode == 0, done.stdout
    assert "lift15-s1" in done.stdout
    assert "broken" not in done.stdout


@pytest.mark.parametrize("model", ["classical", "lift15-tiny"])
def test_a_video_gets_twice_its_frames(full, model):
    av = pytest.importorskip("av")
    clip, out = full.folder / "clip.mp4", full.folder / f"{model}.mp4"
    write_clip(clip, frames=6)
    chosen = [] if model == "classical" else ["--model", model, "--allow-untrained"]
    done = full.vfi("interpolate", clip, "-o", out, *chosen)
    assert done.returncode == 0, done.stderr
    assert "6 frames in, 11 out" in done.stderr
    with av.open(str(out)) as video:
        assert sum(1 for _ in video.decode(video=0)) == 11


def write_clip(path, frames):
    """A soft bar that walks to the right."""
    import av

    across = np.arange(64)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=12)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(frames):
            bar = 255 * np.exp(-(((across - 12 - 4 * index) / 6) ** 2))
            rgb = np.broadcast_to(bar[None, :, None], (48, 64, 3)).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode())
