"""Which addresses may be called, and with which keys: what is refused is refused before anything is sent."""

from pathlib import Path

import pytest

from push.config import configured
from push.doors import Door, door_of, origin_of, parse_doors
from push.keys import decoded, encoded, new_key, private_key, public_key

CONTACT = "mailto:operator@rescousse.example"
DOORS = parse_doors("fcm.googleapis.com, *.push.apple.com ,push.example:8443,")


def test_hosts_are_read_as_an_operator_writes_them() -> None:
    assert (
        Door("fcm.googleapis.com"),
        Door("push.apple.com", below=True),
        Door("push.example", 8443),
    ) == DOORS
    assert parse_doors(" , ") == ()


@pytest.mark.parametrize(
    "text",
    ["https://push.example", "push.example/x", "push.example:0", "push.example:99999", "*", "*.", "a b"],
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no host|no such port"):
        parse_doors(text)


@pytest.mark.parametrize(
    ("endpoint", "door"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", DOORS[0]),
        ("https://FCM.googleapis.com:443/fcm/send/abc", DOORS[0]),
        ("https://web.push.apple.com/abc", DOORS[1]),
        ("https://a.b.push.apple.com/abc", DOORS[1]),
        ("https://push.example:8443/abc", DOORS[2]),
        ("https://push.apple.com/abc", None),
        ("https://evilpush.apple.com/abc", None),
        ("https://push.example/abc", None),
        ("http://fcm.googleapis.com/abc", None),
        ("https://fcm.googleapis.com./abc", None),
        ("https://fcm.googleapis.com.evil.test/abc", None),
        ("https://fcm.googleapis.com@evil.test/abc", None),
        ("https://user:secret@fcm.googleapis.com/abc", None),
        ("https://evil.test#@fcm.googleapis.com/abc", None),
        ("https://evil.test\\@fcm.googleapis.com/abc", None),
        ("https://127.0.0.1/abc", None),
        ("https://[::1]/abc", None),
        ("https://", None),
        ("https://fcm.googleapis.com:x/", None),
    ],
)
def test_only_what_was_named_is_called(endpoint: str, door: Door | None) -> None:
    assert door_of(endpoint, DOORS) == door


def test_a_token_is_for_the_origin() -> None:
    assert origin_of("https://push.example:8443/a/b?c") == "https://push.example:8443"
    assert origin_of("https://fcm.googleapis.com/a") == "https://fcm.googleapis.com"


def test_a_key_is_made_and_read_again() -> None:
    key = new_key()
    assert len(decoded(key)) == 32
    assert len(decoded(public_key(key))) == 65
    assert decoded(public_key(key))[0] == 4  # an uncompressed point
    assert private_key(key).private_numbers().private_value == int.from_bytes(decoded(key), "big")


@pytest.mark.parametrize("key", ["", "AAAA", encoded(bytes(32)), encoded(b"\xff" * 32), "not base64!"])
def test_what_is_no_key_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ValueError, match=r"key|base64url") as raised:
        public_key(key)
    assert not key or key not in str(raised.value)


def test_without_key_or_hosts_nothing_is_configured(tmp_path: Path) -> None:
    assert configured(new_key(), CONTACT, " , ", None) is None
    assert configured(None, CONTACT, "push.example", None) is None
    made = configured(new_key(), CONTACT, "push.example", None)
    assert made is not None
    assert made.key not in repr(made)
    with pytest.raises(ValueError, match="no contact"):
        configured(new_key(), "the night shift", "push.example", None)
    with pytest.raises(OSError, match="No such file"):
        configured(new_key(), CONTACT, "push.example", tmp_path / "nothing.pem")
