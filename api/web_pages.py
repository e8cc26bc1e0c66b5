"""The pages as documents: one shell, filled for each face, under a policy that lets nothing in that is not ours."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from api.web_files import WebFiles

SHELL = "shell.html"
IMPORTMAP = "importmap.json"


@dataclass(frozen=True, slots=True)
class Page:
    """One face: its title, its module, its element, and the style sheets that it needs."""

    title: str
    module: str
    element: str
    styles: tuple[str, ...]
    manifest: str | None = None


def _sheets(*names: str) -> tuple[str, ...]:
    return tuple(f"/web/styles/{name}.css" for name in names)


BASE = _sheets("base", "controls", "parts")
MAP = ("/web/vendor/maplibre-gl-6.17.0/dist/maplibre-gl.css",)
PAGES: Mapping[str, Page] = {
    "/login": Page(
        "Rescousse",
        "/web/login/main.js",
        "login-page",
        BASE + _sheets("login"),
    ),
    "/samu": Page(
        "SAMU · Rescousse",
        "/web/samu/main.js",
        "samu-page",
        BASE
        + MAP
        + _sheets(
            "samu-main",
            "samu-board",
            "samu-demand",
            "samu-record",
            "samu-new",
            "samu-panels",
            "samu-narrow",
        ),
    ),
    "/regulation": Page(
        "Régulation · Rescousse",
        "/web/regulation/main.js",
        "regulation-page",
        BASE
        + MAP
        + _sheets(
            "regulation-main",
            "regulation-top",
            "regulation-cards",
            "regulation-means",
            "regulation-missions",
        ),
    ),
    "/mobile": Page(
        "Rescousse",
        "/web/mobile/main.js",
        "mobile-page",
        BASE
        + MAP
        + _sheets("mobile-main", "mobile-edges", "mobile-asks", "mobile-mission", "mobile-screens"),
        manifest="/mobile/manifest.webmanifest",
    ),
}
"""Every page names its sheets one by one, in their order: a sheet that imports another one costs a journey."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """What the pages need of the settings; without a map address they draw on plain ground."""

    map_style_url: str | None = None
    map_tiles_url: str | None = None
    map_attribution: str | None = None
    map_hosts: tuple[str, ...] = ()
    """Further addresses that a style draws from."""
    push_key: str | None = None
    """The public key under which this platform sends notifications (VAPID)."""
    environment: str = "development"

    @property
    def origins(self) -> list[str]:
        """The addresses outside this machine that a page may call: those of the map, if there is one."""
        urls = (self.map_style_url, self.map_tiles_url, *self.map_hosts)
        return sorted({f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in urls if url})


def document_of(page: Page, files: WebFiles) -> bytes:
    """The document of a page."""
    links = [f'<link rel="stylesheet" href="{each}">\n' for each in page.styles]
    if page.manifest:
        links.append(f'<link rel="manifest" href="{page.manifest}">\n')
    filled = {
        "title": page.title,
        "links": "".join(links),
        "importmap": _importmap(files),
        "module": page.module,
        "body": f"<{page.element}></{page.element}>",
    }
    shell = _text(files, SHELL)
    for name, value in filled.items():
        shell = shell.replace(f"{{{name}}}", value)
    return shell.encode()


def policy_of(files: WebFiles, origins: Sequence[str]) -> str:
    """The Content Security Policy of the pages: our own files, the map's address, and the one import map by its hash."""
    outside = "".join(f" {origin}" for origin in origins)
    digest = base64.b64encode(hashlib.sha256(_importmap(files).encode()).digest()).decode()
    rules = {
        "default-src": "'none'",
        "script-src": f"'self' 'sha256-{digest}'",
        "style-src": "'self'",
        "img-src": f"'self' data: blob:{outside}",
        "connect-src": f"'self'{outside}",
        "font-src": "'self'",
        "manifest-src": "'self'",
        "worker-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _importmap(files: WebFiles) -> str:
    return _text(files, IMPORTMAP)


def _text(files: WebFiles, name: str) -> str:
    found = files.find(name)
    if found is None:
        raise FileNotFoundError(f"{name} is missing in {files.root}")
    return found.content.decode()
