"""What a run has seen, told line by line as it happens, and whether it was what it should be."""

import sys
from typing import TextIO


class Account:
    """`faults` counts what was not as it should be."""

    def __init__(self, to: TextIO = sys.stdout) -> None:
        self.faults = 0
        self._to = to

    def title(self, text: str) -> None:
        """Begin a part."""
        self._write(f"\n{text}")

    def saw(self, what: str, wanted: object, got: object) -> None:
        """Tell what followed from something, and whether it was what was wanted."""
        if wanted == got:
            self._write(f"  ok     {what}: {_shown(got)}")
        else:
            self.faults += 1
            self._write(f"  FAULT  {what}: {_shown(got)}; wanted: {_shown(wanted)}")

    def broke_off(self, what: str, error: BaseException) -> None:
        """Tell of a part that could not be told to its end."""
        self.faults += 1
        self._write(f"  FAULT  {what} broke off: {type(error).__name__}: {error}")

    def _write(self, line: str) -> None:
        self._to.write(f"{line}\n")
        self._to.flush()


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "nothing"
    return str(value)
