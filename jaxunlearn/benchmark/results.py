"""Results on disk: one JSON file, written anew after each case, so that no finished case is lost."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from jaxunlearn.benchmark.cases import Case
from jaxunlearn.errors import InputError
from torch_bridge import replacing

Result = dict[str, Any]
FORMAT = "jaxunlearn bench 1"


def read(path: Path) -> list[Result]:
    """Results of a file, or of `results.json` in a folder.

    Raises:
      InputError: if it is no such file.
    """
    file = path / "results.json" if path.is_dir() else path
    try:
        content = json.loads(file.read_text())
    except FileNotFoundError as error:
        raise InputError(f"{file}: no such file") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{file}: is no result of jaxunlearn bench") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{file}: is no result of jaxunlearn bench")
    return content["cases"]


def write(results: Sequence[Result], path: Path) -> None:
    """Replace a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps({"format": FORMAT, "cases": list(results)}, indent=1) + "\n")


def run(
    cases: Iterable[Case], path: Path, measure: Callable[[Case], Result], *, again: bool, progress: bool
) -> list[Result]:
    """Measure cases and keep each at once.

    Args:
      cases: what to measure.
      path: the file; cases that it holds already, and that did not fail, are not measured.
      measure: a case → its result.
      again: measure those too.
      progress: whether to show a bar.

    Returns:
      The results of these cases, in their order.

    Raises:
      InputError: if the file holds something else.
    """
    kept = {result["name"]: result for result in (read(path) if path.exists() else [])}
    wanted = list(cases)
    for case in tqdm(wanted, unit="case", desc="bench", disable=not progress):
        before = kept.get(case.name)
        if again or before is None or "error" in before or before["case"] != _plain(case):
            kept[case.name] = measure(case)
            write(list(kept.values()), path)
    return [kept[case.name] for case in wanted]


def _plain(case: Case) -> Any:
    return json.loads(json.dumps(case.to_json()))
