"""Whether the bytes of a text stand in a file, wherever they stand."""

from pathlib import Path

from notifier.store import remains


def test_a_text_is_found_where_two_pieces_of_a_file_meet(tmp_path: Path) -> None:
    file = tmp_path / "large"
    piece = 1024 * 1024
    for place in (0, 5, piece - 7, piece - 1, piece, 2 * piece - 3, 3 * piece - 11):
        content = bytearray(3 * piece)
        content[place : place + 11] = b"Ana SILVA x"
        file.write_bytes(content[: 3 * piece])
        assert remains.holds(file, {"nobody", "ana silva x"}), place
    file.write_bytes(b"Ana Silv" + bytes(3 * piece) + b"a")
    assert not remains.holds(file, {"ana silva"})
    assert not remains.holds(file, ())
