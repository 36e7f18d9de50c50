"""A disk of 4 MiB that a service has for its store, and that can be given more room.

Either a tmpfs in a mount namespace of the service's own, which ends with it, or the shim under
SQLite, which counts bytes.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Protocol

from tests.integration import shimmed_service
from tests.service import Service

SIZE = 4 * 1024 * 1024
_BALLAST = 1024 * 1024
_NAME = "disk"
_MOUNT = f"mount -t tmpfs -o size={SIZE} tmpfs {_NAME}"
_FILL = f"head -c {_BALLAST} /dev/zero >{_NAME}/ballast"

SETTINGS = {"DATABASE_URL": f"sqlite:///{_NAME}/notifier.db", "SHUTDOWN_GRACE": "1s"}


class SmallDisk(Protocol):
    """Where the store lies; a folder `disk` in the service's own is its place."""

    async def start(self, service: Service, module: str | None = None) -> None:
        """Start the service on it, or the module that stands for the service."""
        ...

    def make_room(self, service: Service) -> None:
        """Free a megabyte or more, while the service runs."""
        ...


class Tmpfs:
    """A file system in memory, with a ballast on it that is taken off again."""

    async def start(self, service: Service, module: str | None = None) -> None:
        (service.folder / _NAME).mkdir()
        await service.start(
            *_namespace(), f'{_MOUNT} && {_FILL} && exec "$@"', "sh", module=module or "notifier"
        )

    def make_room(self, service: Service) -> None:
        assert service.process is not None
        # The mount is the service's own: its root is where it can be seen.
        seen = Path(f"/proc/{service.process.pid}/root{service.folder}")
        (seen / _NAME / "ballast").unlink()


class Counted:
    """Files that may have so many bytes together."""

    async def start(self, service: Service, module: str | None = None) -> None:
        (service.folder / _NAME).mkdir()
        space = service.folder / "space"
        space.write_text(str(SIZE - _BALLAST))
        service.environment[shimmed_service.SPACE] = str(space)
        await service.start(module=module or "tests.integration.shimmed_service")

    def make_room(self, service: Service) -> None:
        (service.folder / "space.new").write_text(str(SIZE))
        (service.folder / "space.new").rename(service.folder / "space")


def _namespace() -> tuple[str, ...]:
    # Without root one is root in a namespace of one's own.
    return ("unshare", "-m" if os.geteuid() == 0 else "-rm", "sh", "-ec")


def _can_mount() -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / _NAME).mkdir()
        tried = subprocess.run(
            [*_namespace(), _MOUNT], cwd=folder, capture_output=True, timeout=60, check=False
        )
    return tried.returncode == 0


def disks() -> list[SmallDisk]:
    """Give those that can be had here."""
    return [Tmpfs(), Counted()] if _can_mount() else [Counted()]


def in_memory(script: str) -> tuple[str, ...] | None:
    """Give the command that runs a shell's script on a file system in memory, then what follows it.

    The file system is empty, at `disk`, and seen by nobody else. None where it cannot be had.
    """
    if not _can_mount():
        return None
    return (*_namespace(), f'{_MOUNT} && {script} && exec "$@"', "sh")
