"""Certificates for servers on loopback, made once per test run and good for nothing else."""

import asyncio
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

_SETTINGS = """
[ca]
default_ca = own
[own]
database = index
new_certs_dir = .
serial = serial
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


@dataclass(frozen=True)
class Certificate:
    """One that signed itself: trusting `pem` is trusting it."""

    pem: str
    key: str

    def context(self) -> ssl.SSLContext:
        """Give what a server needs to show it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            context.load_cert_chain(write(folder, "both.pem", self.pem + self.key))
        return context


_made: dict[tuple[str, int], Certificate] = {}


async def certificate(name: str = "IP:127.0.0.1", year: int = 0) -> Certificate:
    """Give one for `name`, valid today or only in a year gone by."""
    if (name, year) not in _made:
        _made[name, year] = await _make(name, year)
    return _made[name, year]


async def _make(name: str, year: int) -> Certificate:
    first, last = f"{year}0101000000Z", f"{year}0102000000Z"
    dates = ("-startdate", first, "-enddate", last) if year else ("-days", "2")
    with tempfile.TemporaryDirectory() as folder:
        write(folder, "index", "")
        write(folder, "settings", _SETTINGS)
        await _openssl(
            folder,
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", "key", "-out", "request", "-subj", "/CN=loopback"),
            *("-addext", f"subjectAltName={name}"),
        )
        await _openssl(
            folder,
            *("ca", "-config", "settings", "-selfsign", "-keyfile", "key", "-in", "request"),
            *("-out", "certificate", "-batch", "-notext", *dates),
        )
        return _read(folder)


def write(folder: str, name: str, text: str) -> str:
    """Write a file, and give where it is."""
    path = Path(folder, name)
    path.write_text(text)
    return str(path)


def _read(folder: str) -> Certificate:
    return Certificate(Path(folder, "certificate").read_text(), Path(folder, "key").read_text())


async def _openssl(folder: str, *words: str) -> None:
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        "openssl", *words, cwd=folder, stdin=quiet, stdout=quiet, stderr=quiet
    )
    assert await process.wait() == 0
