"""A file of inverted photographs has one set of them, and its page names the command that makes it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import inversion_heads as bench
from benchmarks.inversion_heads import Photographs
from jaxunlearn.files.json_lines import read_json_lines

FOLDER = Path(bench.__file__).parent
MODELS: Any = SimpleNamespace(judge=SimpleNamespace(name="heads identity judge", threshold=0.70067))


@pytest.fixture
def tried(monkeypatch):
    """Ways that were tried, on photographs of one pixel."""
    found: list[int] = []

    def try_way(models, way, images, views):
        found.append(len(images))
        return [dict.fromkeys((*bench.FIGURES, "seconds"), 0.5)] * len(images), images

    monkeypatch.setattr(bench, "load_models", lambda name: MODELS)
    monkeypatch.setattr(bench, "images_of", lambda models, w: np.zeros((w.people * w.views, 1, 1, 3)))
    monkeypatch.setattr(bench, "try_way", try_way)
    return found


@pytest.mark.parametrize(
    "other", [["--scenario", "celeba_like"], ["--people", "3"], ["--people", "1", "--views", "4"]]
)
def test_a_file_of_other_photographs_is_refused_and_stays(other, tried, tmp_path, capsys):
    command = ["--people", "2", "--ways", "encoder", "--out", str(tmp_path / "few")]
    bench.main(command)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(SystemExit):
        bench.main([*command, *other])
    error = capsys.readouterr().err.splitlines()[-1]
    assert "few.jsonl: holds other photographs; give another --out, or --scenario album --people 2" in error
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    bench.main(command)
    assert tried == [4]


def test_a_page_names_its_ways_and_photographs(tried, tmp_path):
    out = tmp_path / "few"
    bench.main(["--people", "2", "--views", "3", "--ways", "encoder", "--out", str(out)])
    command = f'`python -m benchmarks.inversion_heads --ways "encoder" --people 2 --views 3 --out {out}`'
    assert command in out.with_suffix(".md").read_text()


def test_the_committed_lines_make_the_committed_page(monkeypatch):
    monkeypatch.setattr(bench, "processor", lambda: "2 x AMD EPYC")
    lines = read_json_lines(FOLDER / "inversion_heads.jsonl", dict[str, Any])
    assert bench.photographs_of(lines) == Photographs()
    page = (FOLDER / "inversion_heads.md").read_text()
    assert page.startswith(bench.table(lines, MODELS, bench.OUT))  # a note on the seconds follows
