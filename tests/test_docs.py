"""What the texts at the root say, held against the thing itself."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXTS = sorted(ROOT.glob("*.md"))
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.name)
def test_every_link_within_the_repository_leads_somewhere(text: Path) -> None:
    missing = [link for link in LINK.findall(text.read_text()) if not (ROOT / link).exists()]
    assert missing == []


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.name)
def test_every_make_target_that_is_named_exists(text: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"^make ([a-z]+)\b|`make ([a-z]+)`", text.read_text(), re.MULTILINE))
    assert {one or other for one, other in named} <= targets


def test_the_readme_shows_what_the_demonstration_prints(tmp_path: Path) -> None:
    transcript = (ROOT / "README.md").read_text().split("```text\n")[1].split("```")[0]
    done = subprocess.run(
        [sys.executable, "-m", "notifier", "demo", "--once"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    # Mails on different connections may arrive in another order.
    assert sorted(done.stdout.splitlines()) == sorted(transcript.splitlines())


def test_the_readme_names_every_file_of_its_examples() -> None:
    readme = (ROOT / "README.md").read_text()
    for example in (ROOT / "examples").iterdir():
        assert f"examples/{example.name}" in readme
