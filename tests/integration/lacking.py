"""A Python that lacks something: for processes that must do without it."""

import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]


def without(folder: Path, *modules: str, signals: tuple[str, ...] = ()) -> str:
    """Give a PYTHONPATH under which these modules cannot be imported, nor these signals named.

    It writes a `sitecustomize` into `folder`; what the interpreter itself has imported before
    that keeps working.
    """
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        textwrap.dedent(f"""\
            import signal
            import sys

            for name in {modules!r}:
                sys.modules[name] = None
            for name in {signals!r}:
                delattr(signal, name)
            """)
    )
    return f"{folder}:{ROOT}"
