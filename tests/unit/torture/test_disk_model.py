"""What the model of a disk keeps and what it may lose."""

import random
from collections.abc import Sequence

from tests.integration.write_trace import Step
from tests.torture.disk_model import Disk

IMAGES = 400


def wrote(data: bytes, offset: int = 0, where: str = "wal") -> Step:
    return Step("2", "page", where, data, offset)


def cut(size: int) -> Step:
    return Step("2", "cut", "wal", b"", size)


BEGUN, DONE = Step("2", "sync-begun", "wal", b""), Step("2", "sync-done", "wal", b"")


def images(steps: Sequence[Step], where: str = "wal") -> set[bytes]:
    disk, chance = Disk(), random.Random(7)
    for step in steps:
        disk.follow(step)
    return {disk.image(chance)[where] for _ in range(IMAGES)}


def test_what_a_sync_covers_is_there() -> None:
    assert images([wrote(b"abc"), BEGUN, DONE]) == {b"abc"}


def test_what_no_sync_covers_is_there_or_not() -> None:
    assert images([wrote(b"abc")]) == {b"", b"abc"}


def test_a_write_that_came_while_a_sync_ran_is_not_covered_by_it() -> None:
    assert images([wrote(b"abc"), BEGUN, wrote(b"X"), DONE]) == {b"abc", b"Xbc"}


def test_a_sync_that_has_only_begun_covers_nothing() -> None:
    assert images([wrote(b"abc"), BEGUN]) == {b"", b"abc"}


def test_a_later_write_may_be_there_without_an_earlier_one() -> None:
    found = images([wrote(b"abc"), wrote(b"def", 3)])
    assert {b"", b"abc", b"abcdef", b"\0\0\0def"} == found


def test_of_two_writes_to_one_place_either_may_be_the_last() -> None:
    assert {b"a", b"b", b""} == images([wrote(b"a"), wrote(b"b")])


def test_a_page_may_be_torn_between_its_sectors() -> None:
    found = images([wrote(bytes(4096)), BEGUN, DONE, wrote(b"x" * 4096)])
    halves = {image for image in found if 0 < image.count(b"x") < 4096}
    assert halves
    assert {image.count(b"x") % 512 for image in halves} == {0}
    assert all(image[at : at + 512].count(b"x") in (0, 512) for image in halves for at in (0, 512))


def test_a_small_write_within_one_sector_is_not_torn() -> None:
    assert images([wrote(b"x" * 24, 500 - 24)]) == {b"", bytes(476) + b"x" * 24}


def test_a_file_that_was_cut_may_still_be_long() -> None:
    assert images([wrote(b"abc"), BEGUN, DONE, cut(1)]) == {b"abc", b"a"}
    assert images([wrote(b"abc"), BEGUN, DONE, cut(5), BEGUN, DONE]) == {b"abc\0\0"}


def test_a_sync_of_one_file_says_nothing_of_the_other() -> None:
    steps = [wrote(b"abc", where="db"), BEGUN, DONE]
    assert images(steps, "db") == {b"", b"abc"}
