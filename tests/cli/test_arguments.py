"""Numbers and paths on the command line: within limits, or refused in one line, with nothing written."""

import argparse
import contextlib
import functools
import io
import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eg3d_flax import GeneratorConfig
from jaxunlearn.cli import argument_types as types
from jaxunlearn.cli import main as cli
from jaxunlearn.cli.readers import join, read_config
from jaxunlearn.errors import InputError
from jaxunlearn.methods.config import check_config
from jaxunlearn.methods.config.declaration import declared, flat
from jaxunlearn.methods.registry import method_of, preset
from jaxunlearn.models.files.network_files import open_network
from jaxunlearn.models.files.pretrained import locate_file
from jaxunlearn.models.generator import load_generator
from jaxunlearn.models.identity import load_identity
from jaxunlearn.models.latent_io import read_latents
from jaxunlearn.models.loading import MeanLatent
from jaxunlearn.photos.inversion import choice
from jaxunlearn.photos.inversion.report import InversionReport
from jaxunlearn.process import multihost

ENOUGH = {
    "unlearn": ["--seed", "1"],
    "invert": ["photo.png"],
    "convert": ["in.pth"],
    "evaluate": ["run"],
    "align": ["photo.png", "--out", "aligned"],
    "attack": ["run"],
    "report": ["run"],
    "study": ["run"],
}
"""Arguments that a command cannot do without."""
INSTEAD = {
    "unlearn": ("--seed", "--image", "--latents", "--identities", "--sequence"),
    "report": ("--compare",),
}
"""Options in the place of `ENOUGH`."""
PATHS = (types.local_path, types.name_or_path)
UNTYPED = {"--sweep", "--coordinator", "--kind", "--topology", "--config", "--preset", "--video", "--mesh"}
UNTYPED |= {"table", "--rows"}
"""Options whose texts are checked where they are used."""


@functools.cache
def parser() -> argparse.ArgumentParser:
    return cli.parser()


def valued_options(*, with_choices: bool = False) -> Iterator[tuple[str, argparse.Action]]:
    """Command and option of everything that takes a value; those with few values only if they are wanted."""
    made = next(action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    for command, its_parser in made.choices.items():
        for action in its_parser._actions:
            if action.nargs != 0 and (with_choices or action.choices is None):
                yield command, action


NUMBERS = [
    (command, action) for command, action in valued_options() if action.type and action.type not in PATHS
]
FILES = [(command, action) for command, action in valued_options() if action.type in PATHS]


def test_every_option_has_a_type_that_checks_it():
    untyped = [action for _, action in valued_options() if action.type is None]
    assert {(action.option_strings or [action.dest])[0] for action in untyped} == UNTYPED
    assert all(action.type not in (int, float, Path) for _, action in valued_options())


def test_photos_are_inverted_in_the_ways_of_the_library():
    """The parser repeats them, since importing them would cost JAX."""
    for method, form in itertools.product(get_args(choice.Method), get_args(choice.EncoderInput)):
        words = f"unlearn --image a.png --inversion {method} --encoder-input {form}"
        parsed = parser().parse_args(words.split())
        assert (parsed.inversion, parsed.encoder_input) == (method, form)


TEXTS = ("1", "2", "2x1", "heads", "a.png")
"""Texts of which every type of an option takes one."""


def a_value(action: argparse.Action) -> str:
    """A text that an option takes."""

    def takes(text: str) -> bool:
        with contextlib.suppress(argparse.ArgumentTypeError, ValueError):
            value = action.type(text) if callable(action.type) else text
            return action.choices is None or value in action.choices
        return False

    return next(text for text in (*TEXTS, *map(str, action.choices or ())) if takes(text))


def test_an_option_given_twice_counts_twice_or_is_refused(capsys):
    """It never happens that only the last one counts."""
    for command, action in valued_options(with_choices=True):
        if not action.option_strings:
            continue
        line = commanded(command, action, a_value(action))
        once = getattr(parser().parse_args(line), action.dest)
        for option in action.option_strings:
            again = [*line, f"{option}={a_value(action)}"]
            if isinstance(action, argparse._AppendAction):
                assert len(getattr(parser().parse_args(again), action.dest)) == len(once) + 1
                continue
            with pytest.raises(SystemExit) as stop:
                parser().parse_args(again)
            error = capsys.readouterr().err
            assert (stop.value.code, error.count("\n")) == (2, 1)
            assert "given twice" in error


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("unlearn --seed 0 --seed 1", "argument --seed/--seeds: given twice; write --seed A,B (see"),
        ("unlearn --image a.png --image b.png", "argument --image: given twice; write --image A B (see"),
        ("unlearn --seed 0 --out a --out b", "argument --out: given twice (see"),
        ("demo --config.steps=1 --config.steps=2", "argument --config.steps: given twice (see"),
    ],
)
def test_a_second_value_is_refused_with_the_way_to_write_several(capsys, line, advice):
    with pytest.raises(SystemExit) as stop:
        cli.parse(line.split())
    assert stop.value.code == 2
    assert advice in capsys.readouterr().err


