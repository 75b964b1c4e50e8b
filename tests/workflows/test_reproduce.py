"""Tables of the papers: what is declared, what is printed, and runs on the tiny models."""

import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eg3d_flax import Compute
from jaxunlearn.cli import main as cli
from jaxunlearn.cli.config_files import load_config
from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.evaluation.evaluate import default_features
from jaxunlearn.evaluation.other_photos import OtherPhotos
from jaxunlearn.evaluation.protocol import comparable
from jaxunlearn.evaluation.statistics.shares import share_of
from jaxunlearn.images import save_png
from jaxunlearn.methods.config import check_config
from jaxunlearn.methods.config.declaration import ConfigDict, flat
from jaxunlearn.methods.sugar.method import SugarMethod
from jaxunlearn.training.unlearn import unlearn
from jaxunlearn.workflows.batch_dir import Worklist
from jaxunlearn.workflows.remake import remake_page
from jaxunlearn.workflows.reproduce import TABLES, Whose, carry_out, columns, reproduce
from jaxunlearn.workflows.reproduce.comparable import not_comparable
from jaxunlearn.workflows.reproduce.declaration import Base, Row, Table
from jaxunlearn.workflows.reproduce.figures import compared, figures_of, judged_of
from jaxunlearn.workflows.reproduce.folder import CellJson
from jaxunlearn.workflows.reproduce.plan import Cell, chosen_columns, chosen_rows, planned
from jaxunlearn.workflows.reproduce.shown import comparability, number
from jaxunlearn.workflows.reproduce.tables import table_of
from tests.support.paper_tables import a_summary, a_table
from tests.support.tiny_models import tiny_models, tiny_people

ROWS = [(table, row) for table in TABLES.values() for row in table.rows]
CONFIGS = Path(__file__).parents[2] / "configs"


def tiny(config: ConfigDict) -> ConfigDict:
    """Change settings of any row so that its run takes seconds."""
    config.update(steps=2, log_every=1, images_every=0, checkpoint_every=1)
    config.rendering.rays = 0
    config.evaluation.update(views=2, retained_people=4, frechet_samples=4, strangers=4, album=0, batch=4)
    if "surrogates" in config:
        config.surrogates.update(width=2, epochs=1, batch=2)
        config.ewc.update(output="planes", probes=1)
    return config


@pytest.mark.parametrize("base", ["paper", "official", "heads"])
@pytest.mark.parametrize(("table", "row"), ROWS, ids=[f"{table.name}-{row.key}" for table, row in ROWS])
def test_settings_of_every_row_are_valid(table: Table, row: Row, base: Base):
    config = row.preset(base, 10)
    row.settle(config, base)
    check_config.check(config)


@pytest.mark.parametrize(
    ("argument", "table", "row"),
    [
        ("baseline", "guide-1", "baseline"),
        ("extrapolated", "guide-1", "extrapolated"),
        ("adjacent", "guide-2", "adjacent"),
        ("guide", "guide-2", "guide"),
        ("mean_global", "guide-4", "mean_global"),
        ("alpha=20", "guide-3", "alpha-20"),
    ],
)
def test_rows_are_those_of_the_config_file(argument, table, row):
    declared = TABLES[table].row(row)
    config = declared.preset("paper")
    declared.settle(config, "paper")
    assert flat(config) == flat(load_config(f"{CONFIGS / 'guide/ablations.py'}:paper,{argument}"))


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("paper,nothing", "'nothing' is no row of GUIDE's tables; choose from baseline, "),
        ("paper", "'' is no row of GUIDE's tables"),
        ("heads,alpha", "write one of .*alpha=NUMBER"),
        ("heads,alpha=much", "write one of .*alpha=NUMBER"),
        ("heads,alpha=nan", "write one of .*alpha=NUMBER"),
        ("heads,baseline=3", "write one of baseline, "),
        ("head,baseline", "no preset 'guide/head'"),
    ],
)
def test_wrong_rows_of_the_config_file(argument, message):
    with pytest.raises(InputError, match=message) as caught:
        load_config(f"{CONFIGS / 'guide/ablations.py'}:{argument}")
    assert "\n" not in str(caught.value)


