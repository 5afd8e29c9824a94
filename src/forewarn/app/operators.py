"""`forewarn operators`: who may sign in, with what role; invitations."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from forewarn.files import Site
    from forewarn.web.signin.accounts import Account, Accounts

cli = typer.Typer(no_args_is_help=True, help="Who may sign in.")
SiteFile = Annotated[Path, typer.Argument(help="site file")]
Who = Annotated[str, typer.Argument(help="account: a-z, 0-9, '.', '_', '-'")]
Hours = Annotated[float, typer.Option(help="the invitation is good for")]


@cli.command()
def add(
    site: SiteFile,
    account: Who,
    role: Annotated[str, typer.Option(help="viewer, operator, approver or admin")],
    hours: Hours = 24.0,
) -> None:
    """Add a person, and print the link with which they make their own key."""
    from forewarn.errors import ConfigError
    from forewarn.web.signin.accounts import Account, check_name
    from forewarn.web.signin.roles import Role

    said, accounts = _read(site)
    check_name(account, "operators add")
    if role not in tuple(Role):
        raise ConfigError(f"--role: found {role!r}, expected one of {', '.join(Role)}")

    def edit(found: "Account | None") -> "Account":
        if found is not None:
            raise ConfigError(f"{account} is there already, as {found.role}")
        return Account(account, Role(role))

    accounts.change(account, edit)
    _invite(said, accounts, account, hours)


@cli.command()
def invite(site: SiteFile, account: Who, hours: Hours = 24.0) -> None:
    """Print a new link for one more key of somebody; the one before it is void."""
    said, accounts = _read(site)
    _invite(said, accounts, account, hours)


@cli.command()
def remove(site: SiteFile, account: Who) -> None:
    """Take an account away: its sessions end with their next request."""
    _, accounts = _read(site)

    def edit(found: "Account | None") -> None:
        _known(found, account)

    accounts.change(account, edit)
    print(f"{account} is no operator any more")


@cli.command("list")
def list_(site: SiteFile) -> None:
    """Everybody with their role and keys."""
    _, accounts = _read(site)
    for one in sorted(accounts.all().values(), key=lambda one: one.account_id):
        keys = [f"{len(one.passkeys)} passkeys"] if one.passkeys else []
        keys += ["password"] if one.password else []
        keys += ["invited"] if one.invitation else []
        print(f"{one.account_id:<20} {one.role:<10} {', '.join(keys) or 'no key'}")


def _read(path: Path) -> "tuple[Site, Accounts]":
    from forewarn.errors import ConfigError
    from forewarn.files import read_site
    from forewarn.web.signin.accounts import Accounts

    said = read_site(path)
    if said.operators.accounts is None:
        raise ConfigError(
            f'{path}: [operators] accounts is missing; write accounts = "accounts.json"'
        )
    return said, Accounts(said.operators.accounts)


def _invite(said: "Site", accounts: "Accounts", account_id: str, hours: float) -> None:
    from dataclasses import replace

    from forewarn.web.signin.accounts import invitation
    from forewarn.web.tls import place_of

    token, made = invitation(time.time() + hours * 3600)
    accounts.change(
        account_id, lambda found: replace(_known(found, account_id), invitation=made)
    )
    web = said.web
    place = place_of(web, accounts=True)
    scheme = "https" if place.secure else "http"
    port = "" if web.behind_proxy else f":{web.port}"
    print(f"For {account_id} alone, once, within {hours:g} hours:")
    print(f"{scheme}://{place.rp_id}{port}/signin#{token}")


def _known(found: "Account | None", account_id: str) -> "Account":
    from forewarn.errors import ConfigError

    if found is None:
        raise ConfigError(f"there is no account {account_id!r}")
    return found
