"""`python -m tests.real`: the notifier as it is run, with a real help desk and real senders.

Prints an account of what was done and what came of it. Gives 0 when everything was as it should
be, else 1. Takes `desk` or `senders` to tell one part only.
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2

from tests.real import senders, story
from tests.real.account import Account
from tests.real.helpdesk import ROOT

_PYTHON = ROOT / ".venv-real" / "bin" / "python"

_BROKEN = (AssertionError, OSError, ValueError, LookupError, httpx2.HTTPError)
"""What a part that is not as it should be may end with."""

PARTS: dict[str, Callable[[Account, Path], Awaitable[None]]] = {
    "desk": lambda account, folder: story.tell(account, _PYTHON, folder),
    "senders": senders.tell,
}


def main(words: list[str]) -> int:
    """Tell the parts that were asked for; give the exit status."""
    unknown = set(words) - PARTS.keys()
    if unknown:
        sys.stderr.write(f"there is no part {min(unknown)}; there are {', '.join(PARTS)}\n")
        return 2
    account = Account()
    for name in words or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(_part(account, name, Path(folder)))
    account.title(
        f"{account.faults} faults" if account.faults else "Everything was as it should be."
    )
    return 1 if account.faults else 0


async def _part(account: Account, name: str, folder: Path) -> None:
    try:
        await PARTS[name](account, folder)
    except (*_BROKEN, senders.MissingProgramError) as error:
        account.broke_off(name, error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
