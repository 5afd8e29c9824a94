"""The XML signature of a message: ECDSA with SHA-256, enveloped, one pinned certificate."""

from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidInput, InvalidSignature
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from forewarn.errors import ConfigError, DeliveryError

BODY_MAX = 10_000_000  # bytes; a message with a thousand zones is a tenth of that
# what it may be signed with, and where its signature stands: nothing else is looked at
EXPECTED = SignatureConfiguration(
    require_x509=True,
    location="./",
    expect_references=1,
    signature_methods=frozenset({SignatureMethod.ECDSA_SHA256}),
    digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
)


class Sealer:
    """Signs messages with a key and the certificate that tells whose it is."""

    def __init__(self, certificate: Path, key: Path) -> None:
        try:
            self._certificate = x509.load_pem_x509_certificate(certificate.read_bytes())
            read = load_pem_private_key(key.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(f"CAP certificate and key: cannot be read: {error}") from None
        if not isinstance(read, EllipticCurvePrivateKey):
            raise ConfigError(f"{key}: expected an elliptic curve key (ECDSA)")
        if read.public_key() != self._certificate.public_key():
            raise ConfigError(f"{key}: is not the key of {certificate}")
        self._key = read
        self._signer = XMLSigner(
            signature_algorithm=SignatureMethod.ECDSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )

    def sealed(self, root: Any) -> Any:
        """The message with its signature, as the last child."""
        return self._signer.sign(root, key=self._key, cert=[self._certificate])

    @property
    def certificate(self) -> bytes:
        """What `opened` checks its messages with (PEM)."""
        return self._certificate.public_bytes(Encoding.PEM)


def opened(body: bytes, certificate: bytes) -> Any:
    """The part of a message that the owner of a certificate (PEM) signed, or DeliveryError.

    Only what is returned was signed: read nothing else of the message.
    """
    if len(body) > BODY_MAX:
        raise DeliveryError(f"CAP message: {len(body)} bytes, at most {BODY_MAX} are read")
    if b"<!DOCTYPE" in body:
        raise DeliveryError("CAP message: has a document type, which none needs")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
        pinned = x509.load_pem_x509_certificate(certificate)
        verified = XMLVerifier().verify(root, x509_cert=pinned, expect_config=EXPECTED)
    except (etree.XMLSyntaxError, InvalidSignature, InvalidInput, ValueError) as error:
        raise DeliveryError(f"CAP message: signature does not hold: {error}") from None
    single = verified[0] if isinstance(verified, list) else verified
    return single.signed_xml
