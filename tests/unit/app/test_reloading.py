import asyncio
import logging
from pathlib import Path

import pytest

from notifier.app.reloading import Reload
from notifier.model.errors import ConfigurationError, UnknownSource
from tests.unit.app.files import KEY, file, own

OPEN = """
[sources.open]
auth = [{ scheme = "none" }]
map = { events = { "ticket.created" = "true" }, fields = { "ticket.id" = "body.id" } }
"""


def actions(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [one.__dict__["action"] for one in caplog.records]
    caplog.clear()
    return found


async def test_what_is_configured_is_said_and_what_is_open_is_warned_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reload = Reload(file(tmp_path, own() + OPEN))
    (tmp_path / "notifier.toml").chmod(0o644)
    with caplog.at_level(logging.INFO):
        reload.say()
        assert actions(caplog) == ["source.configured", "source.configured", "source.open"]
        await reload()
        assert actions(caplog) == ["config.reloaded", "config.exposed"]
    assert reload.desks.names() == ("default", "desk", "open")


async def test_a_reload_changes_everything_at_once_and_a_call_keeps_its_source(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reload = Reload(file(tmp_path, own()))
    began_with = reload.desks.find("desk")
    with caplog.at_level(logging.INFO):
        file(tmp_path, own("another-secret-of-the-desk-0123456789") + OPEN)
        done = await reload()
    assert (done.sources, done.changed) == (("default", "desk", "open"), ("desk", "open"))
    assert reload.desks.find("desk") is not began_with
    assert began_with.name == "desk"
    file(tmp_path, OPEN)
    assert (await reload()).changed == ("desk",)
    with pytest.raises(UnknownSource, match="no help desk named 'desk' is configured"):
        reload.desks.find("desk")
    assert KEY not in caplog.text


async def test_a_wrong_file_changes_nothing_and_the_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reload = Reload(file(tmp_path, own()))
    kept = reload.desks.find("desk")
    file(tmp_path, "".join(f"[sources.Wrong{number}]\n" for number in range(30)))
    with caplog.at_level(logging.INFO), pytest.raises(ConfigurationError, match=r"Wrong29"):
        await reload()
    assert reload.desks.find("desk") is kept
    assert "desk" in reload.present.definitions
    assert "the sources stay as they were" in caplog.text
    assert "and 10 more" in caplog.text
    assert actions(caplog) == ["config.refused"] * 21


async def test_reloads_at_once_are_made_one_after_the_other(tmp_path: Path) -> None:
    reload = Reload(file(tmp_path, ""))
    file(tmp_path, own())
    first, *others = await asyncio.gather(*(reload() for _ in range(3)))
    assert first.changed == ("desk",)
    assert [one.changed for one in others] == [(), ()]
