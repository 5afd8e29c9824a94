"""An order: what is sent by hand, as the bytes that people sign, and who signed them.

Whoever has the record can check the signatures anew, with nothing but this file.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from forewarn.records import Command, CommandAction
from forewarn.signing import Matter, World, canonical, verify
from forewarn.web.refusal import RefusedError
from forewarn.web.signin.accounts import Account, Passkey
from forewarn.web.signin.keys import answered, bytes_of
from forewarn.web.signin.roles import RIGHTS, Right


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done, whole.

    texts_sha256 : of the texts that were echoed to whoever signs
    """

    order_id: str
    site: str
    world: str
    action: str
    threat: str
    zone_ids: tuple[str, ...]
    zones_version: str
    people: int
    texts_sha256: str
    made_s: float
    made_by: str

    def body(self) -> bytes:
        """The bytes that are signed."""
        return canonical(asdict(self))

    def challenge(self) -> bytes:
        """What a passkey is given to sign."""
        return hashlib.sha256(b"forewarn/1/order/" + self.body()).digest()

    @property
    def needs_two(self) -> bool:
        """Whether people are sent to shelter by it: never one person's doing."""
        return self.action == CommandAction.TAKE_COVER


@dataclass(frozen=True, slots=True)
class Signed:
    """One person's signature of an order.

    how       : "passkey", "password", or "session" for what needs no signature
    signature : base64url; of a passkey: with what the device and the browser put to it
    """

    account_id: str
    how: str
    public_key: str = ""
    signature: Mapping[str, Any] | str = ""


def proof_of(order: Order, signed: list[Signed]) -> str:
    """Order and signatures, for the record."""
    told = {"order": asdict(order), "signed": [asdict(one) for one in signed]}
    return canonical(told).decode()


def read_proof(proof: str) -> tuple[Order, list[Signed]]:
    """What `proof_of` was given; ValueError if it is no such thing."""
    try:
        told = json.loads(proof)
        order = Order(**{**told["order"], "zone_ids": tuple(told["order"]["zone_ids"])})
        return order, [Signed(**one) for one in told["signed"]]
    except (KeyError, TypeError) as error:
        raise ValueError(f"is no proof of an order: {error!r}") from None


def holds(order: Order, signed: Signed, rp_id: str) -> bool:
    """Whether this key signed this order."""
    try:
        if signed.how == "password" and isinstance(signed.signature, str):
            public, signature = bytes_of(signed.public_key), bytes_of(signed.signature)
            return verify(public, World(order.world), Matter.ORDER, order.body(), signature)
        if signed.how == "passkey" and isinstance(signed.signature, Mapping):
            credential = dict(signed.signature)
            client = json.loads(bytes_of(credential["response"]["clientDataJSON"]))
            key = Passkey(credential["id"], signed.public_key, 0, 0.0)
            answered(rp_id, client["origin"], order.challenge(), credential, key)
            return True
    except (RefusedError, ValueError, KeyError, TypeError):
        pass
    return False


def check_door(
    command: Command, world: World, accounts: Mapping[str, Account] | None, rp_id: str
) -> None:
    """The last check before a command enters the chain; knows nothing of how it came.

    Refuses what is of another world, is not what was signed, or sends people to shelter
    without two people who may, each with a key of their own. Without accounts only an
    exercise passes.
    """
    try:
        order, signed = read_proof(command.proof)
    except ValueError as error:
        raise RefusedError(403, f"the order {error}") from None
    told = (command.order_id, str(command.action), command.threat, command.zone_ids)
    if told != (order.order_id, order.action, order.threat, order.zone_ids):
        raise RefusedError(403, "the order is not what was signed")
    if order.world != world:
        raise RefusedError(403, f"the order is of {order.world}, this service is {world}")
    if accounts is None:
        if world is World.LIVE:
            raise RefusedError(403, "a live site without accounts takes no orders")
        return
    rights = {one.account_id: _rights(accounts.get(one.account_id)) for one in signed}
    if not any(Right.ACT in found for found in rights.values()):
        raise RefusedError(403, "nobody who may act stands behind this order")
    if order.needs_two:
        _two_people(order, signed, accounts, rp_id)


def _two_people(
    order: Order, signed: list[Signed], accounts: Mapping[str, Account], rp_id: str
) -> None:
    keys: dict[str, str] = {}
    for one in signed:
        account = accounts.get(one.account_id)
        if account and one.public_key in account.public_keys() and holds(order, one, rp_id):
            keys[one.account_id] = one.public_key
    approved = any(Right.APPROVE in _rights(accounts[name]) for name in keys)
    if len(keys) < 2 or len(set(keys.values())) < 2 or not approved:
        raise RefusedError(
            403, "take cover needs two people's own keys, one of them an approver's"
        )


def _rights(account: Account | None) -> frozenset[Right]:
    return RIGHTS[account.role] if account else frozenset()
