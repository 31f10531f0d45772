"""What users may rely on. A name that goes missing here is a breaking change."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
from types import ModuleType

import pytest

import vfiblocks

SURFACE = {
    "vfiblocks": """
        AGGREGATORS BLENDERS ENCODERS FLOWS LOSSES METRICS MODELS REFINERS Context Draft Features
        Interpolation Interpolator Ledger ModelSpec Motion Part Signal Stream Truth Upstream Window
        aggregators
        assemble blenders build_model describe dry_run encoders find_spec flows interpolate
        list_models load load_from_hub load_part losses metrics optimize push_to_hub refiners
        resolve save
    """,
    "vfiblocks.ops": """
        Splat backward_warp backward_warp_shrunk blend centre_locally crop_to local_correlation
        pad_to_multiple resize resize_flow shrink shrink_flow sinusoidal_positions splat_average
        splat_softmax splat_sum visibility_weights
    """,
    "vfiblocks.layers": """
        ConvPReLU DepthwiseSeparableConv Join PatchEmbed PatchUnembed ResidualBlock
        TemporalAttention conv3x3 conv_prelu deconv_prelu initialise_kaiming initialise_small
    """,
    "vfiblocks.encoders": "Contextnet Encoder Pixels Pyramid TimmPyramid TwoStems",
    "vfiblocks.aggregators": "Aggregator Mean Neighbours TargetQuery Transformer",
    "vfiblocks.flows": "Classical ContextCascade CorrelationCascade FlowEstimator IFNet Quadratic",
    "vfiblocks.blenders": "Average Blender MultiField Visibility",
    "vfiblocks.refiners": "FullResolution Refiner Unet WarpedFullResolution WarpedUnet",
    "vfiblocks.losses": """
        L1 LPIPS VGG Census Charbonnier Flow Laplacian Loss Smoothness Visibility Warping
        laplacian_distance laplacian_pyramid
    """,
    "vfiblocks.stream": "Keep KeyedStream Stream hand_back_freed_memory keep_freed_memory",
    "vfiblocks.testing": """
        check_aggregator check_blender check_encoder check_flow check_loss check_metric check_part
        check_refiner
    """,
    "vfiblocks.errors": """
        AssemblyError CheckpointError DataError InputError MissingDependency PluginError SpecError
        TrainingError UnknownComponent VfiError VideoError
    """,
    "lift15": "SPECS build_model list_models",
    "lift15.data": """
        Augmentation Batch Channels Data DataPlan Flips Jitter Layout Loader Turns WaitMeter arrange
        data_lists open_data photo_scene train_loader validation_loader
    """,
    "lift15.training": """
        DEFAULT OBJECTIVES WITHOUT_LPIPS Measured Objective RIFELoss RIFEObjective RIFETeacher Term
        build_objective distillation_loss
    """,
}
PARTS = {
    "encoder": "contextnet head pixels pyramid timm-pyramid two-stems",
    "aggregator": "mean neighbours target-query transformer",
    "flow": "classical context-cascade correlation-cascade ifnet ifnet-v4 quadratic",
    "blender": "average multi-field visibility",
    "refiner": "full-resolution unet warped-full-resolution warped-unet",
    "loss": "census charbonnier flow l1 laplacian lpips smoothness vgg visibility warping",
    "metric": """
        epe epe-hidden epe-visible flicker ie-mean ie-rms lpips-alex lpips-squeeze lpips-vgg psnr
        psnr-div psnr-edges psnr-off-edges psnr-y ssim ssim-3d ssim-uniform
    """,
}
MODELS = """
    classical classical-quadratic ifnet-s1 lift15-ctx3 lift15-ctx7 lift15-layers2 lift15-layers4
    lift15-mean lift15-no-context lift15-no-s1 lift15-pro lift15-pro-2f lift15-pro-tiny lift15-s1
    lift15-s1-gated lift15-s1-warped lift15-tiny lift15-unet lift15-windowed rife rife-2r rife-m
    rife-4.0 rife-4.1 rife-4.2 rife-4.3 rife-4.4 rife-4.5 rife-4.6 rife-4.7 rife-4.8 rife-4.9
    rife-4.10 rife-4.11 rife-4.12 rife-4.12-lite rife-4.13 rife-4.13-lite rife-4.14 rife-4.14-lite
    rife-4.15 rife-4.15-lite rife-4.16-lite rife-4.17 rife-4.17-lite rife-4.18 rife-4.19 rife-4.20
    rife-4.21 rife-4.22 rife-4.22-lite rife-4.23 rife-4.24 rife-4.25 rife-4.25-heavy rife-4.25-lite
    rife-4.26 rife-4.26-heavy
