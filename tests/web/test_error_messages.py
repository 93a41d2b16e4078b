"""Whatever is sent is answered, or refused in a sentence; what is not foreseen is logged once."""

import json
import logging
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import free_port
from prometheus_client.parser import text_string_to_metric_families

from recsys.errors import QueryError
from recsys.release.reader import open_release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.monitoring import JsonLines
from recsys.serving.recommender import Recommender
from recsys.serving.request import SearchRequest
from recsys.web.headers import BROKEN, NOT_UNDERSTOOD
from recsys.web.limits import Limits
from recsys.web.server import launch

FILE = '{"path": %s, "meta": {"_type": "gradio.FileData"}}'
VALUES = [
    *("1e400", "-1e400", "NaN", "Infinity", "-0", "-0.0", "true", "false", "null", "9" * 400),
    *("1" + "0" * 5000, r'"\ud800"', r'"a\u0000b"', r'"\u202e\u2066x"', r'"\u001b[31m"', '"\\n"'),
    *("[]", "{}", "[[[[]]]]", '{"a": {"b": [1]}}', '["x"]', "[null, null]", "[1e400, 0]"),
    *("[1, 2, 3]", f"[{', '.join(['0'] * 1000)}]", f'"{"x" * 10_000}"', r'{"\ud800": 1}'),
    *(r'["\ud800"]', '{"text": 1e400}', '{"text": "9"}', '{"text": true}', '{"text": null}'),
    *('{"colour_group_name": "Black"}', '{"colour_group_name": [[{}]]}'),
    *(r'{"colour_group_name": ["\ud800"]}', '{"product_type_name": 1e400}'),
    *(FILE % '"/etc/passwd"', FILE % '"http://127.0.0.1:9/x.jpg"', FILE % "null", FILE % "{}"),
    *(FILE % '"http://example.org/x.jpg"', '{"__type__": "update", "value": 3}'),
]
"""JSON of every kind that an endpoint does not expect."""

GOOD = {
    "article": ['"0310352003"'],
    "similar_to_article": ['"0310352003"', "3"],
    "similar_to_articles": ['["0310352003"]', "3"],
    "similar_to_photo": ["null", "3", "null"],
    "search_words": ['"black dress"', "3"],
    "compose": [
        *('"in red"', '"0310352003"', "null", "0.5", "3", "null", "null", "false", "false"),
        *("null", "null"),
    ],
    "for_shopper": ['"shopper-0001"', "3"],
    "for_basket": ['["0310352003"]', "3"],
    "health": [],
    "shoppers": [],
}
"""Parameters that each endpoint answers."""

BODIES = [
    *("[]", "null", "{}", '{"data": null}', '{"data": {}}', '{"data": [', '{"data": [1e400]}'),
    *('{"data": []}', '{"data": [null]}', f'{{"data": [{", ".join(["1"] * 20)}]}}', "\ud800"),
    *('{"data": "x"}', r'{"data": "\ud800"}', '{"data": ' + "[" * 9000, r'{"\ud800": 1}'),
]
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server(small_built: Path) -> str:
    """The address of a server without limits for clients."""
    recommender = Recommender(open_release(small_built / "release"))
    live = LiveEdition(Edition(recommender, "the tests"))
    address: str = launch(
        live, Limits(calls=0, rate=0), server_port=free_port(), quiet=True
    ).local_url
    return address


def ask(server: str, endpoint: str, body: str) -> tuple[str, Any]:
    """Call an endpoint; return how it ended, as "complete" or "error", and with what."""
    address, data = f"{server}gradio_api/call/{endpoint}", body.encode(errors="replace")
    asked = httpx.post(address, content=data, headers=JSON, timeout=60)
    if asked.status_code != 200:
        assert asked.status_code in (400, 413, 422), asked.text
        assert asked.text
        return "error", {"error": asked.text}
    event = httpx.get(f"{address}/{asked.json()['event_id']}", timeout=60).text
    kind, _, answer = event.strip().rpartition("event: ")[2].partition("\ndata: ")
    return kind, json.loads(answer, parse_constant=pytest.fail)


def assert_sentence(error: str) -> None:
    """Fail for an error without a sentence, or with one that is not meant for callers."""
    assert error.strip()
    assert error != BROKEN
    assert "Traceback" not in error


def check_values(server: str, endpoint: str, place: int, values: list[str]) -> None:
    """Fail unless an endpoint answers or refuses values of one of its parameters."""
    for value in values:
        given = [*GOOD[endpoint][:place], value, *GOOD[endpoint][place + 1 :]]
        kind, answer = ask(server, endpoint, f'{{"data": [{", ".join(given)}]}}')
        assert kind in ("complete", "error"), value
        if kind == "error":
            assert_sentence(answer["error"])


@pytest.mark.parametrize("endpoint", ["compose", "similar_to_photo"])
def test_every_value_is_answered_or_refused_in_a_sentence(server: str, endpoint: str) -> None:
    parameters = len(GOOD[endpoint])
    for place in range(parameters):
        check_values(server, endpoint, place, VALUES[place::parameters])


@pytest.mark.exhaustive
@pytest.mark.parametrize("endpoint", [name for name, given in GOOD.items() if given])
def test_so_is_every_value_of_every_parameter(server: str, endpoint: str) -> None:
    for place in range(len(GOOD[endpoint])):
        check_values(server, endpoint, place, VALUES)


