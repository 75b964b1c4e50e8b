"""`jaxunlearn compile`: for this machine, and for TPUs that are not here."""

import dataclasses
import importlib.metadata
import json
import pickle
import re
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxunlearn.cli import main as cli
from jaxunlearn.cli.commands.profiling import compile as command
from jaxunlearn.errors import InputError
from jaxunlearn.methods.guide import presets
from jaxunlearn.profiling import workload
from jaxunlearn.profiling.aot import topology
from jaxunlearn.profiling.aot.compilation import compile_step, too_large, turns_without_mesh
from jaxunlearn.profiling.aot.executable_file import FORMAT, load_executable, save_executable
from jaxunlearn.profiling.aot.report import lines
from jaxunlearn.profiling.by_part.scopes import OTHER, SCOPES, direction_of, part_of
from jaxunlearn.profiling.workload import Preset, Workload
from jaxunlearn.training.turns import Turns
from tests.support.tiny_models import outline, tiny_models


@pytest.fixture(scope="module")
def here():
    """The step of two copies on 2 x 2 devices of this machine, compiled from shapes, in chunks of rays."""
    config = presets.heads()
    config.rendering.ray_chunk = 256
    return compile_step(Workload.of(outline(), config), topology.find("here"), (2, 2), 2)


@pytest.fixture(scope="module")
def parts(here):
    """Part and direction of all operations of that step."""
    names = re.findall(r'op_name="(jit[^"]*)"', here[1].as_text())
    return {(part_of(name), direction_of(name)) for name in names}


def test_what_a_device_needs(here):
    report, _ = here
    assert report.fits
    assert report.needed == report.memory.total > report.memory.temporaries > 0
    assert report.memory.aliased > 0  # the state is updated in place
    assert report.flops > 0
    assert report.cycles is None
    assert report.to_json() == json.loads(json.dumps(report.to_json())) | {"mesh": (2, 2), "largest": ()} | {
        "exchanges": tuple(dataclasses.asdict(found) for found in report.exchanges)
    }


@pytest.mark.parametrize(
    "part", ["backbone", "rays", "lookup", "decoder", "compositing", "planes", "perceptual", "identity"]
)
def test_a_part_is_named_in_both_directions(parts, part):
    assert {(part, "forward"), (part, "backward")} <= parts


def test_parts_without_a_gradient_and_parts_computed_again(parts):
    assert {(part, "forward") for part in ("draw", "mapping", "depths", "optimiser")} <= parts
    assert {(part, "recomputed") for part in ("lookup", "decoder", "compositing")} <= parts
    assert {part for part, _ in parts} <= {*SCOPES, OTHER}


def test_nothing_along_identity_and_one_all_reduce_along_sample(here):
    report, _ = here
    [found] = report.exchanges
    assert (found.kind, found.axis, found.count) == ("all-reduce", "sample", 1)
    trainable = Workload.of(tiny_models(), presets.heads()).frozen().trainable
    gradient = sum(leaf.nbytes for leaf in jax.tree.leaves(trainable))
    assert gradient < found.bytes < 1.01 * gradient + 1000  # the gradient, and what is measured


def test_the_report_in_words(here):
    report, _ = here
    text = "\n".join(lines(report, presets.heads()))
    assert (
        "here: 4 x cpu, identity 2 x sample 2; 2 copies of 6 pairs in float32 (products in float32)" in text
    )
    assert "1 x all-reduce along sample" in text
    assert "and once for all copies: " in text
    assert ": fits" in text
    padded = dataclasses.replace(report, padding={"padding_identity": 0.25}, fits=False)
    text = "\n".join(lines(padded, presets.heads()))
    assert "padding along identity: 25.0 % of the work is not needed" in text
    assert "does NOT fit" in text


@pytest.mark.parametrize(("platform", "asked", "size"), [("cpu", 0, 1), ("cpu", 2, 2), ("tpu", 0, 0)])
def test_one_device_without_a_mesh_is_compiled_with_the_turns_of_a_run(platform, asked, size):
    """In one program, whose memory is that of all copies."""
    config = presets.heads()
    config.copies_at_once = asked
    turns = turns_without_mesh(Workload.of(outline(), config), platform)
    assert turns == Turns(size, apart=False)


def test_the_report_says_how_many_copies_train_at_a_time(here):
    report = dataclasses.replace(here[0], copies=8, at_once=1)
    assert "; 8 copies of 6 pairs, 1 at a time, in float32" in next(lines(report, presets.heads()))


