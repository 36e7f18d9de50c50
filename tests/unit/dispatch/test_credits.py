import threading

from notifier.dispatch.credits import ChannelCredits


def places(room: ChannelCredits, channel: str = "email") -> tuple[int, int]:
    return room.free(channel, critical=False), room.free(channel, critical=True)


def test_a_few_places_are_kept_for_critical_batches() -> None:
    room = ChannelCredits({"email": 4})
    assert places(room) == (64, 68)
    room.taken("email", 64)
    assert places(room) == (0, 4)
    room.taken("email", 4)
    assert places(room) == (0, 0)


def test_a_place_that_is_given_back_is_free_again() -> None:
    room = ChannelCredits({"email": 1})
    room.taken("email", 17)
    room.give_back("email")
    assert places(room) == (0, 1)
    room.give_back("email")
    assert places(room) == (1, 2)


def test_there_are_never_fewer_than_no_places() -> None:
    room = ChannelCredits({"email": 1})
    room.taken("email", 40)
    assert places(room) == (0, 0)


def test_a_channel_that_is_not_there_has_no_places() -> None:
    assert places(ChannelCredits({"email": 1}), "sms") == (0, 0)


def test_a_channel_that_is_down_has_no_places_and_others_keep_theirs() -> None:
    room = ChannelCredits({"email": 1, "sms": 1})
    room.shut("email")
    assert (places(room), places(room, "sms")) == ((0, 0), (16, 17))
    room.taken("email", 1)
    room.reopen("email")
    assert places(room) == (15, 16)


def test_a_process_that_leaves_has_no_places_any_more() -> None:
    room = ChannelCredits({"email": 1, "sms": 1})
    room.taken("email", 1)
    room.shut_all()
    room.give_back("email")
    room.reopen("email")
    assert (places(room), places(room, "sms")) == ((0, 0), (0, 0))


def test_threads_do_not_lose_each_others_counts() -> None:
    room = ChannelCredits({"email": 1000})

    def take_and_give_back() -> None:
        for _ in range(2000):
            room.taken("email", 1)
            room.give_back("email")

    threads = [threading.Thread(target=take_and_give_back) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert places(room) == (16_000, 17_000)
