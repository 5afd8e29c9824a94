"""How the pages are served: by TLS, unless only this machine or a proxy can get here."""

import contextlib
import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from forewarn.errors import ConfigError
from forewarn.files import WebKeys
from forewarn.web.signin.keys import Place

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
ANYWHERE = frozenset({"0.0.0.0", "::", ""})
LASTS = timedelta(days=397)
SOON = timedelta(days=30)


def is_secure(web: WebKeys) -> bool:
    """Whether browsers get here by TLS."""
    return web.behind_proxy or web.certificate is not None or web.host not in LOOPBACK


def place_of(web: WebKeys, accounts: bool) -> Place:
    """Where operators sign in."""
    if accounts and not web.name and (web.behind_proxy or web.host not in LOOPBACK):
        raise ConfigError(
            "[web] name is missing: operators sign in at a host name, such as "
            'name = "alerts.example.org"'
        )
    named = {web.name.lower()} if web.name else set()
    own = set() if web.host in ANYWHERE else {web.host.lower()}
    return Place(web.name.lower() or "localhost", LOOPBACK | named | own, is_secure(web))


def transport(web: WebKeys, folder: Path) -> dict[str, Any]:
    """Settings of the server. Outside loopback there is no way without TLS but a proxy's.

    folder : of the certificate that is made where one is needed and none is given
    """
    certificate, key = _pair(web, folder)
    return {
        "ssl_certfile": certificate,
        "ssl_keyfile": key,
        "proxy_headers": web.behind_proxy,  # else anyone could say where they come from
        "server_header": False,
    }


def remarks(web: WebKeys, folder: Path, now: datetime) -> list[str]:
    """What to know about the certificate at the start. An expired one is refused."""
    certificate, _ = _pair(web, folder)
    if certificate is None:
        return []
    try:
        read = x509.load_pem_x509_certificate(certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{certificate}: is no certificate: {error}") from None
    left = read.not_valid_after_utc - now
    if left <= timedelta(0):
        raise ConfigError(f"{certificate}: expired on {read.not_valid_after_utc:%Y-%m-%d}")
    told = []
    if web.certificate is None:
        print_ = read.fingerprint(hashes.SHA256()).hex(":")
        told.append(
            f"CERTIFICATE OF OUR OWN MAKING: browsers will not trust {certificate}. Set "
            f"[web] certificate and key. Its SHA-256 is {print_}"
        )
    if left < SOON:
        told.append(f"{certificate}: expires in {left.days} days")
    return told


def _pair(web: WebKeys, folder: Path) -> tuple[Path | None, Path | None]:
    if web.behind_proxy:
        return None, None
    if (web.certificate is None) != (web.key is None):
        raise ConfigError("[web] certificate and key come together: one of them is missing")
    if web.certificate is not None or not is_secure(web):
        for path in (web.certificate, web.key):
            if path is not None and not path.is_file():
                raise ConfigError(f"[web] {path}: no such file")
        return web.certificate, web.key
    certificate, key = folder / "web.crt", folder / "web.key"
    if not certificate.exists() or not key.exists():
        _make(web, certificate, key)
    return certificate, key


def _make(web: WebKeys, certificate: Path, key: Path) -> None:
    """A certificate that vouches for itself, for the names this service goes by."""
    own = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Forewarn")])
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    for name in (web.name, web.host):
        with contextlib.suppress(ValueError):
            names.append(x509.IPAddress(ip_address(name)))
            continue
        if name and name not in LOOPBACK | ANYWHERE:
            names.append(x509.DNSName(name))
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + LASTS)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(own, hashes.SHA256())
    )
    folder = certificate.parent
    folder.mkdir(parents=True, exist_ok=True)
    plain = serialization.NoEncryption()
    pkcs8 = serialization.PrivateFormat.PKCS8
    pem = serialization.Encoding.PEM
    handle = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(own.private_bytes(pem, pkcs8, plain))
    certificate.write_bytes(made.public_bytes(pem))
