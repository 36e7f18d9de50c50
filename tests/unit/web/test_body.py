import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from notifier.model.errors import TooLarge
from notifier.web import body


class Arriving:
    """Chunks as they come from a connection; counts what was taken."""

    def __init__(self, *chunks: bytes) -> None:
        self.waiting = list(chunks)
        self.taken = 0

    async def __call__(self) -> Message:
        self.taken += 1
        if not self.waiting:
            return {"type": "http.disconnect"}
        chunk = self.waiting.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(self.waiting)}


def length(value: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"example.com"), (b"content-length", value)]


@pytest.mark.parametrize("chunks", [(b"",), (b"abc",), (b"a", b"", b"bc"), (b"ab", b"c")])
async def test_the_chunks_are_joined(chunks: tuple[bytes, ...]) -> None:
    receive: Receive = Arriving(*chunks)
    assert await body.read([], receive, 3) == b"".join(chunks)


@pytest.mark.parametrize("value", [b"4", b"99999999999999999999", b"9" * 6000])
async def test_an_announced_length_over_the_limit_is_refused_unread(value: bytes) -> None:
    arriving = Arriving(b"abcd")
    with pytest.raises(TooLarge, match="3 bytes"):
        await body.read(length(value), arriving, 3)
    assert arriving.taken == 0


@pytest.mark.parametrize("value", [b"3", b"0", b"", b"-1", b"x", "²".encode()])
async def test_any_other_length_is_left_to_what_arrives(value: bytes) -> None:
    assert await body.read(length(value), Arriving(b"abc"), 3) == b"abc"


@pytest.mark.fault("G10")
async def test_reading_stops_at_the_chunk_that_passes_the_limit() -> None:
    arriving = Arriving(b"ab", b"cd", b"ef")
    with pytest.raises(TooLarge):
        await body.read([], arriving, 3)
    assert arriving.taken == 2


async def test_a_first_chunk_over_the_limit_is_refused() -> None:
    with pytest.raises(TooLarge):
        await body.read(length(b"1"), Arriving(b"abcd"), 3)


async def test_a_caller_who_leaves_is_noticed() -> None:
    arriving = Arriving(b"ab", b"")
    arriving.waiting = []
    with pytest.raises(ClientDisconnect):
        await body.read([], arriving, 3)
