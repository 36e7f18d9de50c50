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

    def context(self, highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        """Give what a server needs to show it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "both.pem")
            path.write_text(self.pem + self.key)
            context.load_cert_chain(path)
        context.maximum_version = highest
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
        Path(folder, "index").touch()
        Path(folder, "settings").write_text(_SETTINGS)
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
        return Certificate(Path(folder, "certificate").read_text(), Path(folder, "key").read_text())


async def _openssl(folder: str, *words: str) -> None:
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        "openssl", *words, cwd=folder, stdin=quiet, stdout=quiet, stderr=quiet
    )
    assert await process.wait() == 0
