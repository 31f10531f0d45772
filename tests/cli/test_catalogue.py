from lift15 import SPECS
from vfiblocks import ENCODERS


def test_models_lists_every_name_one_per_line(vfi):
    outcome = vfi("models")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    names = [line.split("\t")[0] for line in lines[1:]]
    assert sorted(names) == sorted(SPECS)
    assert names.index("rife-4.2") < names.index("rife-4.9") < names.index("rife-4.10")
    frames = {line.split("\t")[0]: line.split("\t")[1] for line in lines}
    assert frames["lift15-s1"] == "14"
    assert frames["rife"] == "2"


def test_models_globs(vfi):
    names = [line.split("\t")[0] for line in vfi("models", "rife-?.25*").out.splitlines()[1:]]
    assert names == ["rife-4.25", "rife-4.25-heavy", "rife-4.25-lite"]


def test_models_says_when_nothing_matches(refused):
    assert "'nothing*'" in refused("models", "nothing*")


def test_components_of_one_stage(vfi):
    lines = vfi("components", "encoder").out.splitlines()[1:]
    assert [line.split("\t")[1] for line in lines] == list(ENCODERS.names())
    assert all(line.startswith("encoder\t") for line in lines)


def test_components_lists_losses_beside_the_stages(vfi):
    (line,) = (x for x in vfi("components", "loss").out.splitlines() if "\tlaplacian\t" in x)
    assert line.startswith("loss\tlaplacian\tL1 between the band-pass levels")
    assert "levels=5" in line


def test_components_options_are_shown(vfi):
    (line,) = (x for x in vfi("components").out.splitlines() if "\ttransformer\t" in x)
    assert "layers=3" in line
    assert "window=None" in line


def test_components_of_an_unknown_stage(refused):
    assert "encoder, aggregator, flow, blender, refiner, loss" in refused("components", "encoders")


def test_describe_counts(vfi):
    outcome = vfi("describe", "lift15-s1", "--size", "256x448")
    rows = [line.split("\t") for line in outcome.out.splitlines()]
    assert rows[-1][:4] == ["all", "", "10,988,339", "123.93 GMAC"]
    assert [row[0] for row in rows[1:-1]] == ["encoder", "aggregator", "flow", "blender", "refiner"]


def test_describe_what_cannot_be_counted(vfi):
    assert "not counted" in vfi("describe", "classical").out


def test_describe_reads_spec_files_and_checkpoints(vfi, tmp_path):
    from vfiblocks import build_model, save

    model = build_model("lift15-tiny")
    path = save(model, tmp_path / "tiny.safetensors")
    spec = tmp_path / "tiny.json"
    spec.write_text(model.spec.to_json())
    by_file, by_spec = vfi("describe", path).out, vfi("describe", spec).out
    assert by_file == by_spec
    assert "284,531" in by_file


def test_describe_unknown_name_suggests(refused):
    assert "did you mean 'lift15-s1'" in refused("describe", "lift15-s")


def test_describe_size_must_be_a_size(refused):
    assert "256x448" in refused("describe", "rife", "--size", "big")


def test_help_of_every_command(vfi):
    for command in ("interpolate", "demo", "models", "components", "describe", "doctor"):
        outcome = vfi(command, "--help")
        assert outcome.code == 0
        assert command in outcome.out


def test_an_unknown_option_is_a_usage_error(vfi):
    outcome = vfi("models", "--nonsense")
    assert outcome.code == 2
    assert "nonsense" in outcome.err


def test_describe_draws_the_assembly(vfi, tmp_path):
    path = tmp_path / "tiny.svg"
    outcome = vfi("describe", "lift15-tiny", "--size", "64x96", "--graph", path)
    assert outcome.code == 0
    assert "284,531" in outcome.out
    assert outcome.err == f"wrote {path}\n"
    assert ">lift15-tiny</text>" in path.read_text()
    assert [p.name for p in tmp_path.iterdir()] == ["tiny.svg"]


def test_describe_draws_one_stage(vfi, refused, tmp_path):
    path = tmp_path / "flow.svg"
    outcome = vfi("describe", "lift15-tiny", "--stage", "flow", "--graph", path)
    assert outcome.code == 0
    assert ">flow of lift15-tiny</text>" in path.read_text()
    assert "no stage 'head'" in refused("describe", "rife", "--stage", "head", "--graph", path)
    assert "--graph FILE.svg says where" in refused("describe", "rife", "--stage", "flow")


def test_describe_draws_svg_alone(refused):
    assert ".svg file, got 'tiny.png'" in refused("describe", "rife", "--graph", "tiny.png")


def test_describe_says_where_it_cannot_draw(vfi, tmp_path):
    outcome = vfi("describe", "lift15-tiny", "--graph", tmp_path / "gone" / "tiny.svg")
    assert outcome.code == 1
    assert outcome.err.startswith(f"vfi: cannot write {tmp_path / 'gone' / 'tiny.svg'}: No such")
