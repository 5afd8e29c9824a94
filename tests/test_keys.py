"""Keys take over from one another without a gap, and are refused once ended or revoked."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from typer.testing import CliRunner

from forewarn.app.command_line import cli
from forewarn.app.condition import Noted, key_rows
from forewarn.app.service import Plan, Service
from forewarn.errors import ConfigError
from forewarn.files import Site
from forewarn.files.site import SigningKeys
from forewarn.signing import KeyKind, KeyRing, Matter, Vault, World
from forewarn.web.board import Board, Clock
from forewarn.web.public import public_api

NOW_S = 1.8e9
DAY_S = 86_400.0
BODY = b"take cover"
LIVE, ALERTS = World.LIVE, KeyKind.ALERTS


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "keys")


def taken(vault: Vault, signature: bytes, now_s: float, world: World = LIVE) -> bool:
    return vault.ring.verify(world, Matter.ALERT, BODY, signature, now_s)


def signed(vault: Vault, now_s: float, world: World = LIVE) -> bytes:
    return vault.signer(world, lambda: now_s).sign(Matter.ALERT, BODY)


def test_rotation_in_mid_raid_refuses_no_alert(vault: Vault) -> None:
    vault.make(LIVE, ALERTS, NOW_S, days=365)
    vault.rotate(LIVE, ALERTS, NOW_S, days=365, in_days=7)
    used = set()
    for hours in range(9 * 24):
        now_s = NOW_S + hours * 3600
        signature = signed(vault, now_s)
        used.add(signature)
        # a message that travels for an hour, and a clock that is four minutes behind
        assert taken(vault, signature, now_s + 3600)
        assert taken(vault, signature, now_s - 240)
    assert len(used) == 2


def test_two_keys_are_taken_while_one_takes_over_and_one_afterwards(vault: Vault) -> None:
    vault.make(LIVE, ALERTS, NOW_S, days=365)
    by_old = signed(vault, NOW_S)
    vault.rotate(LIVE, ALERTS, NOW_S, days=365, in_days=7)
    by_new = signed(vault, NOW_S + 7 * DAY_S)
    during, after = NOW_S + 7.5 * DAY_S, NOW_S + 8.1 * DAY_S
    assert [taken(vault, s, during) for s in (by_old, by_new)] == [True, True]
    assert [taken(vault, s, after) for s in (by_old, by_new)] == [False, True]


def test_a_key_that_ends_soon_is_taken_over_from_before_it_does(vault: Vault) -> None:
    vault.make(LIVE, ALERTS, NOW_S, days=3)
    new = vault.rotate(LIVE, ALERTS, NOW_S, days=365, in_days=7)
    assert new.not_before_s == NOW_S + 2 * DAY_S
    assert vault.ring.endings(NOW_S) == []


def test_what_a_revoked_key_signed_is_refused_at_once(vault: Vault) -> None:
    old = vault.make(LIVE, ALERTS, NOW_S, days=365)
    stolen = signed(vault, NOW_S)
    with pytest.raises(ConfigError, match="rotate it with --in-days 0 first"):
        vault.revoke(old.key_id, NOW_S)
    assert taken(vault, stolen, NOW_S)
    vault.rotate(LIVE, ALERTS, NOW_S, days=365, in_days=0)
    vault.revoke(old.key_id, NOW_S)
    assert not taken(vault, stolen, NOW_S)
    assert taken(vault, signed(vault, NOW_S), NOW_S)
    with pytest.raises(ConfigError, match=f"no key 'none'; it has {old.key_id}, "):
        vault.revoke("none", NOW_S)


def test_a_key_is_not_taken_long_before_its_time_nor_after_it(vault: Vault) -> None:
    vault.make(LIVE, ALERTS, NOW_S, days=1)
    signature = signed(vault, NOW_S)
    assert [
        taken(vault, signature, NOW_S + shift)
        for shift in (-600.0, -200.0, DAY_S - 1, DAY_S)
    ] == [False, True, True, False]
    assert signed(vault, NOW_S + 2 * DAY_S) == signature  # better signed late than never


def test_worlds_share_no_key_and_no_ring_mixes_them(vault: Vault) -> None:
    drill = signed(vault, NOW_S, World.EXERCISE)
    live = signed(vault, NOW_S)
    assert {key.world for key in vault.ring.keys} == set(World)
    assert taken(vault, drill, NOW_S, World.EXERCISE)
    assert not taken(vault, drill, NOW_S)
    assert not taken(vault, live, NOW_S, World.EXERCISE)


def test_processes_that_start_together_make_one_key(vault: Vault) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: vault.signer(LIVE, lambda: NOW_S).public, range(8)))
    assert len(made) == len(vault.ring.keys) == 1


def test_a_signer_takes_up_a_new_key_and_keeps_the_one_it_has_if_it_cannot(
    vault: Vault,
) -> None:
    now_s = NOW_S
    signer = vault.signer(LIVE, lambda: now_s)
    old = signer.public
    new = vault.rotate(LIVE, ALERTS, NOW_S, days=9, in_days=0).public
    assert signer.public == old
    now_s += 10.0
    assert signer.public == new
    assert taken(vault, signer.sign(Matter.ALERT, BODY), now_s)
    vault.ring_file.write_text("{")
    now_s += 10.0
    assert signer.public == new


def test_operators_are_told_30_7_and_1_days_before_the_last_key_ends(vault: Vault) -> None:
    vault.make(LIVE, ALERTS, NOW_S, days=60)

    def told(day: float) -> list[int]:
        return [ending.days for ending in vault.ring.endings(NOW_S + day * DAY_S)]

    assert [told(day) for day in (29, 30, 52.9, 53, 59, 60, 80)] == [
        [], [30], [30], [7], [1], [0], [0],
    ]  # fmt: skip
    text = str(vault.ring.endings(NOW_S + 55 * DAY_S)[0])
    assert text == (
        "the last alerts key of world live ends 2027-03-16T08:00:00+00:00, within 7 days: "
        "forewarn keys rotate"
    )


def test_the_console_has_the_end_of_each_kind_and_the_time_line_says_when_it_nears(
    vault: Vault,
) -> None:
    vault.make(LIVE, ALERTS, NOW_S, days=60)
    vault.make(World.EXERCISE, ALERTS, NOW_S, days=10)
    said: list[str] = []
    noted = Noted(vault.folder / "noted.json")
    for day in (0, 29, 30, 31, 40, 53, 54, 59, 61):
        rows = rows_on(day, vault, noted, said)
        assert [(row["kind"], row["ends_s"]) for row in rows] == [
            ("alerts", NOW_S + 60 * DAY_S)
        ]
    assert rows[0]["days"] == 0
    assert len(said) == 4
    assert "within 30 days" in said[0]
    assert "no signature is taken" in said[3]


def rows_on(day: float, vault: Vault, noted: Noted, said: list[str]) -> list[Any]:
    """The rows on a day; what is noted goes to `said`."""

    def note(text: str, kind: str) -> None:
        said.append(text)

    return key_rows(vault.ring, LIVE, noted, NOW_S + day * DAY_S, note)


def test_an_ending_is_not_noted_again_after_a_restart_but_the_next_one_is(
    vault: Vault,
) -> None:
    vault.make(LIVE, ALERTS, NOW_S, days=60)
    said: list[str] = []
    path = vault.folder / "noted-live.json"
    for day in (20, 35, 36, 40, 54, 54.1, 61, 62):
        noted = Noted(path)  # a start at each
        assert rows_on(day, vault, noted, said)
        noted.save()
    assert [text.split(", ", 1)[1][:15] for text in said] == [
        "within 30 days:", "within 7 days: ", "and from then o",
    ]  # fmt: skip
    vault.make(LIVE, ALERTS, NOW_S + 62 * DAY_S, days=35)
    for day in (63, 70, 71):
        noted = Noted(path)
        rows_on(day, vault, noted, said)
        noted.save()
    assert len(said) == 4  # of the next key it is told anew
    assert "within 30 days" in said[3]


def test_a_service_that_starts_again_does_not_note_an_ending_again(
    vault: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "forewarn")
    vault.make(LIVE, ALERTS, time.time(), days=20)
    site = Site("Testland", ("en",), None, None, signing=SigningKeys(vault.folder))
    for _ in range(2):
        service = Service(Plan(site, (), (), Clock(time.time)))
        asyncio.run(service._show_keys())
        assert service.board.keys[0]["days"] == 30  # the Health tab has it all the same
    assert len([text for text in caplog.messages if "keys rotate" in text]) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b'{"alerts": 7}', b"\xff"])
def test_a_file_of_what_was_noted_that_is_none_stops_nothing(
    vault: Vault, body: bytes
) -> None:
    vault.make(LIVE, ALERTS, NOW_S, days=20)
    path = vault.folder / "noted-live.json"
    path.write_bytes(body)
    said: list[str] = []
    noted = Noted(path)
    rows_on(0, vault, noted, said)
    rows_on(0, vault, noted, said)
    assert len(said) == 1
    noted.save()
    rows_on(0, vault, Noted(path), said)
    assert len(said) == 1


def test_everybody_is_given_the_ring_and_no_secret(vault: Vault) -> None:
    board = Board("Here", ("en",), False, Clock(lambda: NOW_S))
    api = public_api(board, None, ring_file=vault.ring_file)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(api)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get("/v1/keys")

    assert asyncio.run(ask()).status_code == 404
    vault.make(LIVE, ALERTS, NOW_S, days=60)
    answer = asyncio.run(ask())
    assert answer.headers["cache-control"] == "no-cache"
    assert KeyRing.from_bytes(answer.content, "x").keys == vault.ring.keys
    (secret,) = vault.folder.glob("*.key")
    assert secret.read_text().split()[-1] not in answer.text


def test_secrets_are_their_owners_alone_and_the_ring_holds_none(vault: Vault) -> None:
    vault.make(LIVE, ALERTS, NOW_S, days=9)
    vault.make(LIVE, KeyKind.CAP, NOW_S, days=9)
    secrets = sorted(vault.folder.glob("*.key"))
    assert [file.stat().st_mode & 0o777 for file in secrets] == [0o600, 0o600]
    ring = vault.ring_file.read_bytes()
    assert secrets[0].read_bytes().split()[2] not in ring
    assert KeyRing.from_file(vault.ring_file).to_bytes() == ring
    assert vault.ring_file.stat().st_mode & 0o777 == 0o644


def test_a_cap_certificate_is_ecdsa_on_p256_for_its_time_and_signatures_only(
    vault: Vault,
) -> None:
    key = vault.make(World.EXERCISE, KeyKind.CAP, NOW_S, days=30)
    secret, pem = (vault.path(key, end).read_bytes() for end in (".key", ".pem"))
    certificate = x509.load_pem_x509_certificate(pem)
    private = load_pem_private_key(secret, None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert isinstance(private.curve, ec.SECP256R1)
    assert certificate.public_key() == private.public_key()
    certificate.verify_directly_issued_by(certificate)
    assert certificate.not_valid_after_utc == datetime.fromtimestamp(key.expires_s, UTC)
    assert "exercise" in certificate.subject.rfc4514_string()
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign
    assert vault.path(key) == vault.folder / f"exercise-cap-{key.key_id}.key"


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (b"[]", "is no key ring: Expected `object`, got `array`"),
        (b"{", "is no key ring: "),
        (b'{"schema":2,"keys":[]}', "schema is 2, this build reads 1"),
        (b'{"schema":1,"keys":[{"world":"moon"}]}', r"Invalid enum value 'moon' - at `\$"),
    ],
)
def test_a_file_that_is_no_ring_is_refused(vault: Vault, held: bytes, said: str) -> None:
    vault.folder.mkdir()
    vault.ring_file.write_bytes(held)
    with pytest.raises(ConfigError, match=said):
        vault.signer(LIVE, lambda: NOW_S)


def call(*words: str, status: int = 0) -> str:
    result = CliRunner().invoke(cli, ["keys", *words])
    assert result.exit_code == status, result.output
    return result.output


def test_keys_from_the_command_line(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text('[site]\nname = "k"\nregion = "NL"\n[signing]\nfolder = "own"\n')
    call("make", str(site), "--days", "90")
    call("make", str(site), "--exercise", "--cap", "--days", "20")
    call("rotate", str(site), "--in-days", "0")
    rows = json.loads((tmp_path / "own" / "ring.json").read_text())["keys"]
    assert [(row["world"], row["kind"]) for row in rows] == [
        ("live", "alerts"), ("exercise", "cap"), ("live", "alerts"),
    ]  # fmt: skip
    listed = call("list", str(tmp_path / "own"), status=1)
    assert "within 30 days: forewarn keys rotate" in listed
    old = next(line for line in listed.splitlines() if " live alerts " in line).split()[0]
    call("revoke", str(site), old)
    assert f"{old}  live alerts  from " in call("list", str(site), status=1)
    assert " revoked 20" in call("list", str(site), status=1)
