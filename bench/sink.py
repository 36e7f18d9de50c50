"""A mail server that takes everything and counts it.

As a process (`python sink.py PORT`) it stands in where Postfix's smtp-sink is missing, and
prints what that prints; inside the benchmark it tells when each mail was taken.
"""

import asyncio
import sys
from collections.abc import Callable

_END = b"\r\n.\r\n"


class Conversation(asyncio.Protocol):
    """One connection, with PIPELINING (RFC 2920)."""

    def __init__(self, taken: Callable[[], None]) -> None:
        """`taken` is called right after the reply to each dot was written."""
        self._taken = taken
        self._rest = b""
        self._in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert hasattr(transport, "write")  # noqa: S101 - uvloop's own are no asyncio.Transport
        self._write: Callable[[bytes], None] = transport.write
        self._write(b"220 sink.example.com ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer whatever is complete."""
        self._rest += data
        while self._step():
            pass

    def _step(self) -> bool:
        if self._in_body:
            end = self._rest.find(_END)
            if end < 0:
                return False
            self._rest = self._rest[end + len(_END) :]
            self._in_body = False
            self._write(b"250 2.0.0 Ok: queued as 4F2A1B\r\n")
            self._taken()
            return True
        line, found, rest = self._rest.partition(b"\r\n")
        if not found:
            return False
        self._rest = rest
        self._answer(line[:4].upper())
        return True

    def _answer(self, verb: bytes) -> None:
        if verb == b"EHLO":
            self._write(b"250-sink.example.com\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
        elif verb == b"DATA":
            self._in_body = True
            self._write(b"354 go ahead\r\n")
        elif verb == b"QUIT":
            self._write(b"221 bye\r\n")
        else:
            self._write(b"250 ok\r\n")


class _Counter:
    def __init__(self) -> None:
        self._count = 0

    def __call__(self) -> None:
        self._count += 1
        sys.stdout.write(f"mesg={self._count}\r")
        sys.stdout.flush()


async def main(port: str) -> None:
    """Serve until ended."""
    loop = asyncio.get_running_loop()
    counter = _Counter()
    server = await loop.create_server(lambda: Conversation(counter), "127.0.0.1", int(port))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
