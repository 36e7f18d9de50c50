"""How long the event loop keeps others waiting, seen from outside.

Takes a port and seconds, asks /health/live, which the loop answers by itself, every 10 ms, and
prints the 99th percentile of the answers' times as JSON: an upper bound of the loop's lag.
"""

import json
import socket
import statistics
import sys
import time

_EVERY = 0.01
_REQUEST = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def main(port: str, seconds: str) -> None:
    """Ask, then print."""
    taken = []
    until = time.monotonic() + float(seconds)
    with socket.create_connection(("127.0.0.1", int(port)), 10) as connection:
        while time.monotonic() < until:
            start = time.perf_counter()
            connection.sendall(_REQUEST)
            connection.recv(65536)
            taken.append(time.perf_counter() - start)
            time.sleep(_EVERY)
    print(json.dumps({"p99": statistics.quantiles(taken, n=100)[98]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
