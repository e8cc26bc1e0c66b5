"""What the sender needs of the settings."""

import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from push.doors import Door, parse_doors
from push.keys import public_key

_CONTACT = re.compile(r"mailto:[^@\s]+@[\w-]+(\.[\w-]+)+|https://[\w-]+(\.[\w-]+)+(/\S*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PushConfig:
    """Under which key notifications are sent, and to which push services."""

    key: str = field(repr=False)
    """The private one."""
    contact: str
    """Whom a push service writes to: `mailto:` or `https:`."""
    doors: tuple[Door, ...]
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""

    @property
    def public_key(self) -> str:
        """What browsers subscribe with."""
        return public_key(self.key)


def configured(key: str | None, contact: str, hosts: str, ca_file: Path | None) -> PushConfig | None:
    """The configuration; ``None`` without key or hosts: nothing is sent. Raises ValueError or OSError."""
    doors = parse_doors(hosts)
    if key is None or not doors:
        return None
    public_key(key)
    if not _CONTACT.fullmatch(contact):
        raise ValueError(f"{contact!r} is no contact for push services: mailto:… or https://…")
    if ca_file is not None:
        ssl.create_default_context(cafile=ca_file)
    return PushConfig(key=key, contact=contact, doors=doors, ca_file=ca_file)
