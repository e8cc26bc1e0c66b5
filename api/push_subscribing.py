"""A browser's subscription, checked before anything is sent to it: nobody has us call an address of theirs."""

from pydantic import JsonValue

from api.problems import Problem
from api.schemas.accounts import PushSubscription
from push.config import PushConfig
from push.doors import door_of
from push.keys import check_browser_key, check_browser_secret


def subscription_of(config: PushConfig | None, given: PushSubscription) -> dict[str, JsonValue]:
    """The subscription as it is kept; nothing is checked on a platform that sends nothing. Raises Problem 422."""
    if config is not None:
        if door_of(given.endpoint, config.doors) is None:
            raise Problem("push_host_refused")
        _check_keys(given)
    return given.model_dump(mode="json", by_alias=True)


def _check_keys(given: PushSubscription) -> None:
    checks = (("p256dh", check_browser_key), ("auth", check_browser_secret))
    for name, check in checks:
        try:
            check(getattr(given.keys, name))
        except ValueError as error:
            fault = {
                "pointer": f"/keys/{name}",
                "code": "bad_key",
                "detail": "should be as the browser gave it",
            }
            raise Problem(
                "invalid_request", f"The key {name} is not a browser's.", errors=[{**fault}]
            ) from error
