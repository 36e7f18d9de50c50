"""`python -m tests.faults`: runs every test that shows a fault, and writes docs/faults.md."""

import subprocess
import sys
from pathlib import Path

from tests.faults import page

_ROOT = Path(__file__).parents[2]

if __name__ == "__main__":
    run = [sys.executable, "-m", "pytest", "-q", "-m", "fault", "-n", "2", "--dist", "worksteal"]
    sys.exit(
        subprocess.run(
            [*run, "--faults-report", page.FILE, *sys.argv[1:]], cwd=_ROOT, check=False
        ).returncode
    )
