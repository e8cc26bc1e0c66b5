"""The pages and their files. They are clients of the public API like any other: nothing here knows a demand."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import RedirectResponse

from api.problems import Problem
from api.resources import resources_of
from api.schemas.web import ClientSettings
from api.web_files import WebFile, WebFiles
from api.web_pages import PAGES, document_of, policy_of

router = APIRouter(include_in_schema=False)
public = APIRouter(prefix="/v1", tags=["reference"])

FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
WORKER = "mobile/sw.js"
WORKER_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"
SHELL_FOLDERS = ("core", "parts", "i18n", "styles", "icons", "mobile", "login", "vendor")
"""What the phone keeps of the pages, to open without network."""

Known = Annotated[str | None, Header(alias="If-None-Match")]
Accepted = Annotated[str | None, Header(alias="Accept-Encoding")]


@router.get("/", name="root_page")
async def root() -> Response:
    """To the login page, which knows where whoever is logged in belongs."""
    return RedirectResponse("/login", 302)


@router.get("/login", name="login_page")
@router.get("/samu", name="samu_page")
@router.get("/regulation", name="regulation_page")
@router.get("/mobile", name="mobile_page")
async def page(request: Request) -> Response:
    """One of the faces."""
    resources = resources_of(request)
    files = resources.web
    headers = {
        "cache-control": ASK_AGAIN,
        "content-security-policy": policy_of(files, resources.config.web.origins),
        "permissions-policy": "geolocation=(self), camera=(), microphone=()",
    }
    content = document_of(PAGES[request.url.path], files)
    return Response(content, media_type="text/html; charset=utf-8", headers=headers)


@router.get("/web/{name:path}", name="web_file")
async def web_file(
    request: Request, name: str, if_none_match: Known = None, accept_encoding: Accepted = None
) -> Response:
    """A file of the pages."""
    found = await asyncio.to_thread(resources_of(request).web.find, name)  # packing a megabyte takes its time
    if found is None:
        raise Problem("not_found")
    return _sent(found, if_none_match, accept_encoding)


@router.get("/mobile/sw.js", name="service_worker")
async def service_worker(request: Request) -> Response:
    """The phone's service worker, with the edition of the shell written into it: another edition is another worker."""
    files = resources_of(request).web
    found = files.find(WORKER)
    if found is None:
        raise Problem("not_found")
    edition = await asyncio.to_thread(lambda: files.edition(_shell(files)))
    content = found.content.replace(b"{edition}", edition.encode())
    headers = {"cache-control": ASK_AGAIN, "service-worker-allowed": "/mobile"}
    headers["content-security-policy"] = WORKER_POLICY
    return Response(content, media_type=found.kind, headers=headers)


@router.get("/mobile/shell.json", name="phone_shell")
async def phone_shell(request: Request) -> dict[str, list[str]]:
    """What the phone keeps to open without network: the page and its files, nothing that anybody was told."""
    names = await asyncio.to_thread(_shell, resources_of(request).web)
    return {"files": ["/mobile", *(f"/web/{name}" for name in names)]}


@router.get("/mobile/manifest.webmanifest", name="phone_manifest")
async def manifest(request: Request) -> Response:
    """How the phone's page is installed."""
    found = resources_of(request).web.find("mobile/manifest.webmanifest")
    if found is None:
        raise Problem("not_found")
    return _sent(found, None, None)


@public.get("/client-settings", summary="What a page needs to know")
async def client_settings(request: Request) -> ClientSettings:
    """Where the map's ground comes from, if it comes from anywhere, and the key for notifications."""
    config = resources_of(request).config.web
    return ClientSettings(
        map_style_url=config.map_style_url,
        map_tiles_url=config.map_tiles_url,
        map_attribution=config.map_attribution,
        push_key=config.push_key,
        environment=config.environment,
    )


def _shell(files: WebFiles) -> list[str]:
    return files.names(*SHELL_FOLDERS)


def _sent(found: WebFile, known: str | None, accepted: str | None) -> Response:
    headers = {
        "cache-control": FOREVER if found.lasting else ASK_AGAIN,
        "etag": found.etag,
        "vary": "Accept-Encoding",
    }
    if known is not None and found.etag in known:
        return Response(status_code=304, headers=headers)
    content = found.content
    if found.packed is not None and accepted is not None and "gzip" in accepted:
        headers["content-encoding"] = "gzip"
        content = found.packed
    return Response(content, media_type=found.kind, headers=headers)
