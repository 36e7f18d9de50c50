"""What the house rules say of the tree itself."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "notifier"
MODULES = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")])
LONGEST = 400
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
LOOPS = {"store/writer.py", "dispatch/dispatcher.py", "web/problems.py"}
WEBHOOK_LIBRARIES = re.compile(r"^\s*(?:import|from) (?:standardwebhooks|svix)\b", re.MULTILINE)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_short_and_named_for_what_it_holds(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST
    assert path.stem not in NO_NAMES


def test_everything_is_caught_in_three_loops_only() -> None:
    catching = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(r"except Exception\b", path.read_text())
    }
    assert catching == LOOPS


def test_the_package_uses_no_webhook_library() -> None:
    assert not [
        path for path in PACKAGE.rglob("*.py") if WEBHOOK_LIBRARIES.search(path.read_text())
    ]


def test_the_environment_is_read_in_one_place() -> None:
    reading = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(r"os\.(?:environ|getenv)", path.read_text())
    }
    assert reading <= {"cli/options.py", "cli/demo.py", "cli/place.py"}


@pytest.mark.parametrize(
    ("name", "most"), [("ARCHITECTURE.md", 120), ("CONTRIBUTING.md", 80)], ids=str
)
def test_a_text_for_contributors_stays_short(name: str, most: int) -> None:
    assert len((ROOT / name).read_text().splitlines()) <= most


def test_the_architecture_names_every_package() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    packages = [path.parent.name for path in PACKAGE.glob("*/__init__.py")]
    assert packages
    for package in packages:
        assert f"notifier/{package}" in text
