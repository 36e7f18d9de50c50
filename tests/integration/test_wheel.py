"""The wheel: what it carries, and that it runs away from the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("templates", "store/sql", "store/migrations", "web/static", "sources/presets")
PAGE = ("demo/page/templates", "demo/page/static")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-w", str(folder), str(ROOT)], check=True, timeout=100)
    (made,) = folder.glob("helpdesk_notifier-*.whl")
    return made


def test_it_carries_what_is_read_at_run_time(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
    package = ROOT / "notifier"
    data = {
        f"notifier/{path.relative_to(package)}"
        for folder in (*FOLDERS, *PAGE)
        for path in (package / folder).rglob("*")
        if path.is_file()
    }
    assert len(data) > 20
    assert any(name.startswith("notifier/sources/presets/") for name in data)
    assert names >= data | {"notifier/openapi.yaml", "notifier/env.example", "notifier/py.typed"}
    assert not [name for name in names if name.startswith("tests")]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_it_runs_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        content.extractall(tmp_path / "installed")
    work = tmp_path / "work"
    work.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed"), "CI": "1"}
    for command in (["init"], ["demo", "--once", "--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "notifier", *command],
            cwd=work,
            env=environment,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
    assert "WEBHOOK_SECRET=whsec_" in (work / ".env").read_text()
