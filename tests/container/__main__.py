"""Builds what the Dockerfile says in a scratch root, and runs it as a container would run.

The result runs read-only, as a user that nobody knows, with one writable volume: it must be
healthy, take one event and send its mail, and end with 0 at SIGTERM. Needs Linux and root.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.container import dockerfile
from tests.container.building import Build
from tests.container.dockerfile import Stage
from tests.container.scratch import Root, mount
from tests.service import SECRET, TOKEN, free_port
from tests.smtp_sink import SmtpSink

CHECKOUT = Path(__file__).parents[2]
USER = 23456
SECONDS = 60


def main() -> int:
    """Build and run; gives the exit status."""
    if sys.platform != "linux" or os.geteuid() != 0:
        say("This needs Linux and root: it makes mounts, in a mount namespace of its own.")
        return 2
    if "--inside" not in sys.argv:
        return outside()
    work = Path(sys.argv[-1])
    # Everything lies on a file system of its own, which ends with the namespace: nothing is
    # ever deleted under a folder in which parts of the machine are mounted.
    mount("-t", "tmpfs", "-o", "mode=755,size=2g", "none", str(work))
    stages = dockerfile.parse((CHECKOUT / "Dockerfile").read_text(encoding="utf-8"))
    build = Build(CHECKOUT, work)
    root = [build.stage(stage) for stage in stages][-1]
    asyncio.run(run(stages[-1], root))
    say("The container builds, runs read-only as any user, sends, and ends when told to.")
    return 0


def outside() -> int:
    """Do it again in a mount namespace of its own; what was mounted there ends with it."""
    folder = tempfile.mkdtemp(prefix="container-")
    inside = [sys.executable, "-m", "tests.container", "--inside", folder]
    try:
        command = ["unshare", "--mount", "--propagation", "private", *inside]
        return subprocess.run(command, check=False).returncode
    finally:
        Path(folder).rmdir()


async def run(stage: Stage, root: Root) -> None:
    """Run the image and try it as an operator would."""
    root.seal(stage.says["VOLUME"])
    port = str(free_port())
    async with SmtpSink() as sink:
        settings = {
            "PORT": port,
            "WEBHOOK_SECRET": SECRET,
            "API_TOKENS": TOKEN,
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(sink.port),
            "SMTP_TLS": "none",
            "SMTP_AUTH": "none",
            "FROM_EMAIL": "helpdesk@example.com",
        }
        environment = dict(root.environ(**settings))
        async with running(stage, root, environment) as service:
            await logged(service, "service.ready")
            healthy = await ended(root, environment, *stage.command("HEALTHCHECK"))
            say(f"HEALTHCHECK: exit 0, {healthy.strip()}")
            entry = stage.command("ENTRYPOINT")
            emit = [*entry, "emit", "ticket.assigned", "--to", "john@example.com", "--json"]
            answer = json.loads(await ended(root, environment, *emit))
            say(f"One event: {answer['status']}, {len(answer['deliveries'])} delivery")
            await sink.wait_for(lambda seen: len(seen.taken) == 1)
            say(f"One mail: to {sink.taken[0].to}")
            refused_to_write(root)
            service.terminate()
            await logged(service, "service.stopped")
            status = await asyncio.wait_for(service.wait(), SECONDS)
        say(f"SIGTERM: exit {status}")
        if status != 0:
            raise SystemExit(1)


@asynccontextmanager
async def running(
    stage: Stage, root: Root, environment: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start what ENTRYPOINT and CMD say; ends it whatever happens."""
    words = root.words([*stage.command("ENTRYPOINT"), *stage.command("CMD")], USER)
    service = await asyncio.create_subprocess_exec(
        *words, env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield service
    finally:
        if service.returncode is None:
            service.kill()
            await service.wait()


async def logged(service: asyncio.subprocess.Process, action: str) -> str:
    """Give the first line of JSON in the log with this action."""
    assert service.stderr is not None
    seen = []
    async with asyncio.timeout(SECONDS):
        async for line in service.stderr:
            seen.append(line.decode())
            if json.loads(line).get("action") == action:
                return seen[-1]
    raise SystemExit("It ended early:\n" + "".join(seen))


async def ended(root: Root, environment: dict[str, str], *command: str) -> str:
    """Run a command inside as the user; gives what it printed, exits when it fails."""
    process = await asyncio.create_subprocess_exec(
        *root.words(command, USER), env=environment, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(SECONDS):
        printed, _ = await process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit {process.returncode} {printed.decode()}")
    return printed.decode()


def refused_to_write(root: Root) -> None:
    """Make sure that the run proved something: outside the volume nothing can be written."""
    try:
        (root.folder / "opt/notifier/written").touch()
    except OSError as error:
        say(f"Outside the volume: {error.strerror}")
        return
    raise SystemExit("The root was writable.")


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
