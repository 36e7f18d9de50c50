"""The table of Twilio's errors and the reading of its answers."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.channels import twilio_codes
from notifier.channels.twilio_codes import RULES, Answer, Meaning
from notifier.model.errors import (
    ChannelDown,
    DeliveryError,
    Permanent,
    Transient,
    Unknown,
    Unreachable,
)
from notifier.model.reasons import Reason
from notifier.model.times import DAY, HOUR, MINUTE, SECOND

SID = "SM" + "0a" * 16

MESSAGE = (21602, 21603, 21604, 21617, 21619, 21624, 21658, 30007, 90007)
DESTINATION = (21408, 21606, 21608, 21612, 572005)
ACCOUNT = (10001, 20005, 20404, 21609, 21703, 21704, 21705, 30002, 30010)
AMBIGUOUS = (20500, 20503, 20504, 30021, 30410, 30500)
SENDER = (21212, 21401, 21601, 21660, 21661, 30018, 30024, 30032, 30034, 30035)


def answer(status: int, code: int | None = None, retry_after: int | None = None) -> Answer:
    return Answer(status, code, None, "words", retry_after, "api.example.com")


def read(body: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return twilio_codes.read(400, named, body, "api.example.com")


@pytest.mark.fault("F6")
@pytest.mark.parametrize("code", [21211, 21421, 21614, 21635, 30005, 30006])
def test_a_bad_number_counts_against_the_address(code: int) -> None:
    error = twilio_codes.refusal(answer(400, code))
    assert type(error) is Unreachable
    assert error.reason is Reason.BAD_ADDRESS


@pytest.mark.fault("F6")
@pytest.mark.parametrize("code", [30004, 30640])
def test_a_blocked_number_counts_against_the_address_as_rejected(code: int) -> None:
    error = twilio_codes.refusal(answer(400, code))
    assert type(error) is Unreachable
    assert error.reason is Reason.REJECTED


@pytest.mark.fault("F6")
def test_a_recipient_who_sent_stop_has_opted_out() -> None:
    error = twilio_codes.refusal(answer(400, 21610))
    assert type(error) is Permanent
    assert error.reason is Reason.OPTED_OUT


@pytest.mark.fault("F6")
@pytest.mark.parametrize(
    "code",
    [*MESSAGE, *DESTINATION],
)
def test_a_refused_message_or_destination_concerns_nothing_but_itself(code: int) -> None:
    error = twilio_codes.refusal(answer(400, code))
    assert type(error) is Permanent
    assert error.reason is Reason.REJECTED


@pytest.mark.fault("F6")
@pytest.mark.parametrize("code", [30012, 30036])
def test_a_message_whose_time_ran_out_at_twilio_is_expired(code: int) -> None:
    error = twilio_codes.refusal(answer(400, code))
    assert type(error) is Permanent
    assert error.reason is Reason.EXPIRED


@pytest.mark.fault("F6")
@pytest.mark.parametrize(
    "code",
    [*ACCOUNT, *SENDER],
)
def test_a_fault_of_the_account_or_the_settings_goes_to_the_breaker(code: int) -> None:
    error = twilio_codes.refusal(answer(400, code))
    assert isinstance(error, ChannelDown)
    assert error.hold is None


@pytest.mark.fault("F6")
@pytest.mark.parametrize(("status", "code"), [(401, 20003), (403, 20003), (401, None), (401, 9)])
def test_a_refused_sign_in_holds_the_channel_for_fifteen_minutes(
    status: int, code: int | None
) -> None:
    error = twilio_codes.refusal(answer(status, code))
    assert isinstance(error, ChannelDown)
    assert error.hold == 15 * MINUTE


@pytest.mark.fault("F6")
@pytest.mark.parametrize(
    ("code", "least"),
    [
        (20429, None),
        (21611, 5 * MINUTE),
        (30001, 10 * MINUTE),
        (30003, 30 * MINUTE),
        (30008, MINUTE),
        (30017, MINUTE),
        (30022, MINUTE),
        (30023, HOUR),
        (30450, 30 * MINUTE),
        (30610, 30 * MINUTE),
        (63038, HOUR),
    ],
)
def test_what_was_not_taken_waits_at_least_its_time(code: int, least: int | None) -> None:
    error = twilio_codes.refusal(answer(400, code))
    assert isinstance(error, Transient)
    assert error.retry_after == least
    assert error.reason is Reason.RETRIES_EXHAUSTED


@pytest.mark.fault("F6")
@pytest.mark.parametrize("code", AMBIGUOUS)
def test_a_code_that_leaves_it_open_is_unknown_under_any_status(code: int) -> None:
    for status in (400, 500):
        error = twilio_codes.refusal(answer(status, code))
        assert isinstance(error, Unknown)
        assert error.reason is Reason.OUTCOME_UNKNOWN


@pytest.mark.fault("F6")
def test_every_row_of_the_table_is_named_in_these_tests() -> None:
    counts = dict.fromkeys(Meaning, 0)
    for rule in RULES.values():
        counts[rule.meaning] += 1
    assert counts == {
        Meaning.LATER: 11,
        Meaning.UNREACHABLE: 8,
        Meaning.REFUSED: 17,
        Meaning.DOWN: 20,
        Meaning.AMBIGUOUS: 6,
    }


@pytest.mark.fault("F2")
@pytest.mark.parametrize("code", [None, 20003, 20429, 20500, 21211, 21610, 29999])
@pytest.mark.parametrize("status", [500, 502, 503, 504, 599, 200, 204])
def test_a_server_error_or_a_hollow_success_is_unknown_whatever_the_code(
    status: int, code: int | None
) -> None:
    assert isinstance(twilio_codes.refusal(answer(status, code)), Unknown)


@pytest.mark.fault("F1")
@pytest.mark.parametrize("code", [None, 20003, 20500, 21211, 29999])
def test_429_is_always_safe_to_try_again(code: int | None) -> None:
    error = twilio_codes.refusal(answer(429, code, retry_after=7 * SECOND))
    assert isinstance(error, Transient)
    assert error.retry_after == 7 * SECOND


@pytest.mark.parametrize(("asked", "waits"), [(7 * SECOND, HOUR), (2 * HOUR, 2 * HOUR)])
def test_the_longer_of_the_codes_wait_and_the_headers_holds(asked: int, waits: int) -> None:
    error = twilio_codes.refusal(answer(429, 63038, retry_after=asked))
    assert isinstance(error, Transient)
    assert error.retry_after == waits


@pytest.mark.fault("F13")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_fault_of_the_endpoint(status: int) -> None:
    assert isinstance(twilio_codes.refusal(answer(status)), ChannelDown)


@pytest.mark.fault("F7")
@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_without_a_code_of_twilios_is_a_fault_of_the_endpoint(status: int) -> None:
    assert isinstance(twilio_codes.refusal(answer(status)), ChannelDown)


@pytest.mark.fault("F7")
@pytest.mark.parametrize(("status", "code"), [(400, None), (400, 29999), (403, 29999), (422, None)])
def test_any_other_4xx_is_rejected_for_good(status: int, code: int | None) -> None:
    error = twilio_codes.refusal(answer(status, code))
    assert type(error) is Permanent
    assert error.reason is Reason.REJECTED


def test_the_evidence_is_status_code_words_and_host() -> None:
    evidence = twilio_codes.refusal(answer(400, 21211)).evidence
    assert evidence.phase == "response"
    assert (evidence.code, evidence.enhanced_code) == (400, "21211")
    assert (evidence.reply, evidence.remote) == ("words", "api.example.com")
    assert twilio_codes.refusal(answer(400)).evidence.enhanced_code is None


def test_an_error_body_gives_code_and_words() -> None:
    found = read('{"code": 21211, "message": "Invalid", "status": 400}')
    assert (found.code, found.text, found.sid) == (21211, "Invalid", None)


def test_an_rfc_9457_body_gives_its_detail_before_its_title() -> None:
    found = read('{"type": "about:blank", "title": "A", "detail": "B", "status": 400, "code": 7}')
    assert (found.code, found.text) == (7, "B")
    assert read('{"title": "A"}').text == "A"


def test_a_created_message_gives_its_sid_and_status() -> None:
    found = read(json.dumps({"sid": SID, "status": "queued"}))
    assert (found.sid, found.text) == (SID, "queued")


@pytest.mark.parametrize("sid", ["", "SM12", SID + "0", SID[:-1] + "\n", 7, None, [SID], {}])
def test_a_sid_of_another_form_counts_as_absent(sid: object) -> None:
    assert read(json.dumps({"sid": sid})).sid is None


@pytest.mark.fault("F7")
@pytest.mark.parametrize("code", ["21211", True, 21211.0, None, 0, -1, 10**7, 10**30, [21211]])
def test_a_code_of_another_form_counts_as_absent(code: object) -> None:
    assert read(json.dumps({"code": code})).code is None


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", '"text"', "<html>", "[" * 60_000, '{"code":' + "9" * 5000 + "}"]
)
def test_a_body_that_is_no_object_says_nothing(body: str) -> None:
    found = read(body)
    assert (found.code, found.sid, found.text) == (None, None, None)


@pytest.mark.parametrize(
    ("status", "sid", "made"),
    [(201, SID, True), (201, None, True), (200, SID, True), (200, None, False), (400, SID, False)],
)
def test_201_means_made_and_another_2xx_only_with_a_sid(
    status: int, sid: str | None, made: bool
) -> None:
    assert Answer(status, None, sid, None, None, "api.example.com").made is made


@pytest.mark.fault("F1")
@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("0", 0),
        ("30", 30 * SECOND),
        ("999999999", DAY),
        ("Mon, 23 Nov 2026 09:00:30 GMT", 30 * SECOND),
        ("Mon, 23 Nov 2026 08:59:00 GMT", 0),
        ("Mon, 23 Nov 2099 09:00:00 GMT", DAY),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, wait: int) -> None:
    date = "Mon, 23 Nov 2026 09:00:00 GMT"
    assert read("{}", retry_after=value, date=date).retry_after == wait


@pytest.mark.fault("F1")
@pytest.mark.parametrize(
    "value",
    [
        *("", "soon", "-5", "1.5", "1e3", "٣", "9999999999"),
        "Mon, 23 Nov 2026 09:00:30 -0000",
        "Mon, 23 Nov 99999999999999999999 09:00:00 GMT",
    ],
)
def test_a_retry_after_that_is_neither_is_ignored(value: str) -> None:
    date = "Mon, 23 Nov 2026 09:00:00 GMT"
    assert read("{}", retry_after=value, date=date).retry_after is None


def test_a_date_cannot_be_counted_without_the_servers_own() -> None:
    assert read("{}", retry_after="Mon, 23 Nov 2026 09:00:30 GMT").retry_after is None


@pytest.mark.parametrize(
    "number",
    ["+14155550123", "14155550123", "+1 415 555 0123", "(415) 555-0123", "+1.415.555.0123"],
)
def test_no_phone_number_stays_in_kept_words(number: str) -> None:
    kept = twilio_codes.clean(f"The number {number} is not valid")
    assert "555" not in kept
    assert "0123" not in kept
    assert kept.startswith("The number ")
    assert kept.endswith("[number] is not valid")


def test_a_code_in_kept_words_stays() -> None:
    assert twilio_codes.clean("error 21211, status 400") == "error 21211, status 400"


def test_kept_words_are_one_short_printable_line() -> None:
    kept = twilio_codes.clean("a\r\nb\x00\x1b[31m\u202ec\ud800 " + "d" * 500)
    assert kept.startswith("a b [31m c d")
    assert len(kept) == 200
    assert kept.isprintable()


@given(
    status=st.integers(200, 599).filter(lambda status: status != 201),
    body=st.one_of(
        st.text(),
        st.dictionaries(
            st.sampled_from(["code", "sid", "message", "status", "title", "detail"]),
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
        ).map(json.dumps),
    ),
    retry_after=st.text(),
    date=st.text(),
)
@settings(deadline=None, max_examples=200)
def test_any_answer_at_all_can_be_read_and_refused(
    status: int, body: str, retry_after: str, date: str
) -> None:
    headers = {"retry-after": retry_after, "date": date}
    found = twilio_codes.read(status, headers, body, "api.example.com")
    error = twilio_codes.refusal(found)
    assert isinstance(error, DeliveryError)
    assert error.evidence.code == status
    assert isinstance(error, Unknown) == (
        not 300 <= status < 500
        or (status not in (401, 429) and status >= 400 and found.code in AMBIGUOUS)
    )
