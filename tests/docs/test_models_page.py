"""docs/models.md: every named model, and what the code and the recorded results say of it."""

import json
import re

import pytest

from lift15 import SPECS


def test_the_page_is_what_the_code_says(model_zoo):
    """Else: python -m benchmarks.model_zoo."""
    page = model_zoo.PAGE.read_text(encoding="utf-8")
    fresh = model_zoo.fill({model_zoo.PAGE: page}, model_zoo.blocks())[model_zoo.PAGE]
    assert fresh.splitlines() == page.splitlines()


def test_every_model_is_in_one_family(model_zoo):
    names = [name for rows in model_zoo.families().values() for row in rows for name in row]
    assert sorted(names) == sorted(SPECS)


def test_weights_and_their_card_are_found_by_name(model_zoo, tmp_path):
    model = model_zoo.read_model(("rife",))
    assert model_zoo._weights(model, tmp_path) == "none"
    (tmp_path / "rife.safetensors").write_bytes(bytes(1_200_000))
    assert model_zoo._weights(model, tmp_path) == "1.2 MB, no card"
    (tmp_path / "rife.md").touch()
    assert model_zoo._weights(model, tmp_path) == "[1.2 MB](rife.md)"


def test_scores_of_a_file_of_weights_are_those_of_its_model(model_zoo, tmp_path):
    (tmp_path / "scores").mkdir()
    (tmp_path / "models.json").write_text(
        (model_zoo.RESULTS / "models.json").read_text(encoding="utf-8")
    )
    summary = {"protocol": "clips", "model": "weights/rife.safetensors", "items": 3}
    document = {
        "what": "Three clips",
        "commit": "0123abcd",
        "summaries": [{**summary, "scores": {"psnr": 30.0, "ssim": 0.9}}],
    }
    path = tmp_path / "scores" / "three.json"
    path.write_text(json.dumps(document))
    blocks = model_zoo.blocks(results=tmp_path)
    assert "| `clips` | `weights/rife.safetensors` | 3 | 30.00 | 0.9000 |\n" in blocks["scores"]
    assert re.search(
        r"^\| `rife` \| 10,071,550 \|.*\| \[below\]\(#scores\) \|", blocks["rife"], re.M
    )
    assert "below" not in blocks["classical"]
    path.write_text(json.dumps({"what": "of another shape"}))
    with pytest.raises(SystemExit, match="neither summaries nor comparisons"):
        model_zoo.blocks(results=tmp_path)
