import pytest
import torch
from torch import Tensor

from lift15.training import RIFETeacher
from vfiblocks import Window, build_model, dry_run, find_spec
from vfiblocks.errors import AssemblyError, InputError
from vfiblocks.ops import pad_to_multiple

FLOW = {"channels": (8, 8, 8)}


def test_it_has_the_tensors_of_the_official_block():
    """45 and 90 channels on 20 inputs: references 6, warped 6, mask 1, truth 3, flow 4."""
    model = dry_run(find_spec("rife"))
    teacher = RIFETeacher(model)
    shapes = {name: tuple(value.shape) for name, value in teacher.block.state_dict().items()}
    assert shapes["down.0.0.weight"] == (45, 20, 3, 3)
    assert shapes["body.7.1.weight"] == (90,)
    assert shapes["up.weight"] == (90, 5, 4, 4)
    assert set(teacher.state_dict()) == {f"block.{name}" for name in shapes}
    both = [*model.parameters(), *teacher.parameters()]
    assert sum(value.numel() for value in both) == 10_708_215  # 10.7 M, of the official network too


@pytest.mark.parametrize(("name", "inputs", "step"), [("rife-m", 21, 2), ("rife-2r", 20, 1)])
def test_it_is_built_like_the_students_blocks(name: str, inputs: int, step: int):
    first = RIFETeacher(dry_run(find_spec(name))).block.down[0][0]
    assert first.in_channels == inputs
    assert first.stride == (step, step)


@pytest.mark.parametrize("name", ["rife", "rife-m", "rife-2r", "ifnet-s1"])
def test_it_answers_like_the_model_it_was_built_for(name: str):
    """The parts around the flow do not matter."""
    model = build_model(name, flow=FLOW).train()
    time = 0.5 if not model.flow.any_time else 0.25
    window = Window.even(1, 1, time)
    result = model(torch.rand(1, 2, 3, 40, 50), window)
    taught = RIFETeacher(model, channels=8)(result, torch.rand(1, 3, 40, 50), time=time)
    assert taught.image.shape == result.image.shape
    assert taught.motion.flow.shape == result.motion.flow.shape
    assert taught.references is result.references
    torch.testing.assert_close(taught.motion.logits[:, 0], -taught.motion.logits[:, 1])
    assert taught.image.min() >= 0
    assert taught.image.max() <= 1


def test_it_starts_from_the_students_motion():
    model = build_model("rife", flow=FLOW)
    teacher = RIFETeacher(model, channels=8)
    for value in teacher.block.up.parameters():
        torch.nn.init.zeros_(value)  # no correction
    result = model(torch.rand(1, 2, 3, 64, 64))
    taught = teacher(result, torch.rand(1, 3, 64, 64))
    torch.testing.assert_close(taught.motion.flow, result.motion.flow)
    torch.testing.assert_close(taught.image, result.draft.image)


def test_it_sees_the_truth_padded_as_the_model_pads():
    model = build_model("rife", flow=FLOW)
    teacher = RIFETeacher(model, channels=8)
    seen: list[Tensor] = []
    teacher.block.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    target = torch.rand(2, 3, 41, 50)
    teacher(model(torch.rand(2, 2, 3, 41, 50)), target)
    assert seen[0].shape == (2, 16, 64, 64)  # flow comes apart
    assert torch.equal(seen[0][:, -3:], pad_to_multiple(target, 32))


def test_the_student_learns_through_it():
    model = build_model("rife", flow=FLOW)
    taught = RIFETeacher(model, channels=8)(
        model(torch.rand(1, 2, 3, 64, 64)), torch.rand(1, 3, 64, 64)
    )
    taught.image.mean().backward()
    assert all(p.grad is not None and p.grad.any() for p in model.flow.parameters())


@pytest.mark.parametrize("name", ["lift15-tiny", "classical", "rife-4.6"])
def test_another_flow_is_refused(name: str):
    model = build_model(name)
    with pytest.raises(AssemblyError, match=f"flow 'ifnet', but .* '{model.spec.flow.name}'"):
        RIFETeacher(model)


def test_the_result_of_another_model_is_refused():
    teacher = RIFETeacher(build_model("rife", flow=FLOW), channels=8)
    result = build_model("lift15-tiny")(torch.rand(1, 14, 3, 64, 64))
    with pytest.raises(InputError, match=r"motion of \(16, 16\); it was made by another model"):
        teacher(result, torch.rand(1, 3, 64, 64))


@pytest.mark.parametrize("time", [None, 0.0, 1.0, 7.0, float("nan")])
def test_arbitrary_time_has_to_be_told(time: float | None):
    model = build_model("rife-m", flow=FLOW)
    result = model(torch.rand(1, 2, 3, 64, 64))
    with pytest.raises(InputError, match=rf"has to be told the time .* got {time}; time=window"):
        RIFETeacher(model, channels=8)(result, torch.rand(1, 3, 64, 64), time=time)


def test_a_model_of_midpoints_has_no_other_time():
    model = build_model("rife", flow=FLOW)
    result = model(torch.rand(1, 2, 3, 64, 64))
    with pytest.raises(InputError, match=r"knows the midpoint only, but time 0\.3 was given"):
        RIFETeacher(model, channels=8)(result, torch.rand(1, 3, 64, 64), time=0.3)
