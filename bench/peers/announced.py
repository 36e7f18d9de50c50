"""Apprise in a service: one object per call, as Apprise's own server does."""

import os

import apprise
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.peers import message


def send(body: bytes) -> bool:
    """Send one mail; give whether it was taken."""
    said = message.facts(body)
    one = apprise.Apprise()
    port = os.environ["SMTP_PORT"]
    one.add(f"mailto://{message.SMTP_HOST}:{port}?from=desk@example.com&to={said['to']}")
    return bool(
        one.notify(
            title=message.subject(said),
            body=message.html(said),
            body_format=apprise.NotifyFormat.HTML,
        )
    )


async def accept(request: Request) -> Response:
    """Send, then answer."""
    sent = await run_in_threadpool(send, await request.body())
    return Response(status_code=202 if sent else 503)


app = Starlette(routes=[Route("/webhooks", accept, methods=["POST"])])
