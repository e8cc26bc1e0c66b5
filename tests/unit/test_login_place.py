"""Failed logins are counted by address, and whoever has a network has one address."""

import pytest

from api.login import place_of


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_a_network_of_ipv6_guesses_as_one_address(address: str, place: str) -> None:
    assert place_of(address) == place
