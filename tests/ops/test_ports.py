"""A port that is taken is said at once, with the option that gives another."""

import pytest

from ops.embedded.errors import StartError
from ops.embedded.ports import Wanted, find_free, listen, port_of

ANY = Wanted(0, "the API", "--port")


def test_a_taken_port_is_named_with_its_option() -> None:
    with listen(ANY) as taken:
        again = Wanted(port_of(taken), "Temporal", "--temporal-port")
        message = f"Port {port_of(taken)}, wanted for Temporal, .* choose another with --temporal-port"
        with pytest.raises(StartError, match=message):
            find_free([again])


def test_two_that_want_the_same_port_are_refused() -> None:
    with listen(ANY) as probe:
        number = port_of(probe)
    with pytest.raises(StartError, match="--temporal-ui-port"):
        find_free([Wanted(number, "Temporal", "--temporal-port"), Wanted(number, "UI", "--temporal-ui-port")])


def test_any_free_port_is_found_twice() -> None:
    first, second = find_free([ANY, ANY])
    assert first != second
