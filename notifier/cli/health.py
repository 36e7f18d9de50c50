"""`notifier health`: whether the running service can take a webhook; for a container.

Takes where the service is, gives its condition. Refuses (exit 1) when it cannot commit or does
not answer in time. Imports little, because it is run every few seconds.
"""

import http.client
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from notifier.cli import flags, output, place
from notifier.model.errors import CallFailed

_TIMEOUT = 5.0
_LARGEST = 64 * 1024
_PATH = "/health/ready"


@click.command()
@flags.as_json
@flags.env_file
def command(as_json: bool, env_file: Path | None) -> None:
    """Ask the running service whether it can take webhooks.

    Exits 0 when it can, also while it is degraded, and 1 when it cannot or does not answer
    within 5 seconds. Asks NOTIFIER_URL, else HOST and PORT of the settings.
    """
    address = place.url(env_file)
    status, found = _ask(address)
    if as_json:
        output.document(found)
    else:
        output.say("\n  ".join([str(found["status"]), *map(str, found["reasons"])]))
    sys.exit(0 if status == http.client.OK else 1)


def _ask(address: str) -> tuple[int, dict[str, list[str] | str]]:
    parts = urlsplit(address)
    # Not httpx2: it takes longer to import than the whole question takes.
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=_TIMEOUT)
    try:
        connection.request("GET", parts.path + _PATH)
        answer = connection.getresponse()
        found = json.loads(answer.read(_LARGEST))
    except (OSError, http.client.HTTPException) as error:
        cause = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise CallFailed(f"no answer from {address}{_PATH}: {cause}; is it running?") from error
    except ValueError:
        found = None
    finally:
        connection.close()
    if not isinstance(found, dict) or not {"status", "reasons"} <= found.keys():
        raise CallFailed(f"what answers at {address}{_PATH} is not the notifier")
    return answer.status, found
