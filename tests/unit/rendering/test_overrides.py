"""The operator's folder: which of its files may stand in for built-in ones."""

import os
from pathlib import Path

import pytest

from notifier.rendering import overrides
from notifier.rendering.overrides import LARGEST, read
from tests.unit.rendering.folders import CLOSING, SUBJECT, put

KNOWN = {SUBJECT: "", CLOSING: ""}


def said(folder: Path) -> dict[str, str]:
    found = read(folder, KNOWN)
    assert found.files == {}
    return {fault.name: fault.said for fault in found.faults}


def test_files_are_found_by_their_names(tmp_path: Path) -> None:
    put(tmp_path, SUBJECT, "one")
    put(tmp_path, CLOSING, b"\xef\xbb\xbftwo\r\n")
    found = read(tmp_path, KNOWN)
    assert found.files == {SUBJECT: "one", CLOSING: "two\r\n"}
    assert found.faults == []


def test_what_begins_with_a_dot_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path, ".git/config", "a")
    put(tmp_path, "ticket.assigned/.subject.swp", "a")
    assert said(tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ticket.assigned/subject.txt", "; did you mean ticket.assigned/subject.txt.j2?"),
        ("ticket.asigned/subject.txt.j2", "; did you mean ticket.assigned/subject.txt.j2?"),
        ("README.md", ""),
        ("ticket.assigned/deeper/subject.txt.j2", ""),
    ],
)
def test_another_name_is_a_fault_that_names_the_nearest(
    name: str, meant: str, tmp_path: Path
) -> None:
    (words,) = said(put(tmp_path, name, "a")).values()
    assert words.startswith("there is no template of this name")
    assert words.endswith(meant)


def test_a_link_within_the_folder_is_followed_as_kubernetes_mounts_need_it(tmp_path: Path) -> None:
    put(tmp_path, "..2026_11_24/ticket.assigned/subject.txt.j2", "linked")
    (tmp_path / "..data").symlink_to("..2026_11_24")
    (tmp_path / "ticket.assigned").symlink_to("..data/ticket.assigned")
    assert read(tmp_path, KNOWN).files == {SUBJECT: "linked"}


@pytest.mark.parametrize("link", ["folder", "file"])
def test_g16_a_link_out_of_the_folder_is_refused(link: str, tmp_path: Path) -> None:
    outside = put(tmp_path / "outside", SUBJECT, "secret")
    inside = tmp_path / "inside"
    inside.mkdir()
    if link == "folder":
        (inside / "ticket.assigned").symlink_to(outside / "ticket.assigned")
    else:
        (inside / "ticket.assigned").mkdir()
        (inside / SUBJECT).symlink_to(outside / SUBJECT)
    assert list(said(inside).values()) == ["it is a link that leads out of the folder"]


def test_a_link_to_nowhere_and_a_loop_of_links_are_faults(tmp_path: Path) -> None:
    (tmp_path / "ticket.assigned").mkdir()
    (tmp_path / SUBJECT).symlink_to("gone")
    (tmp_path / "_layout").mkdir()
    (tmp_path / CLOSING).symlink_to("closing.txt.j2")
    (tmp_path / "rollup").symlink_to("rollup")
    assert set(said(tmp_path)) == {SUBJECT, CLOSING, "rollup"}


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "ticket.assigned").mkdir()
    os.mkfifo(tmp_path / SUBJECT)
    assert said(tmp_path) == {SUBJECT: "it is not a file"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a" * (LARGEST + 1), "it is larger than 64 KiB"),
        (b"ab\xff", "it is not UTF-8, at byte 2"),
        ("Größe".encode("utf-16"), "it is not UTF-8, at byte 0"),
    ],
    ids=["large", "latin", "utf-16"],
)
def test_what_is_no_short_text_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    assert said(put(tmp_path, SUBJECT, content)) == {SUBJECT: words}


def test_a_folder_of_too_many_files_is_not_used_at_all(tmp_path: Path) -> None:
    for number in range(501):
        put(tmp_path, f"ticket.assigned/{number:03}", "")
    put(tmp_path, SUBJECT, "one")
    assert said(tmp_path) == {str(tmp_path): "it holds more than 500 files; none of them is used"}


def test_a_folder_that_is_gone_is_a_fault(tmp_path: Path) -> None:
    (words,) = said(tmp_path / "gone").values()
    assert words == "it cannot be read: No such file or directory"


def test_a_name_that_would_forge_a_line_is_cleaned(tmp_path: Path) -> None:
    (name,) = said(put(tmp_path, "a\nb\x1b[31m", ""))
    assert name == "a b[31m"
    assert overrides.Broken(name, "").mend
