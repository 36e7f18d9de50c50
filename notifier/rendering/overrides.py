"""The operator's folder of templates: what of it may stand in for a built-in file.

Takes a folder and the names that there are, gives texts by name and what is wrong with the
rest. Refuses, each with a sentence: other names, links that lead out of the folder, what is no
file, what is larger than 64 KiB or not UTF-8. It never raises for what lies in the folder.
"""

import difflib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from notifier.rendering import text

LARGEST = 64 * 1024
"""Bytes; the largest built-in one has 5,000."""

_MOST_FILES = 500
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Broken:
    """A file, or a page made of several, that is not used: its name, why, and how to mend it."""

    name: str
    said: str
    mend: str = "mend the file or remove it"


@dataclass(slots=True)
class Found:
    """What may be used, by name, and what may not."""

    files: dict[str, str] = field(default_factory=dict)
    faults: list[Broken] = field(default_factory=list)


def read(folder: Path, known: Collection[str]) -> Found:
    """Look at a folder; names that begin with a dot are passed over."""
    found = Found()
    try:
        root = folder.resolve(strict=True)
        names = list(islice(_names(root), _MOST_FILES + 1))
    except OSError as error:
        found.faults.append(Broken(str(folder), f"it cannot be read: {error.strerror}", _RIGHTS))
        return found
    if len(names) > _MOST_FILES:
        said = f"it holds more than {_MOST_FILES} files; none of them is used"
        found.faults.append(Broken(str(folder), said, "let TEMPLATES_DIR name a folder of its own"))
        return found
    for name in sorted(names):
        try:
            found.files[name] = _text(root, name, known)
        except ValueError as error:
            found.faults.append(Broken(text.clean(name, _LONGEST_NAME), str(error)))
        except OSError as error:
            said = f"it cannot be read: {error.strerror}"
            found.faults.append(Broken(text.clean(name, _LONGEST_NAME), said, _RIGHTS))
    return found


_RIGHTS = "let the user that runs the service read it"


def _names(root: Path, prefix: str = "") -> Iterator[str]:
    """Give the names of what lies in a folder, and in those right within it."""
    with os.scandir(root) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.name.startswith("."):
                continue
            if os.path.isdir(entry.path) and not prefix:
                yield from _inner(root, entry, name)
            else:
                yield name


def _inner(root: Path, entry: os.DirEntry[str], name: str) -> Iterator[str]:
    # A link to a folder elsewhere is named itself, and refused by that name.
    if _real(entry.path).is_relative_to(root):
        yield from _names(Path(entry.path), f"{name}/")
    else:
        yield name


def _real(path: Path | str) -> Path:
    # Not Path.resolve, which falls over links that lead in a circle.
    return Path(os.path.realpath(path))


def _text(root: Path, name: str, known: Collection[str]) -> str:
    path = _real(root / name)
    if not path.is_relative_to(root):
        raise ValueError("it is a link that leads out of the folder")
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=1)
        meant = f"; did you mean {nearest[0]}?" if nearest else ""
        raise ValueError(f"there is no template of this name{meant}")
    # Not what blocks when it is opened.
    if not path.is_file():
        raise ValueError("it is not a file")
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 1024} KiB")
    try:
        # Editors on Windows begin a file with a mark, which is no part of the text.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8, at byte {error.start}") from None
