"""What every measure is told: how long, how often, and where."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plan:
    """`turns` times every side, `seconds` of load each; `history` and `backlog` are rows."""

    turns: int
    seconds: int
    history: int
    backlog: int
    folder: Path

    @contextmanager
    def place(self) -> Iterator[Path]:
        """Give an empty folder for one run."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            folder = Path(name)
            # The sink runs as nobody, and wants its working directory.
            folder.chmod(0o755)
            yield folder
