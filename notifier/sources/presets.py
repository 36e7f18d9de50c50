"""The help desks that are known already: shipped tables, one file each in `presets`.

Takes a name, gives its table. Refuses (ConfigurationError) a name that is none, with the nearest.
"""

import difflib
import tomllib
from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import Any

from notifier.model.errors import ConfigurationError

_FOLDER = files(__package__) / "presets"
_ENDING = ".toml"


@cache
def names() -> tuple[str, ...]:
    """Give every name, in order of the alphabet."""
    found = (file.name for file in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(_ENDING) for name in found if name.endswith(_ENDING)))


def table(name: str) -> dict[str, Any]:
    """Give the table of a preset, `about` included; raises ConfigurationError."""
    if name not in names():
        nearest = difflib.get_close_matches(name, names(), n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else "`notifier sources presets` lists them"
        raise ConfigurationError(f"preset: there is no preset {name}; {hint}")
    return deepcopy(_table(name))


@cache
def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}{_ENDING}").read_text(encoding="utf-8"))