HOSTILE = st.one_of(
    st.sampled_from(["nan", "inf", "-inf", "1e999", "-1", "0", "1_0", "0x10", "", "9" * 5000, "1e-400"]),
    st.sampled_from(
        ["0-4294967295", "0-4294967296", "5-3", "1,,2", "\uff11\uff12", "4294967295", "1x0", "9x99999"]
    ),
    st.integers(-(10**30), 10**30).map(str),
    st.floats().map(repr),
    st.text(max_size=20),
)


def commanded(command: str, action: argparse.Action, text: str) -> list[str]:
    own = action.option_strings
    if not own:
        return [command, "--", text]
    required = [] if own[0] in INSTEAD.get(command, ()) else ENOUGH.get(command, [])
    if (command, own[0]) == ("align", "--out"):
        required = ["photo.png"]
    return [command, *required, f"{own[0]}={text}"]


def parsed_or_refused(line: list[str]) -> argparse.Namespace | str:
    """What the parser makes of a command, or the text with which it refuses it."""
    complaint = io.StringIO()
    with contextlib.redirect_stderr(complaint):
        try:
            return parser().parse_args(line)
        except SystemExit as stop:
            return f"{stop.code}: {complaint.getvalue()}"


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(NUMBERS), HOSTILE)
def test_numbers_are_within_limits_or_refused_in_one_line(option, text):
    command, action = option
    parsed = parsed_or_refused(commanded(command, action, text))
    if isinstance(parsed, str):
        assert parsed.startswith("2: ")
        assert parsed.count("\n") == 1
        assert len(parsed) < 1000
        return
    value = getattr(parsed, action.dest)
    values = list(value) if isinstance(value, list | tuple) else [value]
    assert 0 < len(values) <= types.MOST_SEEDS
    assert all(math.isfinite(number) and abs(number) < 2**32 for number in values)


DEFAULTS = {name: functools.partial(preset, name) for name in ("guide/paper", "guide/many", "sugar/paper")}
SETTINGS = [(name, key) for name, make in DEFAULTS.items() for key in flat(make())]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SETTINGS), HOSTILE)
def test_settings_are_within_limits_or_refused(setting, text):
    default, name = setting
    about = declared(method_of(DEFAULTS[default]()).declaration(DEFAULTS[default]()))[name]
    refusal = ""
    config = None
    try:
        config = read_config(None, [f"--config.{name}={text}"], DEFAULTS[default]())
        check_config.check(config)
    except InputError as error:
        refusal = str(error)
    assert len(refusal) < 1000
    if refusal:
        return
    value: Any = flat(config)[name]
    assert not about.choices or value in about.choices
    if isinstance(about.default, int | float):
        assert about.least <= value <= about.most


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 10**40, -(10**40), True, None, "7", 2.5, ()]
)
def test_settings_from_a_file_may_be_anything(value):
    """A config file is a program, so a setting can have any value."""
    for make in DEFAULTS.values():
        for name, about in declared(method_of(make()).declaration(make())).items():
            if isinstance(about.default, bool) or not isinstance(about.default, int | float):
                continue
            config = make()
            section, _, key = name.rpartition(".")
            target = config[section] if section else config
            with target.ignore_type():
                target[key] = value
            held = flat(config)[name]
            if isinstance(held, float) and about.least <= held <= about.most:
                continue  # 2.5, or a truth that ml_collections makes 1.0
            with pytest.raises(InputError, match=rf"config\.{name} must be a "):
                check_config.check(config)


