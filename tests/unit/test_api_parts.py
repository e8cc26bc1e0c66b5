"""The small parts of the API that need no server."""

from uuid import uuid4

import pytest

from api.cache import TimedCache
from api.cursors import decode, encode
from api.problems import Problem
from storage.accounts import FAMILY_BYTES, refresh_token_hash
from storage.keyring import Keyring, UnreadableError

OLD, NEW = {"old": b"o" * 32}, {"new": b"n" * 32}


def test_what_is_sealed_opens_at_its_place_only() -> None:
    ring = Keyring(NEW)
    place = f"patients/last_name/{uuid4()}"
    sealed = ring.seal("Dupont-Moreau", place)
    assert b"Dupont" not in sealed
    assert ring.open(sealed, place) == "Dupont-Moreau"
    assert sealed != ring.seal("Dupont-Moreau", place)
    with pytest.raises(UnreadableError):
        ring.open(sealed, f"patients/last_name/{uuid4()}")


def test_the_first_key_seals_and_all_open() -> None:
    sealed = Keyring(OLD).seal("x", "p")
    both = Keyring(NEW | OLD)
    assert both.open(sealed, "p") == "x"
    assert Keyring(NEW).open(both.seal("y", "p"), "p") == "y"
    with pytest.raises(UnreadableError):
        Keyring(NEW).open(sealed, "p")


@pytest.mark.parametrize("broken", [b"", b"\x02abc", b"\x01\xff" + b"x" * 20])
def test_what_was_not_sealed_here_does_not_open(broken: bytes) -> None:
    with pytest.raises(UnreadableError):
        Keyring(NEW).open(broken, "p")


def test_a_keyring_needs_a_key() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        Keyring({})


def test_refresh_tokens_of_one_login_share_their_family() -> None:
    one, two, other = (refresh_token_hash(token) for token in ("f.a", "f.b", "g.a"))
    assert one[:FAMILY_BYTES] == two[:FAMILY_BYTES] != other[:FAMILY_BYTES]
    assert len({one, two, other}) == 3


async def test_a_cache_is_bounded_and_forgets() -> None:
    now = 0.0
    cache: TimedCache[int, int] = TimedCache(5, 2, lambda: now)
    reads: list[int] = []

    async def get(key: int) -> int:
        async def read() -> int:
            reads.append(key)
            return key * 10

        return await cache.get(key, read)

    assert [await get(1), await get(1), await get(2), await get(3), await get(1)] == [10, 10, 20, 30, 10]
    assert reads == [1, 2, 3, 1]
    now = 6.0
    await get(1)
    assert reads[-1] == 1
    assert len(reads) == 5


def test_cursors_come_back_as_they_went() -> None:
    assert decode(encode("a", 3), 2) == ["a", "3"]
    with pytest.raises(Problem):
        decode(encode("a"), 2)


async def test_the_cache_does_not_keep_what_was_forgotten_while_it_was_read() -> None:
    cache: TimedCache[int, bool] = TimedCache(5, 2, lambda: 0.0)

    async def ended_meanwhile() -> bool:
        cache.forget(1)
        return True

    async def ended() -> bool:
        return False

    assert await cache.get(1, ended_meanwhile) is True
    assert await cache.get(1, ended) is False
