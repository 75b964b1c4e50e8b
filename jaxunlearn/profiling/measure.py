"""Measure one case, in this process or in a process of its own.

A process of its own has its own peak memory. If it runs out of memory and is killed, the other cases go on.
"""

import dataclasses
import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import jax
from flax import nnx
from tqdm import tqdm

from jaxunlearn.errors import InputError, first_line
from jaxunlearn.methods.pairs import Target
from jaxunlearn.models.flops import Networks
from jaxunlearn.models.loading import Models
from jaxunlearn.process.devices import on_cpu
from jaxunlearn.process.memory import peak_memory
from jaxunlearn.process.platforms import unusable_platform
from jaxunlearn.profiling.by_part import step_flops, trace
from jaxunlearn.profiling.by_part.parts import StepParts, time_part
from jaxunlearn.profiling.cases import Case
from jaxunlearn.profiling.copies import bytes_of, copy_size
from jaxunlearn.profiling.devices import chip, products
from jaxunlearn.profiling.exchanges import exchanges
from jaxunlearn.profiling.results import Result
from jaxunlearn.profiling.timing import timed
from jaxunlearn.profiling.workload import PRESETS, Workload
from jaxunlearn.sharding import SAMPLE, make_mesh
from jaxunlearn.terminal import say
from jaxunlearn.training.compiled_step import StepRecipe, compiled_step
from jaxunlearn.training.step import Frozen, State

ISOLATED = ("-P",)
"""Options for Python: do not import from the current folder, which may contain a file such as `tqdm.py`."""
PROFILED = 3
"""Steps that a profile traces."""
_PROGRAM = """\
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
from jaxunlearn.profiling import measure
measure.main(sys.argv[1])
"""
"""Program of a process of its own. A terminal's Ctrl-C reaches it, too; its parent ends it."""
_DEVICE = "import jax; print(jax.devices()[0].device_kind)"


def networks_of(models: Models) -> Networks:
    """Return the sizes of the networks."""
    identity = nnx.merge(models.identity.graph, models.identity.state)
    return Networks(models.generator.config, models.perceptual.net, identity.config)


def measure(case: Case, models: Models, *, progress: bool = True) -> Result:
    """Compile and time a case; `case.precision` must already be the precision of this process.

    Returns:
      The fields in `docs/guides/speed.md`, as plain JSON values.

    Raises:
      InputError: if a setting is invalid, or the mesh needs more devices.
    """
    workload = Workload.of(models, case.settings, case.people, case.forms)
    mesh = None if case.mesh is None else make_mesh(*case.mesh)
    recipe = workload.recipe(case.copies, mesh, jax.default_backend())
    state, *rest = jax.block_until_ready(_arguments(workload, recipe))
    began = time.perf_counter()
    compiled = compiled_step(recipe, state, *rest)
    compile_seconds = time.perf_counter() - began

    def step() -> Any:
        nonlocal state
        state, measured = compiled.advance(state, *rest)
        return state, measured

    with tqdm(
        total=case.warm_up + case.steps, unit="step", leave=False, desc=case.name, disable=not progress
    ) as bar:
        seconds = timed(step, case.steps, case.warm_up, bar.update)
    devices = jax.devices()[:1] if mesh is None else list(mesh.devices.flat)
    networks = networks_of(models)
    work = step_flops.total(step_flops.step(networks, recipe.settings)) * case.copies
    cost = {name: compiled.calls * value for name, value in (compiled.program.cost_analysis() or {}).items()}
    peak_chip = chip(devices[0].device_kind)
    result: Result = {
        "name": case.name,
        "case": case.to_json(),
        "device": devices[0].device_kind,
        "platform": devices[0].platform,
        "devices": len(devices),
        **_compiler(),
        "products": products(devices[0].platform, case.config["rendering"]["dtype"], case.precision),
        "compile_seconds": compile_seconds,
        "step_seconds": dataclasses.asdict(seconds),
        "steps_per_second": 1 / seconds.p50,
        "pairs_per_second": case.copies * case.pairs / seconds.p50,
        "identities_per_hour": 3600 * case.copies * case.people / (case.config["steps"] * seconds.p50),
        "padding": recipe.padding(),
        **_of_copies(state, rest[0], rest[1], recipe, compiled.program),
        "peak": dataclasses.asdict(peak_memory(devices)),
        "program": _program(compiled.program),
        "model_tflop": work / 1e12,
        "achieved_tflops": work / seconds.p50 / 1e12,
        "mfu": None if peak_chip is None else work / seconds.p50 / (peak_chip.flops * len(devices)),
        "xla_flops": cost.get("flops"),
        "xla_bytes": cost.get("bytes accessed"),
    }
    if case.profile:
        operations = trace.operations(step, PROFILED, compiled.program.as_text(), len(devices))
        result["profile"] = [dataclasses.asdict(operation) for operation in operations]
    if case.parts:
        result["parts"] = _parts(case, rest[0], recipe, networks, progress)
    return result


