"""SQL by name, read from the files beside this module.

Takes `sql/*.sql`, where each statement stands under `-- name:` and one line that says what it
does. Gives statement text. Refuses a name that is not there (KeyError), and a file that repeats
one (ValueError).
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def load() -> Mapping[str, str]:
    """Give every statement by its name."""
    found: dict[str, str] = {}
    for file in sorted(resources.files("notifier.store").joinpath("sql").iterdir(), key=str):
        if not file.name.endswith(".sql"):
            continue
        parts = _NAME.split(file.read_text(encoding="utf-8"))
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            if name in found:
                raise ValueError(f"the statement {name} stands twice")
            found[name] = _without_comments(text)
    return found


def _without_comments(text: str) -> str:
    lines = [line for line in text.splitlines() if line and not line.startswith("--")]
    return "\n".join(lines)


@lru_cache(maxsize=4096)
def with_rows(text: str, rows: int, width: int) -> str:
    """Give a statement whose `{rows}` is replaced by places for that many rows of values."""
    row = "(" + ",".join("?" * width) + ")"
    return text.replace("{rows}", ",".join([row] * rows))
