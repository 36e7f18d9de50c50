import os
from pathlib import Path
from typing import Any

import pytest

from notifier.app.config_file import LARGEST, ConfigFile
from notifier.app.secret_places import Places
from notifier.model.errors import BadSignature, ConfigurationError
from notifier.sources.call import Call
from tests.unit.app.files import KEY, faults, file, own, read
from tests.unit.app.running import in_folder

TIMED = """\
[sources.desk]
secrets = ["a-secret-of-the-help-desk-0123456789"]
auth = [{{ scheme = "hmac", header = "x-signature", signed = "{{header:x-time}}{{body}}", \
timestamp = {{ from = "header:x-time", \
tolerance = "{tolerance}" }} }}]
{more}
[sources.desk.map.fields]
"ticket.id" = "body.id"
[sources.desk.map.events]
"ticket.created" = "true"
"""


def test_without_a_file_there_is_the_native_source_only(tmp_path: Path) -> None:
    found = ConfigFile(in_folder(tmp_path)).read()
    assert (found.path, list(found.sources), found.definitions) == (None, ["default"], {})


def test_a_file_adds_sources(tmp_path: Path) -> None:
    found = read(tmp_path, own())
    assert sorted(found.sources) == ["default", "desk"]
    assert found.path == tmp_path / "notifier.toml"
    source = found.sources["desk"]
    assert (source.name, source.success_status, source.repeat_status) == ("desk", 200, 200)
    assert (source.methods, source.max_body, source.takes_tail) == (
        frozenset({"POST"}),
        1024**2,
        False,
    )
    with pytest.raises(BadSignature):
        source.verify(Call((), b"{}"), 0)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "\ufeff[sources]\n", "sources = {}"])
def test_a_file_may_be_empty_and_begin_with_a_mark(text: str, tmp_path: Path) -> None:
    assert list(read(tmp_path, text).sources) == ["default"]


def test_a_default_of_ones_own_takes_the_place_of_the_native_one(tmp_path: Path) -> None:
    found = read(tmp_path, own().replace("desk", "default"))
    assert found.sources["default"].success_status == 200


def test_a_default_of_ones_own_beside_webhook_secret_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "notifier.toml"
    path.write_text(own().replace("desk", "default"))
    given = in_folder(tmp_path, CONFIG_FILE=str(path))
    with pytest.raises(ConfigurationError, match=r"sources\.default: WEBHOOK_SECRET makes"):
        ConfigFile(given, Places({})).read()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a = ", "is not TOML: Invalid value (at line 1, column 5)"),
        ("[sources.desk]\nx = 1\nx = 2\n", "is not TOML: Cannot overwrite a value (at line 3"),
        (b"# \xff\n", "is not in UTF-8 (at line 1, column 3)"),
        (b"a = 1\n# \xc3\n", "is not in UTF-8 (at line 2, column 3)"),
        ("x = " + "[" * 100_000, "is nested too deeply"),
        ("#" * (LARGEST + 1), "is larger than 1 MiB"),
        ("sources = 3", "sources: must be tables, [sources.NAME]"),
        (
            "[source.desk]",
            "source: only tables [sources.NAME] stand at the top of this file; did you mean "
            "sources?",
        ),
        ("port = 3", "port: only tables [sources.NAME] stand at the top of this file"),
        ("[sources]\ndesk = 3", "sources.desk: must be a table, [sources.NAME]"),
        ("[sources.internal]", "sources.internal: is the name of our own test messages"),
        ('[sources."Desk 1"]', "sources.Desk 1: cannot be the name of a source; write up to 63"),
        ("[sources.desk]\nfromat = 'json'", "sources.desk.fromat: there is no such key; did you"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str | bytes, fault: str, tmp_path: Path) -> None:
    found = faults(tmp_path, text)
    assert found
    assert found[0].startswith(fault)


