"""A queue beside the service: Celery with Redis as its broker, smtplib in the worker."""

import os
import smtplib

from celery import Celery
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.peers import message

queue = Celery("bench", broker=os.environ["BROKER"])
queue.conf.update(task_ignore_result=True, task_acks_late=True, worker_prefetch_multiplier=8)


@queue.task(name="send")  # type: ignore[untyped-decorator]
def send(body: str) -> None:
    """Send one mail."""
    with smtplib.SMTP(message.SMTP_HOST, int(os.environ["SMTP_PORT"])) as server:
        server.send_message(message.message(message.facts(body.encode())))


async def accept(request: Request) -> Response:
    """Queue, then answer."""
    body = (await request.body()).decode()
    await run_in_threadpool(send.delay, body)
    return Response(status_code=202)


app = Starlette(routes=[Route("/webhooks", accept, methods=["POST"])])