@pytest.mark.parametrize(
    ("devices", "given", "shape"), [(1, [], None), (1, ["--mesh", "1x1"], (1, 1)), (4, [], (4, 1))]
)
def test_without_a_mesh_a_single_device_has_none(devices, given, shape, monkeypatch):
    asked = []

    def compile_nothing(_, __, shape, *___):
        asked.append(shape)
        raise InputError("nothing is compiled")

    monkeypatch.setattr(command, "PRESETS", {"heads": Preset(tiny_models, outline, "heads")})
    monkeypatch.setattr(command, "compile_step", compile_nothing)
    find = topology.find
    monkeypatch.setattr(topology, "find", lambda name: find(name)._replace(devices=jax.devices()[:devices]))
    assert cli.main(["compile", *given]) == 2
    assert asked == [shape]


def test_the_executable_is_the_step(here, tmp_path):
    """Saved, loaded, and run on real arguments."""
    _, executable = here
    save_executable(executable, tmp_path / "step", platform="cpu", device_kind="cpu")
    loaded = load_executable(tmp_path / "step", jax.devices()[:4])
    from jaxunlearn.sharding import make_mesh

    work = Workload.of(tiny_models(), presets.heads())
    recipe = work.recipe(2, make_mesh(2, 2), "cpu")
    state, measured = loaded(*work.arguments(recipe))
    assert np.asarray(state.step).tolist() == [1, 1]
    assert np.isfinite(measured["loss"]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"packages": {"jax": "0.1", "jaxlib": importlib.metadata.version("jaxlib")}},
            "was compiled for jax 0.1, not ",
        ),
        ({"packages": {"jax": jax.__version__}}, "was compiled for jaxlib none, not "),
        ({"platform": "tpu"}, "was compiled for platform tpu, not cpu"),
        ({"device_kind": "TPU v4"}, "was compiled for device_kind TPU v4, not cpu"),
        ({"packages": {"libtpu": "1"}}, "was compiled for jax none, not "),
        ({"packages": []}, "packages must be an object"),
        ({"format": "other"}, "was not written by this version"),
        ({}, "is damaged or cut short"),
    ],
)
def test_executables_from_elsewhere_are_refused_before_anything_is_unpickled(changes, message, tmp_path):
    canary = tmp_path / "canary"

    class Harm:
        def __reduce__(self):
            return Path.touch, (canary,)

    header = {
        "format": FORMAT,
        "platform": "cpu",
        "device_kind": "cpu",
        "packages": {"jax": jax.__version__, "jaxlib": importlib.metadata.version("jaxlib")},
        "sha256": "0" * 64,
    }
    path = tmp_path / "step"
    path.write_bytes(json.dumps(header | changes).encode() + b"\n" + pickle.dumps(Harm()))
    with pytest.raises(InputError, match=message):
        load_executable(path, jax.devices()[:1])
    assert not canary.exists()


@pytest.mark.parametrize("content", [b"", b"\n", b"\x80\x04N.", b"{}", b"[" * 5000, b"{" + b" " * 99999])
def test_files_that_are_no_executables(content, tmp_path):
    (tmp_path / "step").write_bytes(content)
    with pytest.raises(InputError, match="step: was not written by"):
        load_executable(tmp_path / "step", jax.devices()[:1])


