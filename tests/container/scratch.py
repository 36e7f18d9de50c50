"""Scratch roots: folders that look like a small Linux with Python in them, for chroot.

Takes a folder, gives roots in which commands run. Refuses to work outside Linux, without root,
or outside a mount namespace of its own (`python -m tests.container` sees to all three). The
machine's /usr stands in for the base image, and this interpreter for its Python, both
read-only; everything else is made by the Dockerfile's steps.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_SHARED = ("etc", "usr", "dev", "proc")
_MADE = ("tmp", "root", "run", "var", "opt")
_FROM_OUTSIDE = ("PIP_", "SSL_", "REQUESTS_CA_", "HTTP_", "HTTPS_", "NO_PROXY")
_STEP_SECONDS = 600


class Root:
    """One scratch root; `environment` is what ENV has said so far."""

    def __init__(self, folder: Path) -> None:
        """Make the folder and mount what the base image would bring."""
        self.folder = folder
        self.environment: dict[str, str] = {}
        self.workdir = "/"
        for name in (*_SHARED, *_MADE):
            (folder / name).mkdir(parents=True)
        (folder / "tmp").chmod(0o1777)
        for name in _SHARED:
            mount("--bind", f"/{name}", str(folder / name))
        for name in ("bin", "sbin", "lib", "lib64"):
            if Path(f"/{name}").is_symlink():
                (folder / name).symlink_to(os.readlink(f"/{name}"))
        read_only(folder / "usr")
        read_only(folder / "etc")
        # At its own place, where it finds the libraries that it was built with.
        place = folder / sys.base_prefix.lstrip("/")
        if place != folder / "usr":
            place.mkdir(parents=True)
            mount("--bind", sys.base_prefix, str(place))
            read_only(place)
        # Not every machine has its Python under the name that images have it under. A link would
        # make it look for its library beside the link.
        called = folder / "python"
        called.write_text(f'#!/bin/sh\nexec {sys.base_prefix}/bin/python3 "$@"\n')
        called.chmod(0o755)

    def enter(self, path: str) -> None:
        """Do what WORKDIR does."""
        self.workdir = path
        self.inside(path).mkdir(parents=True, exist_ok=True)

    def inside(self, path: str) -> Path:
        """Give a path of the root as this process sees it."""
        return self.folder / os.path.join(self.workdir, path).lstrip("/")

    def copy(self, source: Path, target: Path) -> None:
        """Copy a file or a folder, and the folders above it."""
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target)

    def run(self, command: str) -> None:
        """Do what RUN does: as root, under a shell; raises CalledProcessError."""
        outside = {key: text for key, text in os.environ.items() if key.startswith(_FROM_OUTSIDE)}
        path = "/:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"
        subprocess.run(
            self.words(["/bin/sh", "-c", command]),
            env={"PATH": path, "HOME": "/root", **outside, **self.environment},
            check=True,
            timeout=_STEP_SECONDS,
        )

    def words(self, command: Sequence[str], user: int = 0) -> list[str]:
        """Give a command that runs another one inside, as a user without any right."""
        inside = ["/bin/sh", "-c", 'cd "$0" && exec "$@"', self.workdir, *command]
        # Found here: the container's PATH has no such program.
        chroot = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin") or "chroot"
        whom = [f"--userspec={user}:{user}", "--groups="] if user else []
        return [chroot, *whom, str(self.folder), *inside]

    def seal(self, volume: str) -> None:
        """Make everything read-only but a volume, which starts as the image has its folder."""
        mode = self.inside(volume).stat().st_mode & 0o7777
        mount("--rbind", str(self.folder), str(self.folder))
        read_only(self.folder)
        target = str(self.folder / volume.lstrip("/"))
        mount("-t", "tmpfs", "-o", f"mode={mode:o},size=64m", "none", target)

    def environ(self, **settings: str) -> Mapping[str, str]:
        """Give the environment of the container: ENV, and what the operator adds."""
        return {**self.environment, **settings}


def mount(*arguments: str) -> None:
    """Run mount; raises CalledProcessError."""
    subprocess.run(["mount", *arguments], check=True, timeout=30)


def read_only(folder: Path) -> None:
    """Let nothing be written under a mounted folder."""
    mount("-o", "remount,bind,ro", str(folder))
