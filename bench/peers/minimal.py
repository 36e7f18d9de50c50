"""The minimal service: what most write first. One task and one connection per mail."""

import os

import aiosmtplib
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.peers import message

_PORT = int(os.environ["SMTP_PORT"])


async def send(body: bytes) -> None:
    """Send one mail."""
    mail = message.message(message.facts(body))
    await aiosmtplib.send(mail, hostname=message.SMTP_HOST, port=_PORT, start_tls=False)


async def accept(request: Request) -> Response:
    """Answer, then send."""
    return Response(status_code=202, background=BackgroundTask(send, await request.body()))


app = Starlette(routes=[Route("/webhooks", accept, methods=["POST"])])
