"""The truth of a scene: motion and visibility against what the pictures show."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from lift15.data.generated import RECIPES, Generated
from lift15.data.generated.lighting import Fade, light_field
from lift15.data.generated.paths import Path, Steady, draw_path
from lift15.data.generated.placement import Movement
from lift15.data.generated.scene import Grain, Layer, Scene
from lift15.data.generated.textures import prefilter
from vfiblocks.metrics import psnr
from vfiblocks.ops import backward_warp

SIZE = (48, 64)
MIDDLE = 4.0
ACROSS = 1e-3  # pixels: how well motion there and back has to cancel


def straight(dx, dy):
    path = Path(Steady((float(dx), float(dy))), MIDDLE, step=1.0, span=4.0)
    return Movement(path, path, path, path, shift_step=1.0)


def background(dx=0, dy=0, *, seed=0, margin=40):
    noise = np.random.default_rng(seed).integers(0, 256, (*(s + margin for s in SIZE), 3))
    opaque = np.full((*noise.shape[:2], 1), 255)
    picture = np.concatenate((noise, opaque), axis=2).astype(np.uint8)
    middle = ((SIZE[1] - 1) / 2.0, (SIZE[0] - 1) / 2.0)
    return Layer(picture, straight(dx, dy), straight(0, 0), middle, 0.0, 1.0, endless=True)


def plate(dx, dy, *, left, top, height, width, colour):
    """A hard-edged rectangle whose first pixel lies at (left, top) in the middle of the clip."""
    picture = np.zeros((height + 2, width + 2, 4), dtype=np.uint8)
    picture[..., :3] = colour
    picture[1:-1, 1:-1, 3] = 255
    place = (left + (width - 1) / 2.0, top + (height - 1) / 2.0)
    return Layer(picture, straight(dx, dy), straight(0, 0), place, 0.0, 1.0)


@given(dx=st.integers(-6, 6), dy=st.integers(-5, 5))
@settings(max_examples=15)
def test_whole_pixels_are_moved_exactly(dx, dy):
    scene = Scene(SIZE, (background(dx, dy),))
    before, now = scene.render([3.0, 4.0]).astype(int)
    height, width = SIZE
    rows = slice(max(dy, 0), height + min(dy, 0)), slice(max(-dy, 0), height + min(-dy, 0))
    columns = slice(max(dx, 0), width + min(dx, 0)), slice(max(-dx, 0), width + min(-dx, 0))
    assert np.array_equal(now[rows[0], columns[0]], before[rows[1], columns[1]])

    flow, visible = scene.motion(4.0, (3.0, 5.0))
    there = np.array([[-dx, -dy], [dx, dy]])[:, :, None, None]
    assert np.abs(flow - there).max() < 1e-5
    y, x = np.mgrid[:height, :width]
    for side, (fx, fy) in enumerate(there[:, :, 0, 0]):
        inside = (x + fx >= 0) & (x + fx < width) & (y + fy >= 0) & (y + fy < height)
        assert np.array_equal(visible[side, 0], inside)


@given(
    steps=st.lists(st.tuples(st.integers(-7, 7), st.integers(-7, 7)), min_size=3, max_size=3),
    spots=st.lists(
        st.tuples(st.integers(-5, 50), st.integers(-5, 40), st.integers(3, 20), st.integers(3, 20)),
        min_size=2,
        max_size=2,
    ),
)
@settings(max_examples=25)
def test_visibility_agrees_with_brute_force_over_layer_numbers(steps, spots):
    plates = [
        plate(*step, left=left, top=top, height=height, width=width, colour=50 * number)
        for number, (step, (left, top, height, width)) in enumerate(
            zip(steps[1:], spots, strict=True), start=1
        )
    ]
    scene = Scene(SIZE, (background(*steps[0]), *plates))

    def numbers(time):
        """Layer of every pixel, from the corners of the rectangles alone."""
        shown = np.zeros(SIZE, dtype=int)
        for number, (step, (left, top, height, width)) in enumerate(
            zip(steps[1:], spots, strict=True), start=1
        ):
            x, y = left + step[0] * (time - 4), top + step[1] * (time - 4)
            shown[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)] = number
        return shown

    shown = numbers(4)
    assert np.array_equal(scene.owners(4.0), shown)
    flow, visible = scene.motion(4.0, (3.0, 6.0))
    for side, time in enumerate((3, 6)):
        then = numbers(time)
        for y, x in np.ndindex(*SIZE):
            dx, dy = np.array(steps[shown[y, x]]) * (time - 4)
            assert flow[side, :, y, x] == pytest.approx((dx, dy), abs=1e-4)
            inside = 0 <= x + dx < SIZE[1] and 0 <= y + dy < SIZE[0]
            seen = inside and then[y + dy, x + dx] == shown[y, x]
            assert visible[side, 0, y, x] == seen, (side, y, x)


def test_a_pixel_can_be_hidden_in_both_references():
    """Two plates that pass each other: what is seen between them is behind one or the other."""
    passing = [
        plate(8, 0, left=20, top=10, height=20, width=4, colour=90),
        plate(-8, 0, left=20, top=10, height=20, width=4, colour=160),
    ]
    scene = Scene(SIZE, (background(), *passing))
    _, visible = scene.motion(4.0, (3.0, 5.0))
    assert not visible[:, 0, 12:28, 12:16].any()
    assert not visible[:, 0, 12:28, 28:32].any()
    assert visible[:, 0, 12:28, 20:24].any()


@given(seed=st.integers(0, 1000))
@settings(max_examples=25)
def test_motion_there_and_back_cancels_without_occluders(seed):
    rng = np.random.default_rng(seed)
    paths = [draw_path(rng, ("shaking", "curving", "accelerating"), 9) for _ in range(8)]
    moving = Movement(*paths[:4], 3.0, 0.02, 0.02, 0.01)
    camera = Movement(*paths[4:], 2.0, 0.01, 0.01, 0.0)
    layer = replace(background(), movement=moving, camera=camera, heading=0.3, scale=0.7)
    scene = Scene(SIZE, (layer,))
    flow, visible = (torch.from_numpy(part) for part in scene.motion(4.0, (3.0, 5.25)))
    back, _ = (torch.from_numpy(part) for part in scene.motion(3.0, (4.0, 5.25)))
    # The motion field of one plane is smooth, but not linear: bilinear reading is what limits this.
    returned = flow[0] + backward_warp(back[0], flow[0])
    onward = flow[0] + backward_warp(back[1], flow[0]) - flow[1]
    inside = visible[0, 0]
    assert inside.float().mean() > 0.3
    assert returned[:, inside].abs().max() < ACROSS
    assert onward[:, inside].abs().max() < ACROSS


def interior(scene, visible, *, away=4):
    """Pixels seen in each reference and at least so far from any edge of a layer, (2, H, W)."""
    side = 2 * away + 1

    def largest(x):
        return F.max_pool2d(x, side, 1, away)

    numbers = torch.from_numpy(scene.owners(8.0)).float()[None, None]
    flat = (largest(numbers) == -largest(-numbers))[0]
    return (largest(1.0 - visible.float()) == 0.0)[:, 0] & flat


def smoothed(picture):
    """The same layer with little left of its texture's details; its outline stays."""
    return np.concatenate((prefilter(picture[..., :3], 3.0), picture[..., 3:]), axis=2)


