"""The floor of an accepted call: a route that answers 202 and does nothing else."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def accept(request: Request) -> Response:
    """Answer."""
    return Response(status_code=202)


app = Starlette(routes=[Route("/webhooks", accept, methods=["POST"])])
