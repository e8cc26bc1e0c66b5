"""From the settings to the engine: what every composition root that speaks to Temporal does in the same way."""

import ssl
from pathlib import Path

from temporalio.service import TLSConfig

from settings import Settings
from storage.keyring import Keyring
from workflows.client import EngineAccess


def engine_access(settings: Settings) -> EngineAccess:
    """How the settings say that the engine is reached, and the keys of what is kept there.

    Raises ValueError, with a sentence that names the setting, for certificates that cannot be used.
    """
    return EngineAccess(
        address=settings.temporal_address,
        namespace=settings.temporal_namespace,
        sealing=Keyring(settings.payload_key_ring),
        tls=_tls(settings) if settings.temporal_tls else None,
        api_key=settings.temporal_api_key,
    )


def _tls(settings: Settings) -> TLSConfig:
    authority = _read("temporal_tls_ca_file", settings.temporal_tls_ca_file)
    certificate = _read("temporal_tls_cert_file", settings.temporal_tls_cert_file)
    key = _read("temporal_tls_key_file", settings.temporal_tls_key_file)
    _try(settings)
    return TLSConfig(
        server_root_ca_cert=authority,
        domain=settings.temporal_tls_server_name,
        client_cert=certificate,
        client_private_key=key,
    )


def _read(setting: str, file: Path | None) -> bytes | None:
    if file is None:
        return None
    try:
        return file.read_bytes()
    except OSError as error:
        raise ValueError(f"RESCOUSSE_{setting.upper()}: {file} cannot be read ({error.strerror})") from error


def _try(settings: Settings) -> None:
    """Load the certificates once as the SDK will: its own words for what is wrong with them do not name the file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority, certificate = settings.temporal_tls_ca_file, settings.temporal_tls_cert_file
    try:
        if authority is not None:
            context.load_verify_locations(authority)
    except ssl.SSLError as error:
        raise ValueError(f"RESCOUSSE_TEMPORAL_TLS_CA_FILE: {authority} holds no certificate") from error
    try:
        if certificate is not None:
            context.load_cert_chain(certificate, settings.temporal_tls_key_file, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        message = f"RESCOUSSE_TEMPORAL_TLS_CERT_FILE: {certificate} and its key do not make a pair"
        raise ValueError(message) from error


def _no_password() -> str:
    """Nobody is there to type one: a key with a password is refused."""
    return ""