@pytest.mark.parametrize("subset", sorted(RECIPES))
def test_warping_by_the_true_motion_gives_the_frame(subset):
    """Above 35 dB everywhere on smooth textures; on all textures what bilinear reading leaves."""
    source = Generated(clips=6, height=96, width=112, subset=subset)
    plain = []
    for clip in range(len(source.clips)):
        scene = replace(source.scene(clip), lights=(), grain=None, shutter=0.0, exposures=1)
        smooth = tuple(replace(x, picture=smoothed(x.picture)) for x in scene.layers)
        for made, scores in ((scene, plain), (replace(scene, layers=smooth), None)):
            frames = torch.from_numpy(made.render([7.0, 8.0, 9.0])).permute(0, 3, 1, 2) / 255.0
            flow, visible = (torch.from_numpy(part) for part in made.motion(8.0, (7.0, 9.0)))
            warped = backward_warp(frames[[0, 2]], flow)
            for picture, mask in zip(warped, interior(made, visible), strict=True):
                if mask.sum() < 200:
                    continue
                score = float(
                    psnr(picture[:, mask][None, :, None], frames[1][:, mask][None, :, None])
                )
                if scores is None:
                    assert score > 35.0, f"clip {clip}"
                else:
                    scores.append(score)
    assert len(plain) >= 8
    assert np.median(plain) > 38.0
    assert min(plain) > 30.0


