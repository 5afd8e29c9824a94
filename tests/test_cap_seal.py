"""Signed CAP messages: what others verify, and what is refused."""

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import capvalidator
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from lxml import etree

from alerts import ALERT, DRILL, parcel
from forewarn.channels.cap.folder import CapFolder
from forewarn.channels.cap.message import NAMESPACE, Sender, cap_message, written
from forewarn.channels.cap.seal import BODY_MAX, Sealer, opened
from forewarn.errors import ConfigError, DeliveryError

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "data" / "CAP-v1.2.xsd"))
LIVE = Sender("alerts@example.invalid")


def made(folder: Path, name: str, key: Any = None) -> tuple[Path, Path]:
    """A certificate and its key, as PEM files."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return paths


@pytest.fixture
def centre(tmp_path: Path) -> tuple[Path, Path]:
    return made(tmp_path, "centre")


def sealed(keys: tuple[Path, Path]) -> bytes:
    return written(Sealer(*keys).sealed(cap_message([parcel()], LIVE, ())))


def test_a_signed_message_is_valid_and_opens(centre: tuple[Path, Path]) -> None:
    body = sealed(centre)
    SCHEMA.assertValid(etree.fromstring(body))
    message = opened(body, centre[0].read_bytes())
    assert message.findtext(f"{{{NAMESPACE}}}identifier") == f"{ALERT.alert_id}-0"


def test_an_independent_program_verifies_the_signature(
    centre: tuple[Path, Path], tmp_path: Path
) -> None:
    if shutil.which("xmlsec1") is None:
        assert os.environ.get("CI") != "true", "xmlsec1 is missing"
        pytest.skip("xmlsec1 is not installed")
    path = tmp_path / "signed.xml"

    def verifies(body: bytes) -> bool:
        path.write_bytes(body)
        command = ["xmlsec1", "--verify", "--trusted-pem", str(centre[0]), str(path)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    body = sealed(centre)
    assert verifies(body)
    assert not verifies(body.replace(b"Shelter", b"AllClear", 1))
    assert not verifies(sealed(made(tmp_path, "other")))


def test_an_independent_reader_takes_it(centre: tuple[Path, Path]) -> None:
    body = sealed(centre)
    found = capvalidator.validate_cap_message(body)
    assert found.passed, found.message
    dates = capvalidator.get_dates(body)
    assert dates.sent == dates.effective == "2026-01-01T12:00:00-00:00"
    assert dates.onset == "2026-01-01T12:01:18-00:00"
    assert not capvalidator.validate_cap_message(
        body.replace(b"Shelter", b"AllClear")
    ).passed


Change = Callable[[bytes], bytes]


def _wrapped(body: bytes) -> bytes:
    """The signed message put inside another: the signature holds, of something else."""
    inner = etree.fromstring(body)
    outer = etree.fromstring(written(cap_message([parcel(name="Elsewhere")], LIVE, ())))
    signature = inner.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    inner.remove(signature)
    outer.append(inner)
    outer.append(signature)
    return etree.tostring(outer)


CHANGES: dict[str, Change] = {
    "a word": lambda body: body.replace(b"Take cover now", b"Stay where you are", 1),
    "a corner": lambda body: body.replace(b"56.10000", b"57.10000", 1),
    "the status": lambda body: body.replace(b"<status>Actual", b"<status>Exercise", 1),
    "no signature": lambda body: written(cap_message([parcel()], LIVE, ())),
    "wrapped": _wrapped,
    "a document type": lambda body: body.replace(
        b"<alert", b'<!DOCTYPE alert [<!ENTITY a "aaaa">]>\n<alert', 1
    ),
    "half": lambda body: body[: len(body) // 2],
    "nothing": lambda body: b"",
    "too long": lambda body: body + b" " * BODY_MAX,
}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_what_was_changed_does_not_open(centre: tuple[Path, Path], change: str) -> None:
    with pytest.raises(DeliveryError):
        opened(CHANGES[change](sealed(centre)), centre[0].read_bytes())


def test_the_signature_of_another_does_not_open(
    centre: tuple[Path, Path], tmp_path: Path
) -> None:
    with pytest.raises(DeliveryError, match="signature does not hold"):
        opened(sealed(made(tmp_path, "other")), centre[0].read_bytes())


def test_keys_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    mine, other = made(tmp_path, "mine"), made(tmp_path, "other")
    with pytest.raises(ConfigError, match="is not the key of"):
        Sealer(mine[0], other[1])
    with pytest.raises(ConfigError, match="cannot be read"):
        Sealer(mine[0], tmp_path / "none")
    weak = made(tmp_path, "rsa", rsa.generate_private_key(65537, 2048))
    with pytest.raises(ConfigError, match="expected an elliptic curve key"):
        Sealer(*weak)


def test_a_drill_is_valid_cap_and_says_whether_its_own_signature_holds(
    centre: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = CapFolder(tmp_path / "cap", LIVE, lambda keys: None, Sealer(*centre))
    assert channel.drill(DRILL).said.endswith("its signature holds")
    (path,) = (tmp_path / "cap").glob("drill-*.xml")
    root = opened(path.read_bytes(), centre[0].read_bytes())
    SCHEMA.assertValid(root)
    assert root.findtext(f"{{{NAMESPACE}}}status") == "Test"
    whole = Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda self: whole(self).replace(b"no danger", b"danger!!!")
    )
    with pytest.raises(DeliveryError, match="signature does not hold"):
        channel.drill(DRILL)
    channel.close()