@pytest.mark.parametrize("option", ["--json", "--save"])
def test_a_folder_in_place_of_a_file_is_refused_before_anything_is_compiled(
    tmp_path, monkeypatch, capsys, option
):
    monkeypatch.setattr(command, "compile_step", lambda *_: pytest.fail("compiled first"))
    assert cli.main(["compile", option, str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"jaxunlearn: {tmp_path}: cannot be written, it is a folder\n"


@pytest.mark.must
def test_the_command(tmp_path, monkeypatch, capsys):
    """Three copies on 2 x 2 devices: padded, said; then on a device that has too little memory."""
    tiny = Preset(tiny_models, outline, "heads")
    monkeypatch.setattr(command, "PRESETS", {"heads": tiny})
    arguments = ["compile", "--mesh", "2x1", "--copies", "3", "--json", str(tmp_path / "report.json")]
    find = topology.find
    monkeypatch.setattr(topology, "find", lambda name: find(name)._replace(memory=1e6))
    assert cli.main(arguments) == 3
    printed = capsys.readouterr()
    assert "padding along identity: 25.0 %" in printed.out
    assert "devices exchange nothing" not in printed.out
    assert printed.err.startswith("jaxunlearn: does not fit cpu:")
    assert printed.err.count("\n") == 1
    report = json.loads((tmp_path / "report.json").read_text())
    assert not report["fits"]
    assert report["padding"] == {"padding_identity": 0.25}
    assert report["exchanges"] == []
    assert report["config"]["method"] == "guide"


SUGAR = str(Path(__file__).parents[2] / "configs" / "sugar" / "paper.py")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--topology", "v7x:2x2"], "--topology v7x:2x2: unknown; choose here, or one of v4, v5e, v5p, v6e"),
        (["--topology", "v5e:4"], "slices of v5e have 2 axes, such as v5e:4x4"),
        (["--topology", "v5p:4x4"], "slices of v5p have 3 axes, such as v5p:4x4x4"),
        (["--mesh", "16x2"], "a mesh of 16 x 2 needs 32 devices, but this machine has 8"),
        (["--people", "5"], "--people: GUIDE gives every person a generator copy"),
        (
            ["--method", "guide", "--config", SUGAR],
            f"{SUGAR} is a config of sugar; leave one out",
        ),
        (["--config.rendering.dtype=int8"], "config.rendering.dtype is 'int8'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, message, capsys):
    assert cli.main(["compile", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.must
def test_sugars_step_adds_up_gradients_over_all_devices(monkeypatch, capsys):
    """Nothing is sent along identity, of which there is one, and no weights are made."""
    tiny = Preset(tiny_models, outline, "heads")
    monkeypatch.setattr(command, "PRESETS", {"heads": tiny})
    assert cli.main(["compile", "--method", "sugar", "--people", "6", "--mesh", "1x4"]) == 0
    printed = capsys.readouterr().out
    assert "1 copies of 12 pairs" in printed
    assert "all-reduce along sample" in printed
    assert "along identity" not in printed


@pytest.mark.parametrize("mesh", ["4", "4x", "0x2", "axb"])
def test_a_mesh_that_is_none(mesh, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["compile", "--mesh", mesh])
    assert stopped.value.code == 2
    assert "is not a mesh such as 4x2" in capsys.readouterr().err


def test_the_full_size_outline_makes_no_weights():
    """28.2 M trainable parameters in one copy and their moments, twice, all of them shapes."""
    work = Workload.of(workload.PRESETS["full"].outline(), presets.paper())
    from jaxunlearn.sharding import make_mesh

    state, frozen, _, _ = work.outline(work.recipe(2, make_mesh(2, 1), "cpu"))
    assert all(isinstance(leaf, jax.ShapeDtypeStruct) for leaf in jax.tree.leaves((state, frozen)))
    assert sum(leaf.size for leaf in jax.tree.leaves(frozen.trainable)) == pytest.approx(28.21e6, rel=1e-3)
    assert sum(leaf.size for leaf in jax.tree.leaves(state.trainable)) == pytest.approx(56.42e6, rel=1e-3)


MESSAGE = """\
RESOURCE_EXHAUSTED: XLA:TPU compile permanent error. Ran out of memory in memory space hbm. Used 20.50G of \
15.75G hbm. Exceeded hbm capacity by 4.75G.

  Largest program allocations in hbm:

  1. Size: 4.50G
     Operator: op_name="jit(f)/gather" source_file="planes.py" source_line=71
     Shape: bf16[15,49152,4,32]{3,2,1,0:T(4,128)(2,1)}
     Unpadded size: 1.12G
     ==========================

  2. Size: 512.0M
     Shape: f32[8,4]{1,0}
"""


def test_what_the_compiler_says_of_too_large_a_program():
    refused = too_large(MESSAGE)
    assert refused is not None
    needed, available, (first, second) = refused
    assert needed == int(20.5 * 2**30)
    assert available == int(15.75 * 2**30)
    assert first == {
        "bytes": int(4.5 * 2**30),
        "operator": "jit(f)/gather",
        "shape": "bf16[15,49152,4,32]{3,2,1,0:T(4,128)(2,1)}",
    }
    assert second["operator"] == ""
    assert too_large("INTERNAL: something else") is None


def test_the_other_way_in_which_it_says_so():
    """Word for word, as libtpu 0.0.42.1 refused three products of 32,000² matrices."""
    message = (
        "RESOURCE_EXHAUSTED: Ran out of memory on HBM, the total memory required for HLO temporaries "
        "(22.89G) exceeds available HBM (15.75G)."
    )
    assert too_large(message) == (int(22.89 * 2**30), int(15.75 * 2**30), ())
