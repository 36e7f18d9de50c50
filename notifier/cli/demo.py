"""`notifier demo`: what the service does, in fifteen seconds, without any setting.

Takes nothing, gives what went in and what came out, as text or as one JSON document. Refuses
(exit 1) to pretend: when something does not arrive, it says so.
"""

import asyncio
import json
import os
import sys

import click

from notifier.app import serving
from notifier.app.logs import Logs
from notifier.cli import options, output
from notifier.demo import report, story
from notifier.demo.page import serving as inbox


@click.command()
@click.option("--once", is_flag=True, help="Exit after printing.")
@options.as_json
def command(once: bool, as_json: bool) -> None:
    """Run the service on loopback with a help desk, a mail server and an SMS API of its own."""
    once = once or as_json or not sys.stdout.isatty() or bool(os.environ.get("CI"))
    logs = Logs("console", "error")
    logs.start()
    try:
        with serving.runner() as runner:
            runner.run(_demo(once, as_json))
    finally:
        logs.stop()


async def _demo(once: bool, as_json: bool) -> None:
    with serving.Stopping() as stopping:
        asked = asyncio.create_task(stopping.wait())
        telling = asyncio.create_task(_tell(once, as_json, asked))
        await asyncio.wait({asked, telling}, return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            telling.cancel()
            await asyncio.wait({telling})
        else:
            asked.cancel()
            telling.result()


async def _tell(once: bool, as_json: bool, asked: asyncio.Task[None]) -> None:
    async with story.told() as stage:
        if as_json:
            output.say(json.dumps(report.document(stage)))
            return
        output.say(report.text(stage))
        if not once:
            async with inbox.shown(stage) as page:
                output.say(report.goes_on(stage, page))
                await asked
