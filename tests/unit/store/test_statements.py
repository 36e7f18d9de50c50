from notifier.model.deliveries import Token
from notifier.store import statements
from notifier.store.stamps import from_blob, to_blob


def test_every_statement_has_a_name_and_no_comment_left() -> None:
    texts = statements.load()
    assert "insert_events" in texts
    assert all(text.rstrip().endswith(";") for text in texts.values())
    assert not [name for name, text in texts.items() if text.startswith("--")]


def test_rows_become_places() -> None:
    assert statements.with_rows("VALUES {rows}", 2, 3) == "VALUES (?,?,?),(?,?,?)"


def test_stamps_come_back_oldest_first() -> None:
    stamps = ((2_000, Token.RESERVE), (1_000, Token.NORMAL), (1_000, Token.RESERVE))
    assert from_blob(to_blob(stamps)) == ((1_000, 0), (1_000, 1), (2_000, 1))
    assert from_blob(to_blob(())) == ()
