from pathlib import Path

import pytest

from notifier.app.adding import Adding, Table
from notifier.app.secret_places import Places
from notifier.model.errors import ConfigurationError
from tests.unit.app.files import own
from tests.unit.app.running import in_folder


def adding(folder: Path) -> Adding:
    (folder / "notifier.toml").touch()
    given = in_folder(folder, CONFIG_FILE=str(folder / "notifier.toml"))
    return Adding(given, Places({"KEY": "a-secret-of-the-help-desk-0123456789"}, folder / ".env"))


def test_a_table_is_appended_and_the_rest_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notifier.toml"
    (tmp_path / ".env").touch()
    for before, gap in ((b"", b""), (b"# mine \r\n", b"\n"), (own().encode().strip(), b"\n\n")):
        path.write_bytes(before)
        adding(tmp_path).append(Table("zammad", "zammad", secret="env:KEY"))
        added = b'[sources.zammad]\npreset = "zammad"\nsecrets = ["env:KEY"]\n'
        assert path.read_bytes() == before + gap + added


def test_what_stands_in_a_table_is_quoted() -> None:
    table = Table("a", "zammad", 'https://d.example.com/"x\\', "https://n.example.com", "file:ü")
    assert table.text() == (
        '[sources.a]\npreset = "zammad"\ndesk_url = "https://d.example.com/\\"x\\\\"\n'
        'public_url = "https://n.example.com"\nsecrets = ["file:\\u00fc"]\n'
    )


def test_what_the_file_could_not_be_read_with_is_taken_away_again(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()
    (tmp_path / "notifier.toml").write_text("# mine")
    with pytest.raises(ConfigurationError, match=r"sources\.zammad\.secrets\.0: env:NONE is not"):
        adding(tmp_path).append(Table("zammad", "zammad", secret="env:NONE"))
    assert (tmp_path / "notifier.toml").read_text() == "# mine"


def test_a_file_that_was_wrong_before_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "notifier.toml").write_text("[other]")
    with pytest.raises(ConfigurationError, match="other: only tables"):
        adding(tmp_path)


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    there = adding(tmp_path)
    (tmp_path / "secrets").write_text("a file where the folder belongs")
    with pytest.raises(ConfigurationError, match="secrets/zammad"):
        there.keep("zammad", "secret")
    (tmp_path / "notifier.toml").unlink()
    (tmp_path / "notifier.toml").mkdir()
    with pytest.raises(ConfigurationError, match=r"notifier\.toml cannot be written"):
        there.append(Table("zammad", "zammad"))


def test_a_secret_that_was_kept_in_vain_is_removed(tmp_path: Path) -> None:
    there = adding(tmp_path)
    assert there.keep("zammad", "secret") == "file:secrets/zammad"
    there.forget("zammad")
    assert list((tmp_path / "secrets").iterdir()) == []
