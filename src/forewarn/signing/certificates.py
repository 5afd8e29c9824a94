"""Keys and certificates that CAP messages are signed with: ECDSA P-256, to be pinned.

Nobody vouches for such a certificate but the site: whoever checks a message holds the
certificate, or the ring it stands in, and takes no other. Its subject names the world.
"""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from forewarn.signing.messages import World


def make_certificate(world: World, from_s: float, until_s: float) -> tuple[bytes, bytes]:
    """A private key (PEM) and the certificate it signs itself (DER)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Forewarn"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"CAP signer, {world}"),
        ]
    )
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(from_s, UTC))
        .not_valid_after(datetime.fromtimestamp(until_s, UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return secret, certificate.public_bytes(serialization.Encoding.DER)


def as_pem(certificate: bytes) -> bytes:
    """A certificate as text, as programs that check XML signatures read it."""
    read = x509.load_der_x509_certificate(certificate)
    return read.public_bytes(serialization.Encoding.PEM)
