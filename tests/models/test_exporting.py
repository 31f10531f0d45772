"""ONNX files: what cannot be exported is refused at once, and what is written agrees with torch."""

import sys

import pytest
import torch
from typer.testing import CliRunner

from lift15.cli import app
from vfiblocks import Window, build_model, exporting, find_spec
from vfiblocks.errors import AssemblyError, CheckpointError, InputError, MissingDependency
from vfiblocks.exporting import export_onnx

SIZE = (64, 96)


def tiny():
    """Four frames are enough to show it."""
    return build_model(find_spec("lift15-tiny").override(window=Window.even(2, 2))).eval()


@pytest.mark.parametrize(
    ("name", "options", "error", "said"),
    [
        ("out.pt", {"size": SIZE}, InputError, "is called .onnx"),
        ("there.onnx", {"size": SIZE}, InputError, "exists already"),
        ("out.onnx", {"size": (0, 64)}, InputError, "both positive"),
        ("out.onnx", {"size": (96, 100), "dynamic": True}, InputError, "multiples of 32"),
        ("out.onnx", {"size": (64, 96), "dynamic": True}, InputError, "at least 96"),
    ],
)
def test_what_does_not_fit_is_refused_before_any_work(tmp_path, name, options, error, said):
    (tmp_path / "there.onnx").touch()
    with pytest.raises(error, match=said):
        export_onnx(tiny(), tmp_path / name, **options)
    assert [p.name for p in tmp_path.iterdir()] == ["there.onnx"]


def test_a_model_in_training_is_refused(tmp_path):
    with pytest.raises(InputError, match="call eval"):
        export_onnx(tiny().train(), tmp_path / "out.onnx", size=SIZE)


@pytest.mark.parametrize("name", ["classical", "rife-4.0"])
def test_a_flow_that_is_no_single_graph_is_refused_in_one_line(tmp_path, name):
    model = build_model(name).eval()
    said = f"^flow '{model.spec.flow.name}' computes outside of torch, or decides by"
    with pytest.raises(AssemblyError, match=said) as refused:
        export_onnx(model, tmp_path / "out.onnx", size=SIZE)
    assert "\n" not in str(refused.value)


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingDependency, match=r"onnxruntime.*pip install vfiblocks\[onnx\]"):
        export_onnx(tiny(), tmp_path / "out.onnx", size=SIZE)


@pytest.mark.parametrize("arguments", [["--size", "big"], ["--size", "64x96", "-o", "out.bin"]])
def test_the_command_says_what_it_wants(arguments):
    done = CliRunner().invoke(
        app, ["export", "lift15-tiny", "-o", "out.onnx", "--allow-untrained", *arguments]
    )
    assert isinstance(done.exception, InputError)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rife", "rife-4.25", "lift15-tiny"])
def test_onnx_runtime_makes_the_pictures_of_torch(tmp_path, name):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    model = tiny() if name == "lift15-tiny" else build_model(name).eval()
    path = tmp_path / "model.onnx"
    found = export_onnx(model, path, size=(70, 100))
    assert found.multiple is None
    assert found.difference < 1e-4
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]  # weights are inside
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    frames = torch.rand(1, len(model.window), 3, 70, 100)
    (made,) = session.run(["image"], {"frames": frames.numpy()})
    with torch.no_grad():
        torch.testing.assert_close(
            torch.from_numpy(made), model(frames).image, rtol=1e-4, atol=1e-4
        )


@pytest.mark.slow
def test_one_file_serves_sizes_in_multiples(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    model = tiny()
    found = export_onnx(model, tmp_path / "model.onnx", size=(96, 128), dynamic=True)
    assert found.multiple == 32
    session = runtime.InferenceSession(str(found.path), providers=["CPUExecutionProvider"])
    frames = torch.rand(1, 4, 3, 160, 64)
    (made,) = session.run(["image"], {"frames": frames.numpy()})
    with torch.no_grad():
        torch.testing.assert_close(
            torch.from_numpy(made), model(frames).image, rtol=1e-4, atol=1e-4
        )


@pytest.mark.slow
def test_a_file_that_makes_other_pictures_gets_no_name(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    monkeypatch.setattr(exporting, "_difference", lambda *_: float("nan"))
    with pytest.raises(CheckpointError, match="was not written"):
        export_onnx(tiny(), tmp_path / "model.onnx", size=SIZE)
    assert list(tmp_path.iterdir()) == []
