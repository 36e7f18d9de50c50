"""The service with a defect planted in it: `python -m` this, then a command.

Takes the name of the defect from TORTURE_SABOTAGE, the deadlines of the door, in milliseconds, from
TORTURE_DEADLINES, and SHIM_LOG and SHIM_SPACE as tests/integration/shimmed_service.py does. Nothing
of this is in the package itself.
"""

import os

from notifier.app import serving
from notifier.cli.main import main
from notifier.web.guard import guarded
from tests.integration import shimmed_service
from tests.torture import sabotages
from tests.torture.harness import SABOTAGE

DEADLINES = "TORTURE_DEADLINES"
"""Two numbers, of the headers and of the body, so that a short run need not wait for them."""

if __name__ == "__main__":
    if {shimmed_service.LOG, shimmed_service.SPACE} & os.environ.keys():
        files = shimmed_service.install()
    if DEADLINES in os.environ:
        header, body = (int(text) / 1000 for text in os.environ[DEADLINES].split())
        sabotages.replace_part(serving, "guarded", lambda: guarded(header, body))
    if SABOTAGE in os.environ:
        sabotages.SABOTAGES[os.environ[SABOTAGE]]()
    main()
