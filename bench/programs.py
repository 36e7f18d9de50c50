"""Programs of other people that the benchmark runs.

Takes names, gives commands. Refuses (BenchError) what is not here: `bench/set-up` gets it
where it can.
"""

import os
import shutil
from pathlib import Path

from bench.processes import BenchError

UNPACKED = Path(__file__).parent / ".programs"
"""Where `bench/set-up` unpacks what it does not install."""

_PLACES = (UNPACKED / "usr/sbin", Path("/usr/sbin"))
_LIBRARIES = UNPACKED / "usr/lib/postfix"


def find(name: str) -> str:
    """Give the path of a program; raises BenchError."""
    path = os.pathsep.join([os.environ["PATH"], *map(str, _PLACES)])
    found = shutil.which(name, path=path)
    if found is None:
        raise BenchError(f"{name} is not here; bench/set-up says how to get it")
    return found


def libraries() -> dict[str, str]:
    """Give the environment in which unpacked programs find their libraries."""
    return {"LD_LIBRARY_PATH": str(_LIBRARIES)}
