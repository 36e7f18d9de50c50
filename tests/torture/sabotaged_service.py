"""The service with a defect planted in it: `python -m` this, then a command.

Takes the name of the defect from TORTURE_SABOTAGE, the deadlines of the door, in milliseconds, from
TORTURE_DEADLINES, a file with how far the wall clock is off from TORTURE_CLOCK, and SHIM_LOG and
SHIM_SPACE as tests/integration/shimmed_service.py does. Nothing of this is in the package itself.
"""

import functools
import os
import time
from collections.abc import Callable
from pathlib import Path

from notifier.app import serving
from notifier.cli.main import main
from notifier.web.guard import guarded
from tests.integration import shimmed_service
from tests.torture import sabotages
from tests.torture.harness import SABOTAGE
from tests.torture.wall_clock import OFFSET

DEADLINES = "TORTURE_DEADLINES"
"""Two numbers, of the headers and of the body, so that a short run need not wait for them."""


def off(clock: Callable[[], float], unit: int, file: Path) -> Callable[[], float]:
    """Give a clock that is off by the seconds in a file."""
    return lambda: clock() + int(file.read_text()) * unit


if __name__ == "__main__":
    if {shimmed_service.LOG, shimmed_service.SPACE} & os.environ.keys():
        files = shimmed_service.install()
    if DEADLINES in os.environ:
        header, body = (int(text) / 1000 for text in os.environ[DEADLINES].split())
        sabotages.replace_part(serving, "guarded", functools.partial(guarded, header, body))
    if OFFSET in os.environ:
        offset = Path(os.environ[OFFSET])
        time.time = off(time.time, 1, offset)
        sabotages.replace_part(time, "time_ns", off(time.time_ns, 1_000_000_000, offset))
    if SABOTAGE in os.environ:
        sabotages.SABOTAGES[os.environ[SABOTAGE]]()
    main()