@pytest.mark.parametrize("endpoint", ["article", "similar_to_photo", "compose", "none"])
def test_every_body_is_answered_or_refused_in_a_sentence(server: str, endpoint: str) -> None:
    for body in BODIES:
        kind, answer = ask(server, endpoint, body)
        if kind == "error":
            assert_sentence(answer["error"])


def test_no_address_is_fetched(server: str, tmp_path: Path) -> None:
    for address in ("http://example.org/x.jpg", "https://127.0.0.1:9/x.jpg"):
        for given in (FILE % f'"{address}"', f'"{address}"'):
            kind, answer = ask(server, "similar_to_photo", f'{{"data": [{given}, 3, null]}}')
            assert kind == "error"
            assert_sentence(answer["error"])


EVENTS = count()
ADDRESSES = [
    *("?words=%00", "?words=%ED%A0%80", "?words=\ud800", "?k=1e400", "?k=" + "9" * 5000, "?k=٣"),
    *("?article=0&cheapest=nan", "?cheapest=1e400&words=x", "?weight.text=nan&words=black+dress"),
    *("?words=x&words_weight=-nan", "?see=%ED%A0%80", "?see=shopper&basket=%00", "?%00=%00", "\0"),
    *(
        "?see=shopper&shopper=\ud800",
        "?photo=\ud800",
        "?open=\ud800",
        "?ignore=\ud800",
        "?article=",
    ),
    *([], {"a": 1}, 5, None, True, 1.5, "?" + "&" * 500, "?see=quality&shopper=" + "x" * 5000),
]


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: ascii(address)[:24])
def test_every_address_shows_a_page(server: str, address: object) -> None:
    name = f"test-{next(EVENTS)}"
    body = {"data": [""], "event_data": {"address": address}, "fn_index": 0, "session_hash": name}
    sent = httpx.post(f"{server}gradio_api/queue/join", content=json.dumps(body), headers=JSON)
    sent.raise_for_status()
    stream = httpx.get(f"{server}gradio_api/queue/data?session_hash={name}", timeout=60).text
    ends = [json.loads(line[6:]) for line in stream.splitlines() if '"process_completed"' in line]
    assert [each["success"] for each in ends] == [True]
    assert 'class=\\"top\\"' in stream
    assert "x" * 5000 not in stream


@pytest.mark.parametrize(
    "values", [VALUES[::4], pytest.param(VALUES, marks=pytest.mark.exhaustive)], ids=["some", "all"]
)
@pytest.mark.parametrize("field", ["data", "fn_index", "trigger_id", "event_id", "session_hash"])
def test_events_that_make_no_sense_are_refused_in_a_sentence(
    server: str, field: str, values: list[str]
) -> None:
    for value in (*values, "-1", "99"):
        event = {"data": '[""]', "fn_index": "0", "session_hash": f'"test-{next(EVENTS)}"'}
        event[field] = value
        body = ", ".join(f'"{name}": {each}' for name, each in event.items())
        sent = httpx.post(f"{server}gradio_api/queue/join", content=f"{{{body}}}", headers=JSON)
        assert sent.status_code in (200, 400, 422), (value, sent.text)
        assert sent.text.strip() not in ("", "null")
    assert ask(server, "health", '{"data": []}')[0] == "complete"


@pytest.mark.parametrize(
    "name",
    ["..", "a\0b.jpg", "x" * 300 + ".jpg", "\u202e<img src=x onerror=alarm()>.jpg", "/etc/x"],
)
def test_a_file_may_have_any_name(server: str, name: str) -> None:
    sent = httpx.post(f"{server}gradio_api/upload", files={"files": (name, b"x")})
    assert sent.status_code in (200, 400)
    assert sent.text


def test_what_is_not_foreseen_is_one_entry_in_the_log_and_a_sentence(
    server: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Recommender, "shoppers", broken)
    monkeypatch.setattr(Recommender, "photo", broken)
    assert ask(server, "shoppers", '{"data": []}')[1]["error"] == BROKEN
    photo = httpx.get(f"{server}photos/0310352003.jpg")
    assert (photo.status_code, photo.text) == (500, BROKEN)
    assert photo.headers["x-content-type-options"] == "nosniff"
    entries = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert [type(each.exc_info[1]) for each in entries if each.exc_info] == [ZeroDivisionError] * 2
    assert len(entries) == 2


def test_what_cannot_be_understood_is_one_line_in_the_log(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    sent = httpx.post(f"{server}gradio_api/call/none", json={"data": []})
    assert (sent.status_code, sent.text) == (400, NOT_UNDERSTOOD)
    (entry,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert not entry.exc_info
    assert "\n" not in entry.getMessage()


def test_the_log_and_the_metrics_stay_valid(
    recommender: Recommender, server: str, caplog: pytest.LogCaptureFixture
) -> None:
    given = [json.loads(value) for value in VALUES if len(value) < 1000]
    with caplog.at_level(logging.INFO, "recsys.queries"):
        for value in given:
            with suppress(QueryError):
                recommender.search(SearchRequest(words=value), 3)
            with suppress(QueryError):
                recommender.similar_to_article("0310352003", value)
    queries = [each for each in caplog.records if hasattr(each, "query")]
    assert len(queries) == 2 * len(given)
    for record in queries:
        line = JsonLines(words=True).format(record)
        assert line.isascii()
        assert line.isprintable()
        assert len(line) < 4000
        json.loads(line, parse_constant=pytest.fail)
    assert list(text_string_to_metric_families(httpx.get(f"{server}metrics").text))
