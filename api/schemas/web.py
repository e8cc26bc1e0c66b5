"""What the pages are told before anybody has logged in."""

from api.fields import Answer


class ClientSettings(Answer):
    """Addresses of the map, which are the only ones outside this machine, and the public key for notifications.

    All null when nothing is configured: the map is drawn on plain ground, and nobody is notified.
    """

    map_style_url: str | None
    map_tiles_url: str | None
    map_attribution: str | None
    push_key: str | None
    environment: str
