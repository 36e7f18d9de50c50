"""`notifier store`: the file that holds everything: looked at, copied, brought up to date.

Takes settings for DATABASE_URL, gives what was found or done. Refuses (exit 1) a file that is
damaged, to overwrite anything, and to migrate a file that a running service has open.
"""

from dataclasses import asdict
from pathlib import Path

import click

from notifier.cli import flags, options, output, tables
from notifier.store import backup, connection, inspection, migrate
from notifier.store.inspection import Findings

_KIB = 1024


@click.group()
def command() -> None:
    """Check, copy or migrate the store that DATABASE_URL names.

    check and backup work beside the running service; migrate needs it stopped.
    """


@command.command("check")
@click.option("--full", is_flag=True, help="Compare every index with its table too; slower.")
@flags.as_json
@flags.env_file
def check(full: bool, as_json: bool, env_file: Path | None) -> None:
    """Look for damage and say what the store holds; changes nothing."""
    path = options.settings(env_file).database
    found = inspection.inspect(path, full=full)
    holder = connection.holder(path)
    if as_json:
        output.document({"file": str(path), "holder": holder, **_shape(found)})
        return
    for line in tables.pairs(
        [
            ("store", f"{path}: sound, {_size(found.bytes)}"),
            ("write-ahead log", _size(found.wal_bytes)),
            ("schema", _schema(found)),
            ("in use by", holder or "nobody"),
            ("events", f"{found.events:,} of {found.tickets:,} tickets"),
            ("deliveries", _deliveries(found)),
        ]
    ):
        output.say(line)


@command.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@flags.as_json
@flags.env_file
def backup_(file: Path, as_json: bool, env_file: Path | None) -> None:
    """Copy the store to FILE, also while the service runs.

    Never overwrites. The copy is of one instant, checked, on the disk when this ends, and readable
    by its owner only.
    """
    path = options.settings(env_file).database
    found = backup.copy(path, file)
    if as_json:
        output.document({"file": str(file), **_shape(found)})
        return
    output.say(
        f"Copied {path} to {file} and checked it: {_size(found.bytes)}, {found.events:,} events, "
        f"{sum(found.deliveries.values()):,} deliveries"
    )


@command.command("migrate")
@flags.as_json
@flags.env_file
def migrate_(as_json: bool, env_file: Path | None) -> None:
    """Bring the schema up to date, while no service runs.

    The service does it at its start, too. Forward only: make a backup first, because an older
    version cannot open the store afterwards.
    """
    path = options.settings(env_file).database
    before, now = migrate.bring_up_to_date(path)
    if as_json:
        output.document({"file": str(path), "schema_before": before, "schema": now})
    elif before == now:
        output.say(f"{path} is up to date: schema {now}")
    else:
        output.say(f"{path} went from schema {before} to {now}")


def _shape(found: Findings) -> dict[str, object]:
    return asdict(found)


def _schema(found: Findings) -> str:
    if found.schema == found.newest_schema:
        return f"{found.schema}, up to date"
    rest = "notifier store migrate does the rest, and so does the next start"
    return f"{found.schema} of {found.newest_schema}; {rest}"


def _deliveries(found: Findings) -> str:
    total = sum(found.deliveries.values())
    by_state = ", ".join(f"{count:,} {state}" for state, count in found.deliveries.items())
    return f"{total:,}: {by_state}" if by_state else "0"


def _size(count: int) -> str:
    if count < _KIB * _KIB:
        return f"{count / _KIB:.0f} KiB"
    return f"{count / _KIB / _KIB:,.1f} MiB"