def test_every_fault_of_every_source_is_said_at_once(tmp_path: Path) -> None:
    text = own("file:no-such-file").replace("body.id", "body.id(") + own().replace(
        "sources.desk", "sources.other"
    ).replace("body.action ==", "body.action =")
    found = faults(tmp_path, text + "[other]\n")
    places = sorted(line.split(": ")[0] for line in found)
    assert places == [
        "other",
        'sources.desk.map.fields."ticket.id"',
        "sources.desk.secrets.0",
        'sources.other.map.events."ticket.assigned"',
    ]


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    reader = file(tmp_path, own())
    (tmp_path / "notifier.toml").unlink()
    with pytest.raises(ConfigurationError, match=r"notifier\.toml: cannot be read: No such file"):
        reader.read()


def test_a_file_that_was_there_and_is_gone_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    reader = ConfigFile(in_folder(tmp_path, WEBHOOK_SECRET=""), Places({}))
    nothing = reader.read()
    assert nothing.path is None
    Path("notifier.toml").write_text(own())
    found = reader.read(nothing)
    assert "desk" in found.sources
    Path("notifier.toml").unlink()
    with pytest.raises(ConfigurationError, match=r"notifier\.toml: is gone; put it back"):
        reader.read(found)


@pytest.mark.parametrize(
    ("tolerance", "more", "fault"),
    [
        ("1h", "", None),
        ("61m", "", "61m is longer than dedupe.body_window (1h)"),
        ("61m", 'dedupe = { body_window = "61m" }', None),
        ("61m", "dedupe = { key = [\"headers['x-id']\"] }", None),
        (
            "61m",
            'dedupe = { key = ["headers[\'x-id\']"], window = "1h" }',
            "61m is longer than dedupe.window (1h)",
        ),
    ],
)
def test_a_signature_is_never_good_for_longer_than_its_call_is_remembered(
    tolerance: str, more: str, fault: str | None, tmp_path: Path
) -> None:
    found = faults(tmp_path, TIMED.format(tolerance=tolerance, more=more))
    if fault is None:
        assert found == []
    else:
        (line,) = found
        assert line.startswith(f"sources.desk.auth.0.timestamp.tolerance: {fault}")


def test_what_changed_is_known_by_tables_and_by_secrets(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(KEY)
    before = read(tmp_path, own("file:secret"))
    assert read(tmp_path, "# a comment\n" + own("file:secret")).changed_since(before) == ()
    secret.write_text(KEY + "0")
    after = read(tmp_path, own("file:secret"))
    assert after.changed_since(before) == ("desk",)
    more = read(tmp_path, own("file:secret") + own().replace("sources.desk", "sources.other"))
    assert more.changed_since(after) == ("other",)
    assert after.changed_since(more) == ("other",)
    fewer = read(tmp_path, "")
    assert fewer.changed_since(after) == ("desk",)
    assert KEY not in repr(after)


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
@pytest.mark.parametrize(
    ("secret", "mode", "warned"),
    [
        (KEY, 0o600, False),
        (KEY, 0o644, True),
        (KEY, 0o640, True),
        ("env:DESK", 0o644, False),
    ],
)
def test_a_file_with_secrets_that_others_may_read_is_warned_about(
    secret: str, mode: int, warned: bool, tmp_path: Path
) -> None:
    reader = file(tmp_path, own(secret), {"DESK": KEY})
    (tmp_path / ".env").touch()
    (tmp_path / "notifier.toml").chmod(mode)
    warnings = reader.read().warnings
    assert bool(warnings) is warned
    assert KEY not in "".join(warnings)


class Vanishing(dict[str, str]):
    """An environment that takes a file away as soon as somebody looks into it."""

    def __init__(self, path: Path) -> None:
        super().__init__(OTHER="another-secret-of-the-help-desk-0123")
        self.path = path

    def items(self) -> Any:
        self.path.unlink(missing_ok=True)
        return super().items()


@pytest.mark.skipif(os.name != "posix", reason="the mode says nothing there")
def test_a_file_that_goes_while_it_is_read_was_read(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()
    path = tmp_path / "notifier.toml"
    made = file(tmp_path, own(f'{KEY}", "env:OTHER'), Vanishing(path))
    path.chmod(0o644)
    found = made.read()
    assert not path.exists()
    assert "others may read it" in found.warnings[0]
