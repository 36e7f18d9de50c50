"""The Dockerfile as stages of instructions, and which files its context holds.

Takes the text of a Dockerfile and of a .dockerignore, gives stages and files. Refuses an
instruction or a form that this project's Dockerfile has no need of (ValueError), so that nothing
in it is passed over in silence. Source: docs.docker.com/reference/dockerfile.
"""

import fnmatch
import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

_SHELL = "RUN"
_IN_STAGE = frozenset({"COPY", _SHELL, "ENV", "WORKDIR"})
_OF_IMAGE = frozenset({"USER", "VOLUME", "EXPOSE", "STOPSIGNAL"})


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction that changes files: `COPY`, `RUN`, `ENV` or `WORKDIR`, and its words."""

    name: str
    words: str


@dataclass(slots=True)
class Stage:
    """What is done from one FROM to the next, and what the image then says of itself."""

    base: str
    name: str | None
    steps: list[Step] = field(default_factory=list)
    says: dict[str, str] = field(default_factory=dict)

    def command(self, name: str) -> list[str]:
        """Give ENTRYPOINT, CMD or HEALTHCHECK as its list of words."""
        words: list[str] = json.loads(self.says[name])
        return words


def parse(text: str) -> list[Stage]:
    """Give the stages in their order."""
    stages: list[Stage] = []
    arguments: dict[str, str] = {}
    for name, words in _instructions(text):
        if name == "ARG" and not stages:
            key, _, value = words.partition("=")
            arguments[key] = value
        elif name == "FROM":
            stages.append(_stage(words, arguments))
        else:
            _take(stages[-1], name, words)
    return stages


def _instructions(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", "")
    return [
        (name, words.strip()) for name, _, words in (x.partition(" ") for x in joined.split("\n"))
    ]


def _stage(words: str, arguments: dict[str, str]) -> Stage:
    match = re.fullmatch(r"(\S+)(?: AS (\S+))?", words)
    if match is None:
        raise ValueError(f"FROM {words}")
    base = re.sub(r"\$\{(\w+)\}", lambda found: arguments[found[1]], match[1])
    return Stage(base, match[2])


def _take(stage: Stage, name: str, words: str) -> None:
    if name in _IN_STAGE:
        stage.steps.append(Step(name, words))
    elif name in _OF_IMAGE or name in ("ENTRYPOINT", "CMD"):
        stage.says[name] = words
    elif name == "HEALTHCHECK":
        stage.says[name] = words.partition(" CMD ")[2]
    else:
        raise ValueError(f"{name} {words}")


def variables(words: str) -> dict[str, str]:
    """Give the names and values of an ENV."""
    return dict(pair.split("=", 1) for pair in shlex.split(words))


def ignored(path: str, rules: list[str]) -> bool:
    """Tell whether a .dockerignore keeps a path out; the last rule that matches decides."""
    out = False
    for rule in rules:
        pattern = rule.removeprefix("!").replace("**/", "*")
        parts = path.split("/")
        above = ("/".join(parts[: end + 1]) for end in range(len(parts)))
        if any(fnmatch.fnmatchcase(one, pattern) for one in above):
            out = not rule.startswith("!")
    return out


def context(folder: Path) -> list[str]:
    """Give the files of the build context, relative to it."""
    lines = (folder / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    inside = [path for path in folder.iterdir() if not ignored(path.name, rules)]
    files = [one for path in inside for one in ([path] if path.is_file() else path.rglob("*"))]
    names = (str(path.relative_to(folder)) for path in files if path.is_file())
    return sorted(name for name in names if not ignored(name, rules))
