"""The parts that one event cannot do without, measured on the service's processor.

Takes a port of a mail server and a file, prints two medians in seconds as JSON: one SMTP
transaction on an open connection by smtplib, and one sync of an appended page.
"""

import json
import os
import smtplib
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

_TURNS = 200
_PAGE = 4096


def median_of(work: Callable[[], object]) -> float:
    """Give the median time of some work."""
    taken = []
    for _ in range(_TURNS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def main(port: str, file: str, message: str) -> None:
    """Measure and print."""
    mail = Path(message).read_bytes()
    with smtplib.SMTP("127.0.0.1", int(port)) as server:
        server.ehlo()
        smtp = median_of(lambda: server.sendmail("desk@example.com", ["john@example.com"], mail))
    target = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def sync() -> None:
        os.write(target, bytes(_PAGE))
        os.fdatasync(target)

    print(json.dumps({"smtp": smtp, "sync": median_of(sync)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