def test_lengths_keep_their_proportion_to_the_presets_own():
    cases: tuple[tuple[Base, float, float], ...] = (("paper", 15.0, 20.0), ("heads", 0.5, 1.0))
    for base, alpha, distance in cases:
        row = TABLES["guide-3"].row("alpha-15")
        row.settle(config := row.preset(base), base)
        assert config.pairs.alpha_max == alpha
        row = TABLES["sugar-3"].row("d-20")
        row.settle(config := row.preset(base, 10), base)
        assert config.target.distance == distance
    row = TABLES["sugar-3"].row("d-minus-5")
    row.settle(config := row.preset("heads", 10), "heads")
    assert config.target.distance == -0.25


@pytest.mark.parametrize(
    ("table", "sheet", "column", "row", "figure", "mean", "spread"),
    [
        ("guide-1", "Table 1", "random", "baseline", "id", 0.19, 0.09),
        ("guide-1", "Table 1", "random", "adjacent", "fid_pre", 19.65, 4.90),
        ("guide-1", "Table 1", "in-domain", "extrapolated", "delta_fid_real", 6.76, 1.41),
        ("guide-1", "Table 1", "out-of-domain", "guide", "delta_fid_real", 3.34, 1.10),
        ("guide-2", "Table 2", "out-of-domain", "baseline", "id_others", 0.28, 0.08),
        ("guide-2", "Table 2", "out-of-domain", "guide", "fid_pre", 7.88, 1.96),
        ("guide-3", "Table 3", "out-of-domain", "alpha-15", "id", 0.0878, 0.0375),
        ("guide-3", "Table 3", "out-of-domain", "alpha-30", "id_others", 0.2111, 0.0653),
        ("guide-4", "Table 4", "out-of-domain", "mean_global", "fid_pre", 4.63, 0.43),
        ("legato-1", "README", "out-of-domain", "legato", "id_others", 0.18, None),
        ("sugar-1", "Table 1", "random", "n1-sugar", "retain_fid", 87.257, 6.9018),
        ("sugar-1", "Table 1", "in-domain", "n50-guide", "retain_id", 0.0115, 0.0112),
        ("sugar-1", "Table 1", "out-of-domain", "n20-guide", "retain_id", 0.1748, 0.0116),
        ("sugar-2", "Table 2", "random", "n20-guide", "id", -0.0275, 0.0034),
        ("sugar-2", "Table 2", "in-domain", "n50-sugar", "fid_forget", 106.12, 1.4283),
        ("sugar-3", "Table 3", "random", "d-30", "retain_id", 0.7073, None),
        ("sugar-3", "Table 3", "random", "d-minus-5", "id", 0.1815, None),
        ("sugar-4", "Table 4", "random", "n5-guide", "change_psnr", 25.4262, 0.2026),
        ("sugar-4", "Table 4", "random", "n50-sugar", "change_mse", 1022.81, 55301.1),
    ],
)
def test_printed_numbers(table, sheet, column, row, figure, mean, spread):
    made = table_of(table)
    (printed_in,) = (each for each in made.sheets if each.name == sheet)
    printed = printed_in.printed(column, made.row(row), figure)
    assert printed is not None
    assert (printed.mean, printed.spread) == (mean, spread)


def test_a_printed_error_is_not_a_number():
    table = TABLES["sugar-1"]
    assert table.sheets[2].printed("random", table.row("n10-guide"), "change_ssim") is None


def test_the_printed_averages_of_sugar_are_those_of_the_other_column():
    """Printed are 96.424 for FFHQ, 732.18 for CelebAHQ and 83.586 for Random; FID's are in their places."""
    table = TABLES["sugar-1"]

    def improvement(column: str, figure: str) -> float:
        shares = []
        for people in (1, 5, 10, 20, 50):
            rows = [table.row(f"n{people}-{method}") for method in ("guide", "sugar")]
            guide, sugar = (table.sheets[0].printed(column, row, figure) for row in rows)
            assert guide is not None
            assert sugar is not None
            shares.append(100 * (sugar.mean - guide.mean) / guide.mean)
        return float(np.mean(shares))

    ids = [improvement(column, "retain_id") for column in ("in-domain", "out-of-domain", "random")]
    np.testing.assert_allclose(ids, [732.18, 96.424, 83.586], rtol=1e-2)
    fids = [-improvement(column, "retain_fid") for column in ("in-domain", "out-of-domain", "random")]
    np.testing.assert_allclose(fids[:2], [19.568, 27.780], rtol=2e-2)


def test_every_row_has_printed_numbers():
    for table in TABLES.values():
        for sheet in table.sheets:
            for row in table.rows:
                assert any(sheet.printed(sheet.columns[0], row, figure.key) for figure in sheet.figures)


