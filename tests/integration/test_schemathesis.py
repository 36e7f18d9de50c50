"""Schemathesis reads openapi.yaml, tries the running service, and finds nothing to say."""

import asyncio
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from notifier.web import document
from tests import every_source
from tests.service import TOKEN, Service, assigned, running
from tests.smtp_sink import SmtpSink

ROOT = Path(__file__).parent.parent.parent
SEED = 20261124
EXAMPLES = 15
SECONDS = 90
HOOKS = "tests.schemathesis_signing"

# A parameter is given a live value where its form says nothing about whether it leads anywhere.
# The grammars of addresses and telephone numbers are no regular expressions, so that a test
# message may be refused although its schema allows it.
CONFIG = """
[[operations]]
include-operation-id = ["getEvent", "replayEvent"]
parameters = {{ "path.id" = "{event}" }}
[[operations]]
include-operation-id = ["getDelivery", "retryDelivery", "cancelDelivery"]
parameters = {{ "path.id" = "{delivery}" }}
[[operations]]
include-operation-id = ["listEvents"]
parameters = {{ "query.cursor" = "{events}" }}
[[operations]]
include-operation-id = ["listDeliveries"]
parameters = {{ "query.cursor" = "{deliveries}" }}
[[operations]]
include-operation-id = ["getPerson"]
parameters = {{ "path.id" = "{person}" }}
[[operations]]
include-operation-id = ["listPeople"]
parameters = {{ "query.cursor" = "{people}" }}
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "422"]
[[operations]]
include-operation-id = ["putPerson", "patchPerson", "erasePerson"]
parameters = {{ "path.id" = "somebody" }}
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "404", "409", "422"]
[[operations]]
include-operation-id = ["importPeople"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "422"]
[[operations]]
include-operation-id = ["getSource"]
parameters = {{ "path.name" = "{name}" }}
[[operations]]
include-operation-id = [{others}]
parameters = {{ "path.source" = "{name}", "path.tail" = "{tail}" }}
checks.positive_data_acceptance.expected-statuses = ["2xx", "405"]
[[operations]]
include-operation-id = ["sendTest"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "422"]
"""


async def seeded(service: Service) -> dict[str, str]:
    """Give the ids and cursors that lead somewhere."""
    answers = [(await service.post(assigned(n, "john@example.com"), f"{n}")).json() for n in (1, 2)]
    await service.post(assigned(3, "jane@example.com"), "3")
    lists = ("events", "deliveries", "people")
    pages = {name: await service.get(f"/v1/{name}", limit="1") for name in lists}
    return {
        "event": answers[0]["event_id"],
        "person": pages["people"]["items"][0]["id"],
        "delivery": answers[0]["deliveries"][0]["id"],
        **{name: page["next_cursor"] for name, page in pages.items()},
    }


async def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    command = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    assert command is not None, "schemathesis is not installed beside this Python"
    (tmp_path / "notifier.toml").write_text(every_source.TABLE)
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        config = CONFIG.format(
            others=", ".join(others()),
            name=every_source.NAME,
            tail=every_source.TAIL,
            **await seeded(service),
        )
        (tmp_path / "schemathesis.toml").write_text(config)
        process = await asyncio.create_subprocess_exec(
            command,
            "run",
            str(document.path()),
            "--url",
            service.url,
            "--header",
            f"Authorization: Bearer {TOKEN}",
            "--seed",
            str(SEED),
            "--max-examples",
            str(EXAMPLES),
            "--continue-on-failure",
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": HOOKS},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(SECONDS):
            said, _ = await process.communicate()
        printed = said.decode()
        assert process.returncode == 0, printed
        assert f"Tested: {operations()}" in printed, printed
        assert "Authentication failed" not in printed, printed
        assert "Traceback" not in "".join(service.lines)
        assert (await service.client.get(f"{service.url}/health/ready")).status_code == 200


def operations() -> int:
    return sum(len(item) for item in paths().values())


def others() -> list[str]:
    """Give the operations that only a source of one's own has."""
    return [
        f'"{operation["operationId"]}"'
        for path, item in paths().items()
        if path.startswith("/webhooks/")
        for operation in item.values()
    ]


def paths() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(document.content())["paths"]
    return found
