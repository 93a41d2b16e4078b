"""What one client may do: settings, addresses behind proxies, rates, bounded memory."""

import pytest

from recsys.errors import OperatorError
from recsys.web import limits
from recsys.web.limits import Clients, Limits, TokenBucket, client_address


def address(sender: str, proxies: int, *forwarded: str) -> str:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    return client_address({"client": (sender, 5), "headers": headers}, proxies)


def test_settings_come_from_the_environment() -> None:
    assert Limits.of({}) == Limits(calls=32, rate=20, proxies=0)
    given = {"CLIENT_CALLS": "0", "CLIENT_RATE": "2.5", "PROXIES": "2"}
    assert Limits.of(given) == Limits(calls=0, rate=2.5, proxies=2)


def test_a_space_has_one_proxy() -> None:
    assert Limits.of({"SPACE_ID": "me/app"}).proxies == 1
    assert Limits.of({"SPACE_ID": "me/app", "PROXIES": "0"}).proxies == 0


@pytest.mark.parametrize("name", ["CLIENT_CALLS", "CLIENT_RATE", "PROXIES"])
@pytest.mark.parametrize("text", ["many", "-1", "nan", "inf", ""])
def test_a_wrong_setting_is_named(name: str, text: str) -> None:
    with pytest.raises(OperatorError, match=name):
        Limits.of({name: text})


def test_without_a_proxy_nobody_can_choose_an_address() -> None:
    assert address("192.0.2.1", 0, "198.51.100.1") == "192.0.2.1"


def test_behind_proxies_only_what_they_wrote_counts() -> None:
    assert address("10.0.0.1", 1, "198.51.100.9, 192.0.2.1") == "192.0.2.1"
    assert address("10.0.0.1", 1, "198.51.100.9", "192.0.2.1") == "192.0.2.1"
    assert address("10.0.0.1", 2, "198.51.100.9, 192.0.2.1, 10.0.0.2") == "192.0.2.1"


def test_who_came_past_the_proxies_has_their_own_address() -> None:
    assert address("192.0.2.1", 1) == "192.0.2.1"
    assert address("192.0.2.1", 2, "198.51.100.1") == "192.0.2.1"
    assert address("192.0.2.1", 1, "<script>") == "192.0.2.1"


def test_an_ipv6_client_is_its_network() -> None:
    one, two = address("2001:db8::1", 0), address("2001:db8::2:3:4:5", 0)
    assert one == two == "2001:db8::/64"
    assert address("2001:db8:0:1::1", 0) != one
    assert address("::1", 1, "[2001:db8::7]:443") == one
    assert address("::ffff:192.0.2.1", 0) == address("::1", 1, "192.0.2.1:80") == "192.0.2.1"


def test_a_rate_allows_a_burst_and_then_refills() -> None:
    bucket = TokenBucket(2, 0)
    assert [bucket.take(1, 0) for _ in range(21)] == [True] * 20 + [False]
    assert [bucket.take(1, 1) for _ in range(3)] == [True, True, False]
    assert bucket.take(1000, 100), "more than it ever has: a full one is enough"
    assert all(TokenBucket(0, 0).take(1000, 0) for _ in range(5))


def test_only_the_clients_seen_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_CLIENTS", 2)
    clients = Clients(1)
    one = clients.at("1", 0)
    clients.at("2", 0)
    assert clients.at("1", 0) is one
    clients.at("3", 0)
    assert clients.at("1", 0) is one
    assert clients.at("2", 0).calls.take(10, 0), "forgotten, and so new"
