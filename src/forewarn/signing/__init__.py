"""Signatures, and the keys they are made with and checked by."""

from forewarn.signing.messages import (
    Matter,
    Signer,
    World,
    alert_values,
    canonical,
    heartbeat_values,
    opened,
    told,
    verify,
)
from forewarn.signing.ring import Ending, Key, KeyKind, KeyRing
from forewarn.signing.secret_files import read_secret
from forewarn.signing.vault import Vault

__all__ = [
    "Ending",
    "Key",
    "KeyKind",
    "KeyRing",
    "Matter",
    "Signer",
    "Vault",
    "World",
    "alert_values",
    "canonical",
    "heartbeat_values",
    "opened",
    "read_secret",
    "told",
    "verify",
]
