import os
from pathlib import Path

import pytest

from notifier.app.secret_places import LARGEST, Places, Secrets, is_text
from notifier.model.errors import ConfigurationError

KEY = "Xq7SecretThatNobodyMaySeeXq7"


def secrets(folder: Path, **environ: str) -> Secrets:
    (folder / ".env").touch()
    return Secrets(Places(environ, folder / ".env"), folder)


def test_a_text_is_itself(tmp_path: Path) -> None:
    assert secrets(tmp_path).resolve(KEY) == KEY
    assert is_text(KEY)
    assert not is_text("env:KEY")
    assert not is_text("file:key")


def test_a_secret_of_blanks_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="a secret is empty"):
        secrets(tmp_path).resolve("  ")


def test_a_variable_that_holds_no_text_is_named(tmp_path: Path) -> None:
    found = secrets(tmp_path, KEY=os.fsdecode(b"a-secret-\xff"))
    with pytest.raises(ConfigurationError, match=r"^env:KEY holds no text in UTF-8$"):
        found.resolve("env:KEY")


def test_the_environment_wins_over_the_file_of_settings(tmp_path: Path) -> None:
    found = secrets(tmp_path, KEY=KEY)
    (tmp_path / ".env").write_text("KEY=other\nSECOND=second\n")
    assert found.resolve("env:KEY") == KEY
    assert found.resolve("env:SECOND") == "second"


def test_a_name_may_stand_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert secrets(tmp_path, KEY_FILE=str(tmp_path / "key")).resolve("env:KEY") == KEY
    found = secrets(tmp_path)
    (tmp_path / ".env").write_text(f"KEY_FILE={tmp_path / 'key'}\n")
    assert found.resolve("env:KEY") == KEY


def test_a_file_is_found_beside_notifier_toml_and_stripped(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "desk").write_text(f"  {KEY}\r\n")
    found = secrets(tmp_path)
    assert found.resolve("file:secrets/desk") == KEY
    assert found.resolve(f"file:{tmp_path / 'secrets' / 'desk'}") == KEY


def test_other_files_are_given_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(b'{"keys": []}\n')
    assert secrets(tmp_path).read_file("keys.json") == b'{"keys": []}\n'


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("", "a secret is empty"),
        ("env:", "write the name of a variable"),
        ("env:no name", "write the name of a variable"),
        ("env:MISSING", "env:MISSING is not set; set MISSING in the environment or .env, or"),
        ("env:EMPTY", "env:EMPTY is not set"),
        ("env:BOTH", "both BOTH and BOTH_FILE are set"),
        ("env:LOST", "LOST_FILE: the file cannot be read: No such file"),
        ("file:missing", r"file:missing cannot be read: No such file or directory"),
        ("file:.", r"file:\. cannot be read: it is no file"),
        ("file:pipe", "file:pipe cannot be read: it is no file"),
        ("file:a\0b", "cannot be read: it is no file"),
        ("file:empty", "file:empty is empty; write the secret into it"),
        ("file:large", "file:large is larger than 64 KiB"),
        ("file:binary", "file:binary holds no text in UTF-8"),
    ],
)
def test_what_is_not_there_is_named_and_nothing_else_is_said(
    reference: str, said: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "large").write_text(KEY * LARGEST)
    (tmp_path / "binary").write_bytes(KEY.encode() + b"\xff")
    given = {"EMPTY": "", "BOTH": KEY, "BOTH_FILE": "x", "LOST_FILE": str(tmp_path / "no")}
    with pytest.raises(ConfigurationError, match=said) as caught:
        secrets(tmp_path, **given).resolve(reference)
    assert KEY not in str(caught.value)


def test_what_was_found_is_known_again_and_never_shown(tmp_path: Path) -> None:
    digests = set()
    for key in (KEY, KEY, "other"):
        found = secrets(tmp_path, KEY=key)
        found.resolve("env:KEY")
        digests.add(found.digest())
        assert key not in repr(found)
        assert key not in repr(Places({"KEY": key}))
    assert len(digests) == 2
