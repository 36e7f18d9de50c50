"""Runs a command on one processor.

Takes the number of a processor and a command, becomes that command. Refuses nothing: where
there is no such processor, or no way to say so, the command runs anywhere.
"""

import os
import sys


def main(processor: str, *command: str) -> None:
    """Become the command."""
    if hasattr(os, "sched_setaffinity") and int(processor) in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {int(processor)})
    os.execvp(command[0], command)  # noqa: S606 - the benchmark's own list of words


if __name__ == "__main__":
    main(*sys.argv[1:])
