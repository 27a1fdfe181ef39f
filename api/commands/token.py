"""`lumbung token …`: bearer tokens for systems."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from api.transaction import command_session
from core import accounts, credentials
from core.accounts import Account
from core.errors import NotFound
from core.permissions import ROLES
from tracking import people

app = typer.Typer(no_args_is_help=True, help="Bearer tokens for systems.")


@app.command()
def create(
    role: Annotated[str, typer.Option(help=f"What the system may do: {', '.join(ROLES)}.")],
    name: Annotated[str, typer.Option(help="Whose token it is, for people who read the list.")] = "",
    party: Annotated[str | None, typer.Option(help="GLN of the party that the system works for.")] = None,
    days: Annotated[
        int | None, typer.Option(min=1, help="Refused after so many days; without it, when revoked.")
    ] = None,
) -> None:
    """Make a token and print it, and nothing else, on standard output. It cannot be shown again."""
    if role not in ROLES:
        raise typer.BadParameter(f"no such role; one of: {', '.join(ROLES)}", param_hint="--role")
    now = datetime.now(UTC)
    with command_session() as session:
        login = f"token-{credentials.digest(credentials.new_secret()).hex()[:12]}"
        account: Account = accounts.create_account(session, login=login, name=name or login, role=role, now=now)
        if party is not None:
            try:
                people.join(session, account.id, people.party_by_gln(session, party).id)
            except NotFound as missing:
                raise typer.BadParameter(str(missing), param_hint="--party") from None
        expires_at = now + timedelta(days=days) if days else None
        token = accounts.create_token(session, account, name=name or login, now=now, expires_at=expires_at)
    print(token)


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(help="The token; - reads it from standard input, away from `ps`.")],
) -> None:
    """Refuse a token from now on."""
    value = typer.get_text_stream("stdin").readline().strip() if token == "-" else token  # noqa: S105
    with command_session() as session:
        revoked = accounts.revoke_token(session, value, now=datetime.now(UTC))
    if not revoked:
        typer.echo("There is no such token, or it is revoked already.", err=True)
        raise typer.Exit(1)
