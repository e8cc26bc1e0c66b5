"""Looks over the shoulder of every page: whatever goes wrong where nobody looks is a fault of the test."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Request, WebError

OURS = ("data", "blob")
"""Addresses that lead nowhere outside."""
REFUSED = "status of 409"
"""What a browser writes on its console when a rule says no."""
NO_ROUTE = re.compile(rf"{REFUSED} .*/route$")
"""A mission without a destination yet, or a vehicle without a position: there is nothing to draw."""


@dataclass
class Watch:
    """What the pages complained of: errors on the console (a breach of the policy is one), errors that nobody caught,
    and requests to anybody but the stack.
    """

    api: str
    expected: list[re.Pattern[str]] = field(default_factory=lambda: [NO_ROUTE])
    _heard: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext, whose: str) -> None:
        """Watch all pages and workers of a person's browser, those that it opens later as well."""

        def on_console(message: ConsoleMessage) -> None:
            if message.type == "error":
                self._heard.append(f"{whose}: console: {message.text} {message.location.get('url', '')}")

        def on_error(error: WebError) -> None:
            self._heard.append(f"{whose}: error: {error.error}")

        def on_request(request: Request) -> None:
            if urlsplit(request.url).scheme not in OURS and not request.url.startswith(f"{self.api}/"):
                self._heard.append(f"{whose}: outside: {request.url}")

        context.on("console", on_console)
        context.on("weberror", on_error)
        context.on("request", on_request)

    def expect(self, *patterns: str) -> None:
        """Take these for granted from now on: a refusal by a rule, which a browser writes on its console as well."""
        self.expected += [re.compile(each) for each in patterns]

    @property
    def faults(self) -> list[str]:
        """What was heard and not expected."""
        return [one for one in self._heard if not any(each.search(one) for each in self.expected)]
