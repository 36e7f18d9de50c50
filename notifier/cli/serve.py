"""`notifier serve`: the service, until a signal ends it.

Takes settings, gives the exit status. Refuses wrong settings (2), and a store or a port that
somebody else has (1).
"""

import asyncio
import contextlib
import logging
import socket
import sys
from pathlib import Path

import click

from notifier import __version__
from notifier.app import channels, serving
from notifier.app.building import build
from notifier.app.logs import Logs
from notifier.app.reloading import Reload
from notifier.app.secret_places import Places
from notifier.app.service import Service
from notifier.cli import options
from notifier.model.errors import ConfigurationError, NotifierError
from notifier.model.times import Millis
from notifier.settings.settings import Settings

_log = logging.getLogger(__name__)


@click.command()
@click.option("--host", help="The address to listen on, instead of HOST.")
@click.option("--port", help="The port to listen on, instead of PORT.")
@options.env_file
@click.option(
    "--lock-wait",
    type=options.Duration(),
    default="30s",
    show_default=True,
    help="How long to wait for another process to let go of the store.",
)
def command(host: str | None, port: str | None, env_file: Path | None, lock_wait: Millis) -> None:
    """Run the service."""
    settings = options.settings(env_file, host=host, port=port)
    logs = Logs(settings.log_format, settings.log_level)
    logs.start()
    try:
        with serving.runner() as runner:
            status = runner.run(_serve(settings, options.places(env_file), lock_wait))
    except NotifierError as error:
        if settings.log_format != "json":
            raise
        # Whoever collects lines of JSON must find the reason among them.
        _log.critical("%s", error, extra={"action": "service.failed"})
        status = 2 if isinstance(error, ConfigurationError) else 1
    finally:
        logs.stop()
    sys.exit(status)


async def _serve(settings: Settings, places: Places, lock_wait: Millis) -> int:
    with serving.Stopping() as stopping, serving.Hangups() as hangups:
        asked = asyncio.create_task(stopping.wait())
        app = build(settings, places)
        service = Service(app, _listening(settings), settings.shutdown_grace)
        starting = asyncio.create_task(service.start(lock_wait))
        await asyncio.wait({asked, starting}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            await asyncio.wait({starting})
            return 0
        starting.result()
        _say_ready(settings, app.reload, service)
        ending = asyncio.create_task(service.ended())
        reloading = asyncio.create_task(_reload_when_asked(hangups, app.reload))
        await asyncio.wait({asked, ending}, return_when=asyncio.FIRST_COMPLETED)
        reloading.cancel()
        _say_why(ending)
        await service.stop()
        _log.info("stopped", extra={"action": "service.stopped"})
        return 0 if asked.done() else 1


def _listening(settings: Settings) -> socket.socket:
    try:
        return serving.bind(settings.host, settings.port)
    except OSError as error:
        raise NotifierError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; "
            "set HOST or PORT, or end what listens there"
        ) from error


async def _reload_when_asked(hangups: serving.Hangups, reload: Reload) -> None:
    while True:
        await hangups.next()
        # The log has said what is wrong, and nobody waits for an answer.
        with contextlib.suppress(ConfigurationError):
            await reload()


def _say_ready(settings: Settings, reload: Reload, service: Service) -> None:
    serving.settle_memory()
    for line in channels.start_lines(settings):
        _log.info(line, extra={"action": "channel.configured"})
    reload.say()
    if not settings.webhook_secret.get_secret_value() and not reload.present.definitions:
        _log.error(
            "WEBHOOK_SECRET is not set, so every webhook gets 401; run: notifier init",
            extra={"action": "webhook.unsecured"},
        )
    _log.info(
        "notifier %s listens on %s",
        __version__,
        service.url,
        extra={"action": "service.ready"},
    )


def _say_why(ending: asyncio.Task[None]) -> None:
    if not ending.done():
        _log.info("stopping", extra={"action": "service.stopping"})
        return
    _log.critical(
        "a part of the service ended by itself; stopping",
        exc_info=ending.exception(),
        extra={"action": "service.broken"},
    )