ADDRESSES = [
    "gs://bucket/name",
    "s3://b/n.npz",
    "hf://user/net.safetensors",
    "https://x.org/a.pkl",
    "gs:/b/n",
    "tfds://b/n",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_are_refused_by_every_option(capsys, address):
    for command, action in FILES:
        with pytest.raises(SystemExit) as stop:
            parser().parse_args(commanded(command, action, address))
        error = capsys.readouterr().err
        assert (stop.value.code, error.count("\n")) == (2, 1)
        assert f"paths of {address.partition(':')[0]}:// cannot be used yet" in error


@pytest.mark.parametrize("name", ["lfw", "/data/heads/album/1.4.0", "data/heads/1.4.0"])
def test_data_sets_are_no_addresses(name):
    for option in ("--image", "--identities"):
        parsed = parser().parse_args(["unlearn", option, f"tfds:{name}[train]"])
        assert f"tfds:{name}[train]" in (parsed.image or parsed.identities)


def test_a_data_set_is_no_folder_to_write(capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(["unlearn", "--seed", "1", "--out", "tfds:/data"])
    assert "paths of tfds:// cannot be used yet" in capsys.readouterr().err


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_are_refused_by_the_library(tmp_path, monkeypatch, address):
    monkeypatch.chdir(tmp_path)
    config = GeneratorConfig.small()
    for use in (
        lambda: load_generator(address),
        lambda: load_identity(address),
        lambda: open_network(address, "lpips"),
        lambda: MeanLatent.read(Path(address), config),
        lambda: locate_file(Path(address)),
        lambda: read_latents(Path(address), config),
        lambda: InversionReport(Path(address), None, None),  # type: ignore[arg-type]
    ):
        with pytest.raises(InputError, match="cannot be used yet"):
            use()
    assert not list(tmp_path.iterdir())


REFUSED = [
    "render --yaw nan",
    "render --pitch inf --out o",
    "render --truncation-psi inf",
    "render --noise-mode random --noise-seed -1",
    "render --seeds 0-4294967295",
    "render --mesh h.ply --mesh-level nan",
    "render --mesh h.ply --mesh-resolution 100000",
    "render --resolution 100000",
    "render --video o.gif --frames 1000000000",
    "render --video o.gif --fps 1000000000",
    "render --batch 99999999999",
    "render --seeds 0-9999 --video o.gif --frames 1000",
    "unlearn --seed 0-1024",
    "render --out gs://bucket/pictures",
    "render --config gs://bucket/c.py",
    "unlearn --seed 0-4294967295",
    "unlearn --seed 1 --out gs://bucket/run",
    "unlearn --seed 1 --steps 99999999999999999999999999999",
    "unlearn --seed 1 --config.steps=99999999999999999999999999999",
    "unlearn --seed 1 --config.target.distance=nan",
    "unlearn --seed 1 --config.optimiser.b1=1",
    "unlearn --seed 1 --config gs://bucket/config.py:heads",
    "unlearn --seed 1 --method sugar --sweep-distance=nan",
    "unlearn --seed 1 --method sugar --config.surrogates.file=gs://bucket/mapper.pt",
    "unlearn --seed 1 --parallel 99999999",
    "unlearn --seed 1 --mesh 99999999x99999999",
    "unlearn --seed 1 --mesh 512x1",
    "unlearn --seed 1 --process -1",
    "unlearn --identities gs://bucket/people",
    "demo --seed 0-3",
    "demo --config.terms.planes=inf",
    "demo --out s3://b/n",
    "invert hf://people/photo.png",
    "invert photo.png --steps 1e9",
    "invert photo.png --devices 4097",
    "bake runs/seven --devices 0",
    "convert https://host/net.pkl out.safetensors",
    "convert in.pkl gs://b/out.safetensors",
    "evaluate gs://bucket/run",
    "models --dir gs://bucket",
    "bench --copies 99999999",
    "bench --sweep copies=99999999999",
    "bench --sweep rays=999999",
    "bench --sweep mesh=99999999999x1",
    "bench --config.pairs.num_global=99999999",
    "compile --json gs://b/report.json",
    "compile --topology v5e:9999x9999",
    "compile --topology v5e:99999999999999999999x1",
    "compile --config.rendering.rays=99999999",
    "compile --json nowhere/report.json",
    "compile --save nowhere/executable",
]


@pytest.mark.parametrize("line", REFUSED)
def test_a_refused_command_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, capsys, line):
    monkeypatch.chdir(tmp_path)
    try:
        code = cli.main(line.split())
    except SystemExit as stop:
        code = stop.code
    errors = capsys.readouterr().err.splitlines()
    assert (code, len(errors)) == (2, 1), errors
    assert not list(tmp_path.iterdir())


def test_ranges_of_seeds_are_written_out_up_to_a_limit():
    assert types.seeds("0-3,7") == [0, 1, 2, 3, 7]
    assert types.seeds("4294967295") == [2**32 - 1]
    assert len(types.seeds("0-9999")) == types.MOST_SEEDS
    for text in ("0-10000", "0-4294967295", ",".join(["0-9999"] * 2)):
        with pytest.raises(argparse.ArgumentTypeError, match="give at most 10000"):
            types.seeds(text)
    assert np.isfinite(types.numbers("-5,5")).all()


def test_numbers_of_people_are_called_so():
    assert types.people("0,3-4") == [0, 3, 4]
    for read, what in ((types.people, "numbers of people"), (types.seeds, "seeds")):
        with pytest.raises(argparse.ArgumentTypeError, match=f"'ada' is not a list of {what} such as 0-3,7"):
            read("ada")


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("", []),
        ("--wait 7", []),
        ("--distributed", [((None, None, None), multihost.WAIT)]),
        ("--distributed --wait 7", [((None, None, None), 7)]),
        ("--coordinator a:1 --processes 2 --process 1 --wait 7", [(("a:1", 2, 1), 7)]),
        ("--process 0", [((None, None, 0), multihost.WAIT)]),
    ],
)
def test_other_processes_are_looked_for_as_the_options_say(words, asked, monkeypatch):
    started = []
    monkeypatch.setattr(multihost, "start", lambda *where, wait: started.append((where, wait)))
    join(parser().parse_args(["unlearn", "--seed", "1", *words.split()]))
    assert started == asked
