"""The headers of every answer: what a browser may do with it, which is nothing unless a page says more."""

from collections.abc import Mapping

from starlette.types import Scope

ALWAYS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "geolocation=(), camera=(), microphone=(), payment=(), usb=()",
}
"""A page, or a file of it, may say otherwise of what is its own."""
POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
DOCUMENTATION = frozenset({"/docs", "/docs/oauth2-redirect"})
DOCUMENTATION_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""The page at /docs begins with a script of its own; nobody's data is on it, and nothing from outside is loaded."""
ONE_YEAR = "max-age=31536000"


def headers_for(scope: Scope) -> dict[str, str]:
    """What is added to the answer of a request, where the answer does not say it itself."""
    told = dict(ALWAYS)
    told["content-security-policy"] = DOCUMENTATION_POLICY if scope["path"] in DOCUMENTATION else POLICY
    if (
        scope.get("scheme") == "https"
    ):  # a trusted proxy said so: a browser that came by TLS comes by TLS only
        told["strict-transport-security"] = ONE_YEAR
    return told
