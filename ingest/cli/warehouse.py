"""The commands about the warehouse itself: where it is, who may use it."""

from __future__ import annotations

import os
import subprocess
from typing import Annotated

import typer

from ingest import warehouse as warehouse_module
from ingest.cli.console import say
from ingest.publish.dbt import write_profile
from ingest.warehouse import Warehouse, WarehouseError

app = typer.Typer()


def readable() -> Warehouse:
    """Find the warehouse for a login that may only read, without checking other rights."""
    return (
        warehouse_module.start()
        if warehouse_module.is_embedded()
        else warehouse_module.configured()
    )


@app.command()
def up() -> None:
    """Start the embedded Postgres, or check the configured server."""
    warehouse = warehouse_module.resolve()
    write_profile()
    say(f"The warehouse answers at {warehouse.host}:{warehouse.port}.")


@app.command()
def down() -> None:
    """Stop the embedded Postgres; its data stays in .warehouse/."""
    if not warehouse_module.is_embedded():
        raise WarehouseError("PGHOST names your own server: myPizza does not stop it.")
    was_running = warehouse_module.stop()
    say("The embedded server is stopped." if was_running else "No server was running.")


@app.command()
def env() -> None:
    """Print the exports that let any libpq client connect: eval "$(mypizza env)"."""
    for name, value in warehouse_module.resolve().environment.items():
        quoted = "'" + value.replace("'", "'\\''") + "'"
        typer.echo(f"export {name}={quoted}")


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def psql(context: typer.Context) -> None:
    """Open psql on the warehouse. Arguments after -- go to psql."""
    environment = os.environ | readable().environment
    program = str(warehouse_module.BIN_DIR / "psql")
    arguments = ["--no-psqlrc", "-v", "ON_ERROR_STOP=1", *context.args]
    raise typer.Exit(subprocess.run([program, *arguments], env=environment).returncode)


@app.command("init-warehouse")
def init_warehouse(
    login: Annotated[
        str, typer.Option(help="The pipeline's login; created if it does not exist.")
    ] = warehouse_module.LOGIN,
) -> None:
    """Prepare your own server: roles, schemas, rights. Run it once, as its administrator.

    libpq's variables name the database and the administrator. The password of a new login is asked
    for, or taken from MYPIZZA_LOGIN_PASSWORD.
    """
    if warehouse_module.is_embedded():
        warehouse = warehouse_module.resolve()
        say(f"The embedded warehouse at port {warehouse.port} is prepared.")
        return
    warehouse = warehouse_module.configured()
    is_new = warehouse_module.init_warehouse(warehouse, login, _new_password)
    say(
        f"The database {warehouse.database} is prepared. The pipeline's login is {login}"
        f"{' (created now)' if is_new else ''}: set PGUSER={login} for all other commands."
    )


@app.command("add-reader")
def add_reader(
    login: Annotated[str, typer.Argument(help="The name of the login.")],
    branch: Annotated[
        list[str] | None, typer.Option(help="Only the rows of this branch; can be repeated.")
    ] = None,
) -> None:
    """Create a login that reads the marts, for an analyst, a branch manager or a BI tool.

    On your own server, run it as its administrator. The password is asked for, or taken from
    MYPIZZA_LOGIN_PASSWORD. Run it again to change a login's password and branches.
    """
    warehouse = warehouse_module.administrator()
    is_new = warehouse_module.add_reader(warehouse, login, _new_password(), branch or ())
    say(
        f"The login {login} {'is created' if is_new else 'is changed'} and can read the marts of "
        f"{'the branch ' + ' and '.join(branch) if branch else 'all branches'}. Connect to host "
        f"{warehouse.host}, port {warehouse.port}, database {warehouse.database}, schema marts "
        "(docs/how-to/connect.md)."
    )


@app.command("remove-reader")
def remove_reader(login: Annotated[str, typer.Argument(help="The name of the login.")]) -> None:
    """Remove a login that add-reader created."""
    warehouse_module.remove_reader(warehouse_module.administrator(), login)
    say(f"The login {login} is removed.")


def _new_password() -> str:
    password = os.environ.get("MYPIZZA_LOGIN_PASSWORD")
    return password or str(
        typer.prompt("Password of the new login", hide_input=True, confirmation_prompt=True)
    )
