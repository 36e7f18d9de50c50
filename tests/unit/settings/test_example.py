"""The explained example, `.env.example`, held against the settings."""

import re
from pathlib import Path

import pytest

from notifier.settings.reading import PLACEHOLDERS
from notifier.settings.settings import NAMES, Settings, load

EXAMPLE = Path(__file__).parents[3] / ".env.example"
LINES = EXAMPLE.read_text(encoding="utf-8").splitlines()
WRITTEN = dict(line.split("=", 1) for line in LINES if line and not line.startswith("#"))


def test_every_line_is_empty_a_comment_or_a_plain_assignment() -> None:
    odd = [line for line in LINES if not re.fullmatch(r"|#( .*)?|[A-Z_]+=([^'\"`#]*\S)?", line)]
    assert odd == []


def test_it_holds_every_setting_once_and_no_other() -> None:
    names = [line.partition("=")[0] for line in LINES if line and not line.startswith("#")]
    assert sorted(names) == sorted(NAMES)


def test_every_placeholder_of_the_code_stands_in_it() -> None:
    assert set(WRITTEN.values()) >= PLACEHOLDERS


def test_a_fresh_copy_loads_without_fault_and_says_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    settings, warnings = load({})
    assert settings == Settings()
    assert warnings == []


@pytest.mark.parametrize("name", sorted(n for n in NAMES if WRITTEN[n] not in PLACEHOLDERS))
def test_a_value_that_is_no_placeholder_is_the_default(name: str, tmp_path: Path) -> None:
    alone = tmp_path / "alone.env"
    alone.write_text(f"{name}={WRITTEN[name]}\n")
    assert load({}, alone)[0] == Settings()


def test_every_setting_with_a_default_shows_it() -> None:
    shown = {name for name, text in WRITTEN.items() if text and text not in PLACEHOLDERS}
    default = Settings()
    expected = {
        name
        for name in NAMES
        if (value := getattr(default, name.lower())) is not None and value != frozenset()
    }
    assert shown == expected - {"WEBHOOK_SECRET", "API_TOKENS"}