@pytest.mark.parametrize("subset", ["occlusion", "mixed"])
def test_pixels_called_visible_show_their_layer_and_others_do_not(subset):
    source = Generated(clips=8, height=80, width=96, subset=subset)
    agreed = hidden = wrong = 0
    for clip in range(8):
        scene = source.scene(clip)
        owners = scene.owners(8.0)
        flow, visible = scene.motion(8.0, (7.0, 9.5))
        y, x = np.mgrid[:80, :96]
        for side, time in enumerate((7.0, 9.5)):
            then = scene.owners(time)
            to = np.stack((x, y)) + flow[side]
            inside = (to[0] >= 0) & (to[0] <= 95) & (to[1] >= 0) & (to[1] <= 79)
            columns, rows = (np.rint(to[i]).astype(int).clip(0, (95, 79)[i]) for i in (0, 1))
            # A pixel's centre says nothing of what lies half a pixel off it at an edge.
            low, high = (_around(then, best) for best in (np.minimum, np.maximum))
            sure = inside & (low == high)[rows, columns]
            seen = visible[side, 0] & sure
            covered = ~visible[side, 0] & sure
            wrong += int((then[rows, columns] != owners)[seen].sum())
            wrong += int((then[rows, columns] <= owners)[covered].sum())
            agreed += int(seen.sum())
            hidden += int(covered.sum())
    assert agreed > 10_000
    assert hidden > 300
    assert wrong < 1e-4 * agreed  # a line thinner than a pixel can pass between the centres


def _around(numbers, best):
    """Least or largest number in the 3x3 pixels around each."""
    padded = np.pad(numbers, 1, mode="edge")
    height, width = numbers.shape
    result = numbers
    for dy in range(3):
        for dx in range(3):
            result = best(result, padded[dy : dy + height, dx : dx + width])
    return result


def test_swapping_the_references_swaps_the_truth():
    scene = Generated(clips=1, height=48, width=48, subset="mixed").scene(0)
    flow, visible = scene.motion(8.0, (7.0, 10.0))
    swapped_flow, swapped_visible = scene.motion(8.0, (10.0, 7.0))
    assert np.array_equal(flow, swapped_flow[::-1])
    assert np.array_equal(visible, swapped_visible[::-1])


def test_a_scene_played_backwards_has_its_truth_backwards():
    def scene(sign):
        pieces = (
            background(3 * sign, 1 * sign),
            plate(-2 * sign, 5 * sign, left=20, top=15, height=12, width=9, colour=70),
        )
        return Scene(SIZE, pieces)

    forth, back = scene(1), scene(-1)
    assert np.array_equal(forth.render([2.0, 4.5]), back.render([6.0, 3.5]))
    for one, other in zip(forth.motion(4.0, (3.0, 6.0)), back.motion(4.0, (5.0, 2.0)), strict=True):
        assert np.allclose(one, other, atol=1e-5)


def test_lights_multiply_the_picture_and_leave_the_motion():
    dark = Scene(SIZE, (background(2, 1),), middle=MIDDLE)
    lit = replace(dark, lights=(Fade(np.array([-0.04, -0.03, -0.05])),))
    field = light_field(lit.lights, 3.0, *SIZE)
    expected = dark.render([7.0])[0] * field
    assert np.abs(lit.render([7.0])[0] - expected).max() <= 1.0
    for one, other in zip(dark.motion(4.0, (3.0, 5.0)), lit.motion(4.0, (3.0, 5.0)), strict=True):
        assert np.array_equal(one, other)


def test_a_blurred_frame_is_the_mean_of_its_exposure():
    scene = Scene(SIZE, (background(6, 0),))
    blurred = replace(scene, shutter=0.8, exposures=4).render([4.0])[0]
    moments = scene.render([4.0 + offset for offset in (-0.3, -0.1, 0.1, 0.3)])
    assert np.abs(blurred - moments.astype(float).mean(axis=0)).max() <= 1.0
    still = Scene(SIZE, (background(),))
    assert np.array_equal(
        replace(still, shutter=0.8, exposures=4).render([4.0]), still.render([4.0])
    )


def test_grain_belongs_to_its_time():
    clean = Scene(SIZE, (background(),))
    scene = replace(clean, grain=Grain(4.0, None, (1, 2)))
    first, second, again = scene.render([1.0, 2.0, 1.0])
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second)
    inside = (clean.render([1.0])[0] > 20) & (clean.render([1.0])[0] < 235)
    noise = (first.astype(float) - clean.render([1.0])[0])[inside]
    assert noise.std() == pytest.approx(4.0, rel=0.1)


def test_compression_keeps_colours_where_they_are():
    red = replace(background(), picture=np.full((90, 110, 4), (200, 40, 30, 255), dtype=np.uint8))
    made = replace(Scene(SIZE, (red,)), grain=Grain(0.0, 80, (1,))).render([0.0])[0]
    assert np.abs(made.astype(int) - (200, 40, 30)).max() <= 3
