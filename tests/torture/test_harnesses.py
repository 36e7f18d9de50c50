"""A small share of each harness as the command runs it, and a planted defect that it must find."""

import json
from pathlib import Path

import pytest

from tests.torture.command import main
from tests.torture.every import HARNESSES
from tests.torture.sabotages import SABOTAGES

SMALL = {
    "kill": "--kills 3 --events 160 --patience 60 --wait-out 0",
    "fsync-order": "--calls 256",
    "images": "--images 80 --recordings 1 --calls 320 --control 12",
    "sigterm": "--cycles 2 --events 24 --patience 60 --wait-out 0",
    "disk": "--cycles 1",
    "clock": "--jumps 2 --restarts 1",
    "loris": "--slow 60 --honest 16 --header-ms 500 --body-ms 1000 --slack-ms 20000",
    "fuzz": "--calls 1000 --growth-kib 49152",
    "source-fuzz": "--calls 1000 --growth-kib 49152",
    "hostile-text": "--texts 12 --patience 60",
    "canary": "--events 12 --shown 2",
    "reload": "--calls 600 --reloads 6",
}

DEFECTS = [
    ("kill", "answer-before-the-commit", "lost", "--kills 2 --events 64"),
    ("kill", "forget-what-was-interrupted", "stuck", "--kills 2 --events 120 --patience 1"),
    ("kill", "repeat-with-other-bytes", "altered", "--kills 2 --events 80"),
    ("fsync-order", "synchronous-normal", "early", "--calls 128"),
    ("images", "synchronous-normal", "lost", "--images 20 --calls 64 --control 1"),
    ("sigterm", "exit-at-once", "abandoned", "--cycles 1 --events 16"),
    ("disk", "accept-without-storing", "false_202", "--cycles 1"),
    ("clock", "believe-the-wall-clock", "refused", "--jumps 1 --restarts 0"),
    ("loris", "no-deadlines", "endless", "--slow 12 --slack-ms 500"),
    ("fuzz", "raise-at-bad-signatures", "failed", "--calls 400"),
    ("source-fuzz", "take-every-value-for-text", "failed", "--calls 400"),
    ("hostile-text", "leave-text-as-it-is", "bad_mail", "--texts 11"),
    ("canary", "log-what-is-received", "found", "--events 2 --shown 1"),
    ("reload", "forget-the-sources-first", "refused", "--calls 400 --reloads 4"),
]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("kill", id="kill-A1", marks=pytest.mark.fault("A1")),
        "fsync-order",
        pytest.param("images", id="images-C8", marks=pytest.mark.fault("C8")),
        pytest.param("sigterm", id="sigterm-A5", marks=pytest.mark.fault("A5")),
        pytest.param("disk", id="disk-C1", marks=pytest.mark.fault("C1")),
        pytest.param("clock", id="clock-B1-B2", marks=pytest.mark.fault("B1", "B2")),
        pytest.param("loris", id="loris-G10", marks=pytest.mark.fault("G10")),
        pytest.param("fuzz", id="fuzz-G9", marks=pytest.mark.fault("G9")),
        "source-fuzz",
        pytest.param("hostile-text", id="hostile-G11-G12", marks=pytest.mark.fault("G11", "G12")),
        pytest.param("canary", id="canary-G24", marks=pytest.mark.fault("G24")),
        "reload",
    ],
)
def test_a_small_share_finds_nothing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.json"
    status = main([name, *SMALL[name].split(), "--json", str(report), "--assert", "broken=0"])
    assert status == 0, capsys.readouterr().out
    told = json.loads(report.read_text())
    assert (told["harness"], told["violations"], told["findings"]) == (name, [], [])
    assert {"notifier", "python", "sqlite", "system"} == set(told["versions"])


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: f"{defect[0]}-{defect[2]}")
def test_a_planted_defect_is_found_and_named(
    defect: tuple[str, str, str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, planted, fault, sizes = defect
    report = tmp_path / "report.json"
    # What is not said here is as small as above.
    arguments = [name, *SMALL[name].split(), *sizes.split(), "--sabotage", planted]
    assert main([*arguments, "--json", str(report)]) == 1
    told = json.loads(report.read_text())
    assert told["figures"][fault] > 0, told
    shown = capsys.readouterr().out
    assert f"  {fault}: " in shown
    assert f"VIOLATED {fault} = " in shown


def test_every_harness_has_a_small_share_a_defect_and_nothing_is_planted_in_vain() -> None:
    assert set(SMALL) == {name for name, *_ in DEFECTS} == set(HARNESSES)
    named = {planted for one in HARNESSES.values() for planted in one.sabotages}
    assert named == set(SABOTAGES)


@pytest.mark.parametrize("limits", ["lost", "lost=", "lost==0", "lost<0", "lost=0;x=1"])
def test_limits_that_say_nothing_are_refused(
    limits: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["kill", "--assert", limits]) == 2
    assert "is not NAME=NUMBER" in capsys.readouterr().err
