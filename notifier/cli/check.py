"""`notifier check`: whether everything is set up, and how to mend what is not.

Takes the settings, gives one line for each thing looked at, or one JSON document. Exit: 0 all is
well, 1 something failed, 2 the settings are wrong. Nothing is sent.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from notifier.app import serving
from notifier.app.checking import check
from notifier.cli import options, output
from notifier.model.errors import ConfigurationError
from notifier.model.findings import Condition, Finding

_WIDTH = max(map(len, Condition))


@click.command()
@options.as_json
@options.env_file
def command(as_json: bool, env_file: Path | None) -> None:
    """Try settings, sources, store, templates, and a sign-in to SMTP and Twilio; send nothing."""
    status, found = _found(env_file)
    if as_json:
        output.say(json.dumps(_document(found)))
    else:
        for one in found:
            output.say(_line(one))
    sys.exit(status)


def _found(env_file: Path | None) -> tuple[int, Sequence[Finding]]:
    try:
        settings, warnings = options.read(env_file)
        with serving.runner() as runner:
            found = runner.run(check(settings, warnings, places=options.places(env_file)))
    except ConfigurationError as error:
        return 2, [
            Finding("settings", Condition.FAILED, line, "change it in .env or the environment")
            for line in str(error).splitlines()
        ]
    failed = any(one.condition is Condition.FAILED for one in found)
    return int(failed), found


def _line(found: Finding) -> str:
    line = f"{found.condition:<{_WIDTH}}  {found.about}: {found.cause}"
    if not found.mend:
        return line
    stop = "" if line.endswith(("?", ".")) else "."
    return f"{line}{stop} To mend it: {found.mend}"


def _document(found: Sequence[Finding]) -> dict[str, object]:
    well = all(one.condition is not Condition.FAILED for one in found)
    return {"ok": well, "findings": [{**asdict(one), "mend": one.mend or None} for one in found]}
