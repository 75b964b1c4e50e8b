"""Keep results in one JSON file, rewritten after each case so that no finished case is lost."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from tqdm import tqdm

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_json, write_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.profiling.cases import Case

Result = dict[str, Any]
"""The fields of `CaseResult` or `FailedResult`."""
FORMAT = "jaxunlearn bench 1"
CIRCUMSTANCES = ("device", "jax", "xla_flags")
"""Fields of a result that its numbers depend on beside its case; older files have no `xla_flags`."""


class _SecondsJson(TypedDict):
    p50: float
    p95: float
    calls: int


class _PeakJson(TypedDict):
    bytes: int
    of: str


class _ProgramJson(TypedDict):
    temp: int


class _CopyJson(TypedDict):
    parameters: int
    optimiser: int


class _ExchangeJson(TypedDict):
    kind: str
    axis: str
    count: int
    bytes: int


class _PartJson(TypedDict):
    part: str
    direction: str
    seconds: float
    flops: float
    bytes: float


class _OperationJson(TypedDict):
    name: str
    part: str
    direction: str
    seconds: float
    count: float


class CaseResult(TypedDict):
    name: str
    case: dict[str, Any]
    device: str
    devices: int
    jax: str
    xla_flags: NotRequired[str]
    products: str
    compile_seconds: float
    step_seconds: _SecondsJson
    steps_per_second: float
    pairs_per_second: float
    identities_per_hour: float
    padding: dict[str, float]
    peak: _PeakJson
    program: _ProgramJson | None
    achieved_tflops: float
    mfu: float | None
    xla_bytes: float | None
    copy: NotRequired[_CopyJson]
    shared: NotRequired[int]
    exchanges: NotRequired[list[_ExchangeJson]]
    parts: NotRequired[list[_PartJson]]
    profile: NotRequired[list[_OperationJson]]


class FailedResult(TypedDict):
    name: str
    case: dict[str, Any]
    error: str


class _ResultsJson(TypedDict):
    format: str
    cases: list[dict[str, Any]]


def read(path: Path) -> list[Result]:
    """Read the results of a file, or of `results.json` in a folder.

    Raises:
      InputError: if it is not a file of results.
    """
    file = path / "results.json" if path.is_dir() else path
    content = read_json(file)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{file}: is not a result of jaxunlearn bench")
    return [_checked(result, file) for result in check_form(content, _ResultsJson, file)["cases"]]


def _checked(result: Result, file: Path) -> Result:
    if "error" in result:
        check_form(result, FailedResult, file)
        return result
    case = check_form(result, CaseResult, file)
    divisors = {
        "step_seconds.p50": case["step_seconds"]["p50"],
        "compile_seconds": case["compile_seconds"],
        **{f"parts[{k}].seconds": part["seconds"] for k, part in enumerate(case.get("parts", []))},
        **{f"parts[{k}].bytes": part["bytes"] for k, part in enumerate(case.get("parts", []))},
    }
    for name, value in divisors.items():
        if not value > 0:
            raise InputError(f"{file}: {name} must be above 0, not {value}")
    return result


def write(results: Sequence[Result], path: Path) -> None:
    """Write results into a file, which is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"format": FORMAT, "cases": list(results)})


def run(
    cases: Iterable[Case],
    path: Path,
    measure: Callable[[Case], Result],
    circumstances: Callable[[], Mapping[str, str]],
    *,
    again: bool,
    progress: bool,
) -> list[Result]:
    """Measure cases and write each result at once.

    Args:
      cases: the cases.
      path: file of results; cases with a result in it are not measured again, unless they failed or were
        measured in other circumstances.
      measure: function from a case to its result.
      circumstances: function that returns those of `CIRCUMSTANCES` here; called if a case has a result.
      again: True measures all cases again.
      progress: True shows a progress bar.

    Returns:
      The results of these cases, in their order.

    Raises:
      InputError: if the file is not a file of results.
    """
    kept = {result["name"]: result for result in (read(path) if path.exists() else [])}
    wanted = list(cases)
    for case in tqdm(wanted, unit="case", desc="bench", disable=not progress):
        before = kept.get(case.name, {"error": "not measured"})
        known = "error" not in before and before["case"] == _plain(case)
        if again or not known or {name: before.get(name) for name in CIRCUMSTANCES} != circumstances():
            kept[case.name] = measure(case)
            write(list(kept.values()), path)
    return [kept[case.name] for case in wanted]


def _plain(case: Case) -> Any:
    return json.loads(json.dumps(case.to_json()))
