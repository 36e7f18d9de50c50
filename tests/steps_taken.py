"""The calls that a piece of work makes, Python's and C's, in their order.

What takes other steps for another secret takes another time for it; what takes the same ones, and
compares in C without stopping early, tells nothing by its time.
"""

import sys
from collections.abc import Callable
from types import BuiltinFunctionType, FrameType


def steps(work: Callable[[], object]) -> list[str]:
    """Run `work`, give the names of what it called."""
    found: list[str] = []

    def note(frame: FrameType, event: str, arg: object) -> None:
        if event == "call":
            found.append(frame.f_code.co_qualname)
        elif event == "c_call" and isinstance(arg, BuiltinFunctionType):
            found.append(arg.__qualname__)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return found
