def test_it_lists_what_it_wrote_and_says_what_is_next(vfi, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = vfi("new-plugin", "soft-edges")
    assert outcome.code == 0
    assert "vfiblocks-soft-edges/src/vfiblocks_soft_edges/soft_edges.py" in outcome.out.split()
    assert all((tmp_path / line).is_file() for line in outcome.out.split())
    first, second = outcome.err.splitlines()
    assert first == "wrote refiner 'soft-edges' and model 'ifnet-soft-edges'; next:"
    assert 'pip install -e "./vfiblocks-soft-edges[test]"' in second


def test_kind_and_folder_are_chosen(vfi, tmp_path):
    outcome = vfi("new-plugin", "soft-edges", "--kind", "metric", "--out", tmp_path / "mine")
    assert outcome.code == 0
    assert outcome.err.startswith("wrote metric 'soft-edges'; next:")
    assert not (tmp_path / "mine" / "src" / "vfiblocks_soft_edges" / "models.py").exists()


def test_mistakes_are_one_line(refused, tmp_path):
    assert "there are encoder, " in refused("new-plugin", "soft-edges", "--kind", "stage")
    assert "lower-case words" in refused("new-plugin", "Soft")
    line = refused("new-plugin", "soft-edges", "--out", tmp_path)
    assert "exists already and stays as it is" in line
    assert list(tmp_path.iterdir()) == []
