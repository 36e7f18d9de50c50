"""What operators deploy with: the container, compose, Kubernetes and systemd."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from notifier.settings.settings import load
from tests.container import dockerfile

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
BIN = Path(sys.executable).parent


def run(*command: str | Path, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def image() -> dockerfile.Stage:
    return dockerfile.parse((ROOT / "Dockerfile").read_text(encoding="utf-8"))[-1]


def environment(stage: dockerfile.Stage) -> dict[str, str]:
    (words,) = [step.words for step in stage.steps if step.name == "ENV"]
    return dockerfile.variables(words)


def resources() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((EXAMPLES / "kubernetes.yaml").read_text(encoding="utf-8")))


def of_kind(kind: str) -> dict[str, Any]:
    (found,) = [one for one in resources() if one["kind"] == kind]
    return found


def pod() -> dict[str, Any]:
    found: dict[str, Any] = of_kind("Deployment")["spec"]["template"]["spec"]
    return found


def setting_names() -> Sequence[str]:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return [line.partition("=")[0] for line in text.splitlines() if line[:1].isupper()]


# -- the Dockerfile -----------------------------------------------------------------------------


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    done = run(BIN / "hadolint", "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


def test_every_stage_has_one_pinned_base() -> None:
    stages = dockerfile.parse((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert len({stage.base for stage in stages}) == 1
    name, _, tag = stages[0].base.partition(":")
    assert name == "python"
    assert tag.split("-")[0].count(".") == 2


def test_the_image_says_how_it_is_run() -> None:
    stage = image()
    assert stage.says["USER"] == "10001:10001"
    assert stage.says["STOPSIGNAL"] == "SIGTERM"
    assert stage.says["VOLUME"] == "/data"
    assert stage.command("ENTRYPOINT") == ["notifier"]
    for name in ("CMD", "HEALTHCHECK"):
        done = run(sys.executable, "-m", "notifier", stage.command(name)[-1], "--help")
        assert done.returncode == 0, done.stderr
    settings, warnings = load(environment(stage), Path("/dev/null"))
    assert (settings.host, settings.log_format, str(settings.database)) == (
        "0.0.0.0",  # noqa: S104
        "json",
        "/data/notifier.db",
    )
    assert warnings == []


def test_the_context_holds_no_secret_and_no_store(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".dockerignore", tmp_path)
    for name in (".env", "notifier.db", ".git/config", "notifier/module.py", ".env.example"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "notifier/__pycache__").mkdir()
    (tmp_path / "notifier/__pycache__/module.pyc").touch()
    assert dockerfile.context(tmp_path) == [".env.example", "notifier/module.py"]


@pytest.mark.timeout(600)
def test_the_container_builds_and_runs() -> None:
    if sys.platform != "linux":
        pytest.skip("chroot and mount namespaces are Linux's")
    done = run(sys.executable, "-m", "tests.container", seconds=500)
    if done.returncode == 2 and "needs Linux and root" in done.stdout:
        pytest.skip("making mounts needs root")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    said = done.stdout.splitlines()
    assert "One event: accepted, 1 delivery" in said
    assert "One mail: to john@example.com" in said
    assert "Outside the volume: Read-only file system" in said
    assert "SIGTERM: exit 0" in said


# -- compose ------------------------------------------------------------------------------------


def test_compose_builds_here_and_gives_the_service_time_to_stop() -> None:
    found = yaml.safe_load((EXAMPLES / "compose.yaml").read_text(encoding="utf-8"))
    service = found["services"]["notifier"]
    assert service["build"] == "."
    assert service["stop_grace_period"] == "30s"
    assert service["read_only"] is True
    assert service["volumes"] == ["data:/data"]
    assert "data" in found["volumes"]
    assert set(service["environment"]) <= set(setting_names())
    assert found["services"]["catcher"]["profiles"] == ["catcher"]
    settings, _ = load(service["environment"], Path("/dev/null"))
    assert str(settings.database) == "/data/notifier.db"


# -- Kubernetes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ConfigMap", "PersistentVolumeClaim", "Deployment", "Service"])
def test_kubernetes_takes_every_resource(kind: str) -> None:
    assert len(resources()) == 4
    kubernetes_validate.validate(of_kind(kind), "1.37", strict=True)


def test_a_misspelt_field_is_found() -> None:
    wrong = of_kind("Deployment")
    wrong["spec"]["replica"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.37", strict=True)


def test_one_pod_at_a_time_uses_the_store() -> None:
    spec = of_kind("Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_the_pod_runs_without_rights_and_has_time_to_stop() -> None:
    (container,) = pod()["containers"]
    assert pod()["enableServiceLinks"] is False
    assert pod()["terminationGracePeriodSeconds"] == 30
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container)
    paths = {container[probe]["httpGet"]["path"] for probe in ("livenessProbe", "readinessProbe")}
    assert paths == {"/health/live", "/health/ready"}


def test_secrets_reach_the_pod_as_files() -> None:
    (container,) = pod()["containers"]
    given = {one["name"] for one in container["env"]}
    assert given == {"WEBHOOK_SECRET_FILE", "API_TOKENS_FILE", "SMTP_PASSWORD_FILE"}
    known = set(setting_names())
    assert {name.removesuffix("_FILE") for name in given} <= known
    assert set(of_kind("ConfigMap")["data"]) <= known
    mounts = {one["mountPath"] for one in container["volumeMounts"]}
    assert "/data" in mounts
    assert all(Path(one["value"]).parent.as_posix() in mounts for one in container["env"])


# -- systemd ------------------------------------------------------------------------------------


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = (EXAMPLES / "notifier.service").read_text(encoding="utf-8")
    assert "TimeoutStopSec=30" in unit
    assert "ProtectSystem=strict" in unit
    assert "DATABASE_URL=sqlite:////var/lib/notifier/notifier.db" in unit
    assert "StateDirectory=notifier" in unit
    if shutil.which("systemd-analyze"):
        copy = tmp_path / "notifier.service"
        # The program is where the unit's own first lines install it, which is not here.
        copy.write_text(unit.replace("/opt/notifier/bin/notifier", "/bin/true"))
        done = run("systemd-analyze", "verify", copy)
        assert (done.returncode, done.stderr) == (0, "")
