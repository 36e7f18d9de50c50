import asyncio
import signal
import socket
import sys

import pytest

from notifier.app import serving


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_socket_is_bound_and_does_not_listen_yet(host: str) -> None:
    with serving.bind(host, 0) as bound:
        address = bound.getsockname()
        assert address[0] == host
        with (
            socket.socket(bound.family, socket.SOCK_STREAM) as caller,
            pytest.raises(ConnectionRefusedError),
        ):
            caller.connect(address)


def test_an_address_on_which_somebody_listens_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serving.bind("127.0.0.1", taken.getsockname()[1])


def test_an_address_of_another_machine_is_refused() -> None:
    # RFC 5737 keeps this network for documentation.
    with pytest.raises(OSError, match="assign"):
        serving.bind("192.0.2.1", 0)


def _loop_module() -> str:
    with serving.runner() as runner:
        return type(runner.get_loop()).__module__


def test_the_fast_loop_is_used_where_it_is_installed() -> None:
    assert _loop_module() == "uvloop"


def test_the_standard_loop_is_used_where_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert _loop_module().startswith("asyncio")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_to_stop_and_the_handlers_are_given_back(
    number: signal.Signals,
) -> None:
    before = signal.getsignal(number)

    async def asked() -> None:
        with serving.Stopping() as stopping:
            waiting = asyncio.ensure_future(stopping.wait())
            await asyncio.sleep(0)
            assert not waiting.done()
            signal.raise_signal(number)
            async with asyncio.timeout(60):
                await waiting

    with serving.runner() as runner:
        runner.run(asked())
    assert signal.getsignal(number) is before
