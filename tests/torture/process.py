"""What a running process uses."""

import os
import subprocess
from pathlib import Path


def resident(pid: int) -> int:
    """Give its resident memory in KiB."""
    table = Path(f"/proc/{pid}/statm")
    if table.exists():
        return int(table.read_text().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024
    told = subprocess.run(
        ["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    return int(told.stdout)


def open_files(pid: int) -> int:
    """Give how many files and sockets it has open; 0 where that cannot be seen."""
    folder = Path(f"/proc/{pid}/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0