@pytest.mark.parametrize(
    ("rows", "numbers", "message"),
    [
        (["baselin"], [], r"no row 'baselin' \(did you mean baseline\?\); choose from"),
        ([], [5], "has no numbers of people to choose from"),
    ],
)
def test_rows_that_are_not_there(rows, numbers, message):
    with pytest.raises(InputError, match=message):
        chosen_rows(TABLES["guide-1"], rows, numbers)


def test_rows_by_number():
    assert [row.key for row in chosen_rows(TABLES["sugar-1"], [], [5])] == ["n5-guide", "n5-sugar"]
    with pytest.raises(InputError, match="no row for 7 people; choose from 1, 5, 10, 20, 50"):
        chosen_rows(TABLES["sugar-1"], [], [7])
    with pytest.raises(InputError, match="no row is left"):
        chosen_rows(TABLES["sugar-1"], ["n1-guide"], [5])


def test_columns_without_photos_are_left_out():
    made, remarks = chosen_columns(TABLES["guide-1"], Whose(seeds=[0]), tiny_models())
    assert made == ["random"]
    assert remarks == [
        "The column In-domain (FFHQ) is left out: it needs --in-domain PHOTOS.",
        "The column Out-of-domain (CelebAHQ) is left out: it needs --out-of-domain PHOTOS.",
    ]
    with pytest.raises(InputError, match=r"guide-2: no column is left\. .*--out-of-domain PHOTOS"):
        chosen_columns(TABLES["guide-2"], Whose(), tiny_models())
    with pytest.raises(InputError, match="guide-2 has no column In-domain"):
        chosen_columns(TABLES["guide-2"], Whose(photos={"in-domain": "photos"}), tiny_models())


def test_a_retaining_set_belongs_to_its_column():
    whose = Whose(seeds=[0], photos={"in-domain": "photos"})
    made, remarks = chosen_columns(TABLES["sugar-1"], whose, tiny_models())
    assert made == ["random"]
    assert "--in-domain PHOTOS and --retain-in-domain." in remarks[0]
    given = dataclasses.replace(whose, retained={"in-domain": Path("retain")})
    assert chosen_columns(TABLES["sugar-1"], given, tiny_models())[0] == ["random", "in-domain"]
    with pytest.raises(InputError, match="--retain-in-domain: guide-1 measures no retaining set"):
        chosen_columns(TABLES["guide-1"], given, tiny_models())


def made(out: Path, *, name: str = "guide-1", **options: Any) -> Any:
    options = {"base": "heads", "rows": ["baseline", "guide"], "change": tiny} | options
    return reproduce(tiny_models(), name, out, Whose(seeds=[1, 2]), progress=False, **options)


def test_changes_that_rows_decide_over(tmp_path):
    def change(config: ConfigDict) -> ConfigDict:
        config.target.kind = "interpolated"
        return tiny(config)

    with pytest.raises(InputError, match=r"config\.target\.kind: the rows of guide-1 decide over it"):
        made(tmp_path / "out", change=change)
    assert not (tmp_path / "out").exists()


def test_a_setting_of_nobody(tmp_path):
    def change(config: ConfigDict) -> ConfigDict:
        config.steps = -1
        return config

    with pytest.raises(InputError, match=r"config\.steps must be"):
        made(tmp_path / "out", change=change)
    assert not (tmp_path / "out").exists()


