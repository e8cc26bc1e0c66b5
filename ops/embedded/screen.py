"""What the person at the terminal sees while the stack starts, runs and stops."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ops.embedded.runtime_file import Accounts, Login, Runtime, SamuAccount


class Screen:
    """Lines on a terminal, or in a file. A terminal that went away does not stop the stack."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()

    @contextmanager
    def phase(self, doing: str) -> Iterator[None]:
        """Show that something is being done; when it is done, how long it took."""
        began = time.monotonic()
        with self._console.status(f"{escape(doing)}…"):
            yield
        self._line(f"  [green]✓[/] {escape(doing)} [dim]{time.monotonic() - began:.1f} s[/]")

    def say(self, text: str) -> None:
        """One line, with the time of day."""
        now = datetime.now().astimezone()
        self._line(f"[dim]{now:%H:%M:%S}[/] {escape(text)}")

    def title(self, text: str) -> None:
        """One line, in bold."""
        self._line(f"[bold]{escape(text)}[/]")

    def ready(self, runtime: Runtime, where: str, roads: str | None) -> None:
        """Addresses, accounts, then the line that begins with `ready`, for people and scripts.

        ``roads`` is what must be known of the roads that times are computed on, if anything.
        """
        self.title("Rescousse")
        self._list(_addresses(runtime, where, roads))
        if runtime.accounts is not None:
            accounts = _accounts(runtime.accounts)
            self._quietly(lambda: self._console.print(accounts))
            software = runtime.accounts.samu
            self._list({f"{software.name}, software": f"X-API-Key: {software.api_key}"})
        took = time.monotonic() - self._began
        self._quietly(lambda: self._plain(f"ready {runtime.api} ({took:.1f} s), Ctrl-C stops everything"))

    def _list(self, values: Mapping[str, str]) -> None:
        """One line each, however long: what breaks in two cannot be copied."""
        for name, value in values.items():
            self._line(f" [dim]{escape(name):<17}[/] {escape(value)}")

    def _plain(self, text: str) -> None:
        self._console.file.write(text + "\n")
        self._console.file.flush()

    def _line(self, markup: str) -> None:
        self._quietly(lambda: self._console.print(markup, highlight=False, soft_wrap=True))
        self._quietly(self._console.file.flush)

    def _quietly(self, show: Callable[[], None]) -> None:
        with suppress(OSError, ValueError):  # closed pipe, terminal that is gone
            show()


def _addresses(runtime: Runtime, where: str, roads: str | None) -> dict[str, str]:
    found = {
        "pages, to log in": f"{runtime.api}/login",
        "API, documented": f"{runtime.api}/docs",
        "Temporal UI": runtime.temporal_ui,
        "database": runtime.database,
        "all accounts": where,
    }
    return found if roads is None else found | {"roads": roads}


def _accounts(accounts: Accounts) -> Table:
    table = Table(title="Demo accounts", title_justify="left", title_style="bold", box=None)
    table.add_column("who", overflow="fold")
    for column in ("username", "password"):
        table.add_column(column, no_wrap=True)
    first = accounts.companies[0]
    _row(table, accounts.samu.name, accounts.samu)
    _row(table, "coordinator", accounts.coordinator)
    _row(table, "administrator", accounts.admin)
    _row(table, f"{first.name}, regulator", first.regulator)
    for crew in first.crews[:1]:
        _row(table, f"{first.name}, crew", crew)
    others = len(accounts.companies) - 1
    table.caption = f"and {others} more companies: see all accounts"
    table.caption_justify = "left"
    return table


def _row(table: Table, who: str, login: Login | SamuAccount) -> None:
    table.add_row(escape(who), escape(login.username), escape(login.password))