def _arguments(workload: Workload, recipe: StepRecipe) -> tuple[Any, ...]:
    """Return the arguments of the first step; those for one device are computed on the host."""
    if recipe.mesh is not None:
        return workload.arguments(recipe)
    with on_cpu():
        arguments = workload.arguments(recipe)
    return jax.device_put(arguments, jax.local_devices()[0])


def _of_copies(state: State, frozen: Frozen, target: Target, recipe: StepRecipe, compiled: Any) -> Result:
    """Return what copies have of their own, what they share, and what devices exchange for them."""
    sample = 1 if recipe.mesh is None else recipe.mesh.shape[SAMPLE]
    return {
        "copy": dataclasses.asdict(copy_size(state, target, recipe.trained)),
        "shared": bytes_of(frozen),
        "exchanges": [dataclasses.asdict(each) for each in exchanges(compiled.as_text(), sample)],
    }


def _program(compiled: Any) -> dict[str, int] | None:
    """Return the bytes that XLA reserves on a device; None if it does not tell."""
    analysis = compiled.memory_analysis()
    if analysis is None:
        return None
    names = ("argument", "output", "alias", "temp")
    return {name: getattr(analysis, f"{name}_size_in_bytes") for name in names}


def _parts(
    case: Case, frozen: Frozen, recipe: StepRecipe, networks: Networks, progress: bool
) -> list[dict[str, Any]]:
    times = []
    calls, warm_up = max(case.steps // 3, 1), min(case.warm_up, 1)
    parts = StepParts(frozen, recipe.graphdef, recipe.settings).parts(networks)
    for part in tqdm(parts, unit="part", leave=False, desc="parts", disable=not progress):
        times += [dataclasses.asdict(time) for time in time_part(part, calls, warm_up)]
    return times


def in_own_process(case: Case) -> Result:
    """Measure a case in a new Python process.

    Returns:
      A result; if the case is impossible or failed, only `name`, `case` and an `error` of one line.

    Raises:
      InputError: if JAX cannot use the platform that it is told to use.
    """
    command = [sys.executable, *ISOLATED, "-c", _PROGRAM, json.dumps(case.to_json())]
    changes = {
        "JAX_ENABLE_COMPILATION_CACHE": "false",  # so that compile_seconds measures compilation
        "PYTHONIOENCODING": "utf-8",
    }
    environment = {**os.environ, **changes}
    done = subprocess.run(
        command, stdout=subprocess.PIPE, encoding="utf-8", errors="replace", check=False, env=environment
    )
    lines = done.stdout.splitlines()
    if done.returncode < 0:
        return _failed(case, f"killed by signal {-done.returncode}: probably out of memory")
    if done.returncode or not lines:
        return _failed(case, f"its process ended with exit code {done.returncode}")
    answer = json.loads(lines[-1])
    if "refused" in answer:
        raise InputError(answer["refused"])
    return answer


@functools.cache
def circumstances() -> Mapping[str, str]:
    """Return `results.CIRCUMSTANCES` here, seen by a new process: one that holds a device takes its memory.

    The device is "" if JAX finds none; the measurement then says why.
    """
    command = [sys.executable, *ISOLATED, "-c", _DEVICE]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8", check=False
    )
    return {"device": done.stdout.strip(), **_compiler()}


def _compiler() -> dict[str, str]:
    return {"jax": jax.__version__, "xla_flags": os.environ.get("XLA_FLAGS", "")}


def _failed(case: Case, error: str) -> Result:
    return {"name": case.name, "case": case.to_json(), "error": error}


def main(argument: str) -> None:
    """Measure a case, given as JSON, and print the result as JSON in the last line."""
    case = Case.from_json(json.loads(argument))
    if case.precision != "default":
        jax.config.update("jax_default_matmul_precision", case.precision)
    try:
        with on_cpu():
            models = PRESETS[case.preset].load()
        answer = measure(case, models)
    except InputError as error:  # another case of a sweep may fit this machine
        answer = _failed(case, str(error))
    except Exception as error:
        if isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error):
            answer = _failed(case, f"out of memory: {first_line(error)}")
        elif (line := unusable_platform(error)) is not None:
            answer = {"refused": line}
        else:
            raise
    say(json.dumps(answer))