def test_folders_of_something_else(tmp_path):
    (tmp_path / "notes.txt").write_text("theirs")
    with pytest.raises(InputError, match="holds other files"):
        made(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], dict[str, str]]:
    """A table that was interrupted after its first run and then resumed.

    Returns:
      Its folder, the runs that the second call made, and the files of the first run after the first call.
    """
    out, calls = tmp_path_factory.mktemp("tables") / "guide-1", []

    def interrupted(*arguments: Any, workdir: Path, **options: Any):
        if calls:
            raise Interrupted("interrupted")
        calls.append(workdir.name)
        return unlearn(*arguments, workdir=workdir, **options)

    def counted(*arguments: Any, workdir: Path, **options: Any):
        calls.append(workdir.name)
        return unlearn(*arguments, workdir=workdir, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(carry_out, "unlearn", interrupted)
        with pytest.raises(Interrupted):
            made(out)
        first = digests(out / "random/baseline")
        calls.clear()
        patch.setattr(carry_out, "unlearn", counted)
        made(out)
    return out, calls, first


@pytest.mark.long
def test_a_killed_table_goes_on(resumed):
    out, calls, first = resumed
    assert calls == ["guide"]
    assert first == digests(out / "random/baseline")
    table = json.loads((out / "table.json").read_text())
    assert [(cell["row"], cell["people"]) for cell in table["cells"]] == [
        ("baseline", ["seed 1", "seed 2"]),
        ("guide", ["seed 1", "seed 2"]),
    ]
    figure = table["cells"][0]["figures"]["id"]
    people = json.loads((out / "random/baseline/summary.json").read_text())["people"]
    values = [people["0"]["id"], people["1"]["id"]]
    assert list(figure["people"].values()) == values
    assert figure["mean"] == pytest.approx(np.mean(values))
    assert figure["std"] == pytest.approx(np.std(values, ddof=1))
    assert figure["worst_person"] == ("seed 1" if values[0] > values[1] else "seed 2")
    text = (out / "table.md").read_text()
    assert re.search(r"\| Baseline \| -?[\d.]+ ± [\d.]+ \| 0\.19 ± 0\.09 \|", text)
    assert "Do not compare these numbers with the printed ones: " in text


@pytest.mark.long
def test_a_run_is_measured_again_whatever_the_measure_depends_on(resumed):
    """Whether a finished run is kept is decided by everything that must be equal to compare figures."""
    out, _, _ = resumed
    config = tiny(TABLES["guide-1"].rows[0].preset("heads"))
    now = carry_out.measuring(tiny_models(), default_features(), None, config)
    summary = json.loads((out / "random/baseline/summary.json").read_text())
    before = comparable(summary)
    del before["retaining_sha256"]  # of the column's people, see `_measured`
    assert before == now


@pytest.mark.long
def test_the_page_is_made_anew_and_leads_to_the_runs(resumed):
    out, _, _ = resumed
    before = (out / "report.html").read_text()
    (out / "report.html").unlink()
    assert remake_page(out) == out / "report.html"
    assert (out / "report.html").read_text() == before
    assert '<a href="random/baseline/report.html">Baseline</a>' in before
    assert before.count('alt="seed 1, ') == 2
    assert "reloads itself" not in before


@pytest.mark.long
def test_a_folder_keeps_its_table_and_its_settings(resumed):
    out, _, _ = resumed
    with pytest.raises(InputError, match="holds the table guide-1, not guide-4"):
        made(out, name="guide-4", rows=[])
    files = digests(out / "random")

    def seeded(config: ConfigDict) -> ConfigDict:
        config.seed = 5
        return tiny(config)

    with pytest.raises(InputError, match=r"is a run with config\.seed"):
        made(out, change=seeded)
    assert files == digests(out / "random")


@pytest.mark.long
def test_photos_and_their_others(tmp_path):
    """The first photo of each person is forgotten, and the others are measured."""
    rng = np.random.default_rng(0)
    for who, count in (("ada", 3), ("bea", 2)):
        for k in range(count):
            (tmp_path / "photos" / who).mkdir(parents=True, exist_ok=True)
            save_png(tmp_path / f"photos/{who}/{k}.png", rng.integers(0, 255, (32, 32, 3), np.uint8))
    whose = Whose(photos={"out-of-domain": tmp_path / "photos"}, inverting={"method": "optimize"})
    options: Any = {"rows": ["baseline"], "base": "heads", "change": tiny, "progress": False}
    content = reproduce(tiny_models(), "guide-2", tmp_path / "out", whose, **options)
    (made,) = content["cells"]
    assert made["people"] == ["ada", "bea"]
    assert made["figures"]["id_others"]["n"] == 2
    folder = tmp_path / "out/out-of-domain"
    assert {path.name for path in folder.iterdir()} == {"baseline", "people.npz", "others.npz"}
    assert len(np.load(folder / "others.npz")["ws"]) == 3


@pytest.mark.long
def test_retaining_sets_of_people_of_the_generator(tmp_path):
    """SUGAR and GUIDE for one person; the same runs fill three tables."""
    content = made(tmp_path / "out", name="sugar-1", rows=[], numbers=[1])
    assert [cell["row"] for cell in content["cells"]] == ["n1-guide", "n1-sugar"]
    for cell in content["cells"]:
        assert {"retain_id", "retain_fid", "id", "change_mse"} <= cell["figures"].keys()
        assert cell["people"] == ["seed 1"]
    text = (tmp_path / "out/table.md").read_text()
    assert [name for name in ("## Table 1.", "## Table 2.", "## Table 4.") if name in text] != []
    assert "0.6061 ± 0.0061" in text


def test_distances_share_what_is_computed_once(tmp_path, monkeypatch):
    """The mapper of a column is trained once, for the preset's own distance."""
    distances, shared = [], []

    def same(self, models, ws, config, cache, mesh, *, progress):
        shared.append(config.target.distance)
        (cache / "mapper").write_text("the mapper")
        return ("mapper",)

    def unlearned(models, people, config, *, workdir, **_):
        assert (workdir / "mapper").read_text() == "the mapper"
        distances.append(config.target.distance)
        raise carry_out.Diverged("step 1")

    monkeypatch.setattr(SugarMethod, "same_for_all_distances", same)
    monkeypatch.setattr(carry_out, "unlearn", unlearned)
    content = made(tmp_path / "out", name="sugar-3", rows=["d-5", "d-30"])
    assert (distances, shared) == ([0.25, 1.5], [1.0, 1.0])
    assert [cell["diverged"] for cell in content["cells"]] == [["seed 1", "seed 2"]] * 2
    assert "d = 5 (diverged: seed 1, seed 2)" in (tmp_path / "out/table.md").read_text()


def test_photos_are_inverted_once(tmp_path, monkeypatch):
    """A second call finds the latents of the people, and of their other photos, in the folder."""
    inverted = []

    def worklist(*_, **__):
        def latents(some):
            inverted.append(list(some))
            return tiny_people(3)[list(some)]

        return Worklist(("ada", "bea", "cleo"), latents, photos_sha256=("1", "2", "3"))

    def remaining(models, subjects, *_, **__):
        inverted.append(list(subjects))
        return {1: OtherPhotos(tiny_people(2))}

    monkeypatch.setattr(columns, "worklist_of_photos", worklist)
    monkeypatch.setattr(columns, "invert_remaining", remaining)
    monkeypatch.setattr(columns, "listed_names", lambda source: ("1.png", "2.png"))
    whose, compute = Whose(photos={"out-of-domain": "photos"}, people=2), Compute()

    def people() -> columns.Column:
        who = columns.listed(tiny_models(), "out-of-domain", whose, compute, progress=False)
        return columns.people_of(
            tiny_models(), who, whose, TABLES["guide-2"], tmp_path, compute, progress=False
        )

    for _ in range(2):
        column = people()
        assert column.people.subjects == ("ada", "bea")
        np.testing.assert_array_equal(column.people.ws, tiny_people(3)[:2])
        assert list(column.others) == [1]
        np.testing.assert_array_equal(column.others[1].ws, tiny_people(2))
    assert inverted == [[0, 1], ["ada", "bea"]]


def cell(row: str, values: dict[str, float]) -> CellJson:
    summary = {"people": {str(k): {"id": value} for k, value in enumerate(values.values())}}
    figures = figures_of(TABLES["guide-1"], list(values), summary)
    return CellJson(
        column="random",
        row=row,
        people=list(values),
        steps=2,
        settings="",
        diverged=[],
        figures=figures,
        judged=None,
    )


def test_rows_are_compared_over_the_same_people():
    first = cell("baseline", {"ada": 0.5, "bea": 0.7, "cleo": 0.6})
    second = cell("extrapolated", {"bea": 0.4, "ada": 0.3})
    (difference,) = compared(TABLES["guide-1"], [first, second])
    assert (difference["row"], difference["against"], difference["n"]) == ("extrapolated", "baseline", 2)
    assert difference["difference"] == pytest.approx(-0.25)
    assert compared(TABLES["guide-1"], [second]) == []


def test_a_table_says_what_is_missing(tmp_path):
    a_table(tmp_path / "table")
    lines = (tmp_path / "table/table.md").read_text().splitlines()
    assert "- 3 of 4 runs are done; the same command makes the others." in lines
    printed = "19.65 ± 4.90 |  | 13.94 ± 3.59 |"
    assert any(line.startswith("| + L_adj (diverged: ") and line.endswith(printed) for line in lines)
    (last,) = (line for line in lines if line.startswith("| + L_global"))
    assert last == (
        "| + L_global (GUIDE) (not made yet) |  | 0.14 ± 0.06 |  | 10.80 ± 2.70 |  | 6.64 ± 1.60 |"
    )
    assert "| Random | + extrapolated w_t | Baseline | ID | 0.002 |" in "\n".join(lines)


def test_all_judges_are_asked_beside_the_papers_figures(tmp_path):
    a_table(tmp_path / "table")
    lines = (tmp_path / "table/table.md").read_text().splitlines()
    begin = lines.index("## What all judges say")
    assert [line for line in lines[begin:] if line.startswith("| Random")][:3] == [
        "| Random | Baseline | 1 of 2 (9 to 91 %) | 1 of 2 (9 to 91 %) | - | 1 of 96 (0 to 6 %) "
        "| 10 of 80 (7 to 22 %) |",
        "| Random | + extrapolated w_t | 1 of 2 (9 to 91 %) | 1 of 2 (9 to 91 %) | - | 1 of 96 (0 to 6 %) "
        "| 10 of 80 (7 to 22 %) |",
        "| Random | + L_adj |  |  |  |  |  |",
    ]
    assert "What all judges say" in (tmp_path / "table/report.html").read_text()
    older = json.loads((tmp_path / "table/table.json").read_text())
    del older["cells"][0]["judged"]
    older["planned"] = older["planned"][1:]  # an earlier call made the first row
    (tmp_path / "table/table.json").write_text(json.dumps(older))
    remake_page(tmp_path / "table")
    assert "| Random | Baseline |  |  |  |  |  |" in (tmp_path / "table/table.md").read_text()


def test_who_shares_a_generator_loses_others_once():
    summary = a_summary((0.0, 0.05, 0.5))
    for figures in summary["people"].values():
        del figures["others_lost_counts"], figures["near"]
    both = {"others_lost_counts": share_of(7, 48)._asdict(), "near": {}}
    judged: Any = judged_of(summary | both, 3)
    assert {name: (count["number"], count["people"]) for name, count in judged.items()} == {
        "forgotten": (2, 3),
        "at_latent": (1, 3),
        "in_photos": (0, 0),
        "others_lost": (7, 48),
        "near_lost": (0, 0),
    }


def test_one_person_has_no_deviation():
    figure = cell("baseline", {"ada": 0.5})["figures"]["id"]
    assert (figure["mean"], figure["std"], figure["n"], figure["worst_person"]) == (0.5, None, 1, "ada")


def cells_of(change: Any = lambda config: config) -> list[Cell]:
    who = [columns.Listed("random", "", ("seed 0",), seeds=(0,))]
    rows = TABLES["guide-1"].rows
    return planned(TABLES["guide-1"], rows, who, "paper", change, tiny_models(), None)[0]


def test_what_cannot_be_compared_is_said():
    reasons = "; ".join(not_comparable(tiny_models(), default_features(), cells_of()))
    assert "32 x 32 pixels, not 512 x 512" in reasons
    assert "the judge is judge, not CurricularFace IR-101" in reasons
    assert "Fréchet distances is alexnet, not inception" in reasons
    assert "other settings" not in reasons

    def fewer(config: ConfigDict) -> ConfigDict:
        config.steps, config.log_every = 20, 1
        return config

    reasons = not_comparable(tiny_models(), default_features(), cells_of(fewer))
    assert reasons[-1] == "other settings: steps 20 in place of 1000"


def test_whether_numbers_can_be_compared_is_one_sentence():
    content: Any = {"not_comparable": ["steps 20 in place of 1000"]}
    assert comparability(content).startswith("Do not compare these numbers with the printed ones: steps 20")
    content["not_comparable"] = []
    assert "can be compared with the printed ones" in comparability(content)


def test_numbers_are_short():
    assert [number(value) for value in (0.19, -0.0275, 0.0042, 106.12, 0.0)] == [
        "0.190",
        "-0.028",
        "0.0042",
        "106.120",
        "0.000",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["guide1"], r"no table 'guide1' \(did you mean guide-1\?\)"),
        ([], "name a table, such as guide-1"),
        (["guide-1", "--rows", "baselin"], "did you mean baseline"),
        (["guide-1", "--config.stepps=3"], "unknown setting config.stepps"),
        (["guide-1", "--in-domain", "nowhere"], "--in-domain nowhere: no such file"),
        (["guide-1", "--steps", "3", "--config.steps=3"], "are the same setting"),
        (["guide-2", "--random", "0"], "no column is left"),
    ],
)
def test_wrong_arguments_are_one_line(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["reproduce", *arguments]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert re.search(message, lines[0])
    assert list(tmp_path.iterdir()) == []


def test_the_list_names_every_table_and_row(capsys):
    assert cli.main(["reproduce", "--list"]) == 0
    text = capsys.readouterr().out
    for table, row in ROWS:
        assert table.name in text
        assert row.key in text