"""
PACKAGES = [
    module.name
    for module in pkgutil.walk_packages(vfiblocks.__path__, "vfiblocks.")
    if module.ispkg and module.name.count(".") == 1
]


def public(module: ModuleType) -> set[str]:
    names = getattr(module, "__all__", None)
    if names is not None:
        return set(names)
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    }


@pytest.mark.parametrize("name", SURFACE)
def test_nothing_has_gone_missing(name: str):
    module = importlib.import_module(name)
    expected = set(SURFACE[name].split())
    assert expected <= public(module)
    assert all(hasattr(module, word) for word in public(module))


@pytest.mark.parametrize("stage", PARTS)
def test_no_part_has_gone_missing(stage: str):
    names = vfiblocks.registry.PART_REGISTRIES[stage].names()
    assert set(PARTS[stage].split()) <= set(names)


def test_no_model_has_gone_missing():
    assert set(MODELS.split()) <= set(vfiblocks.list_models())


def test_announced_models_are_the_specs_of_lift15():
    from lift15 import SPECS

    ours = [n for n in vfiblocks.MODELS.names() if vfiblocks.MODELS.origin(n).startswith("vfi")]
    assert sorted(SPECS) == sorted(n for n in ours if "laplacian" not in n)
    for name, spec in SPECS.items():
        assert vfiblocks.find_spec(name) is spec
        assert spec.description


@pytest.mark.parametrize("name", ["vfiblocks", *PACKAGES])
def test_all_is_explicit_and_sorted(name: str):
    module = importlib.import_module(name)
    names = module.__all__
    assert len(names) == len(set(names))
    constants = sorted(n for n in names if n.isupper() and len(n) > 1)
    classes = sorted(n for n in names if n not in constants and n[0].isupper())
    functions = sorted(n for n in names if n[0].islower())
    assert list(names) == [*constants, *classes, *functions]  # as ruff's RUF022 sorts


@pytest.mark.parametrize("name", ["vfiblocks", *PACKAGES])
def test_every_public_name_is_documented(name: str):
    module = importlib.import_module(name)
    for word in module.__all__:
        value = getattr(module, word)
        if inspect.isclass(value) or inspect.isfunction(value) or inspect.ismodule(value):
            assert inspect.getdoc(value), f"{name}.{word} has no docstring"


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_warns_of_nothing_and_brings_in_little():
    """Torch's own imports are torch's business; what comes on top is ours."""
    brought = run(
        "import sys, torch; before = set(sys.modules); import vfiblocks;"
        "print(*{m.partition('.')[0] for m in set(sys.modules) - before})"
    ).split()
    elsewhere = set(brought) - set(sys.stdlib_module_names) - {"torch"}
    assert elsewhere <= {"vfiblocks", "einops", "entrypoints", "safetensors", "numpy"}


def test_listing_imports_no_model_package():
    listed = run(
        "import sys, vfiblocks; print(*vfiblocks.list_models());"
        "assert not {'lift15', 'timm', 'cv2', 'av', 'huggingface_hub'} & set(sys.modules)"
    )
    assert "lift15-s1" in listed.split()
