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
    """Find the warehouse for somebody who may only read: nothing else is asked of the login."""
    return (
        warehouse_module.start()
        if warehouse_module.is_embedded()
        else warehouse_module.configured()
    )


@app.command()
def up() -> None:
    """Start the embedded Postgres, or check that the configured server can be used."""
    warehouse = warehouse_module.resolve()
    write_profile()
    say(f"The warehouse answers at {warehouse.host}:{warehouse.port}.")


@app.command()
def down() -> None:
    """Stop the embedded Postgres; its data stays in .warehouse/."""
    if not warehouse_module.is_embedded():
        raise WarehouseError("PGHOST names a server of your own: myPizza does not stop that one.")
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
    """Open psql on the warehouse; what follows -- goes to psql."""
    environment = os.environ | readable().environment
    program = str(warehouse_module.BIN_DIR / "psql")
    arguments = ["--no-psqlrc", "-v", "ON_ERROR_STOP=1", *context.args]
    raise typer.Exit(subprocess.run([program, *arguments], env=environment).returncode)


@app.command("init-warehouse")
def init_warehouse(
    login: Annotated[
        str, typer.Option(help="The pipeline's own login; made where it is missing.")
    ] = warehouse_module.LOGIN,
) -> None:
    """Prepare a server of your own: roles, schemas, rights. Once, as its administrator.

    libpq's variables name the database and the administrator. The password of a login that has to
    be made is asked for, or taken from MYPIZZA_LOGIN_PASSWORD.
    """
    if warehouse_module.is_embedded():
        warehouse = warehouse_module.resolve()
        say(f"The embedded warehouse at port {warehouse.port} is prepared.")
        return
    warehouse = warehouse_module.configured()
    is_new = warehouse_module.init_warehouse(warehouse, login, _new_password)
    say(
        f"The database {warehouse.database} is prepared. The pipeline's login is {login}"
        f"{' (made just now)' if is_new else ''}: run everything else with PGUSER={login}."
    )


@app.command("add-reader")
def add_reader(
    login: Annotated[str, typer.Argument(help="The name of the login.")],
    branch: Annotated[
        list[str] | None, typer.Option(help="Only the rows of this branch; may be repeated.")
    ] = None,
) -> None:
    """Make a login that reads the marts, for an analyst, a branch's manager or a BI tool.

    On a server of your own as its administrator. The password is asked for, or taken from
    MYPIZZA_LOGIN_PASSWORD. Run it again to change a login's password and branches.
    """
    warehouse = warehouse_module.administrator()
    is_new = warehouse_module.add_reader(warehouse, login, _new_password(), branch or ())
    say(
        f"The login {login} {'is made' if is_new else 'is changed'} and reads the marts of "
        f"{'the branch ' + ' and '.join(branch) if branch else 'all branches'}. Connect to host "
        f"{warehouse.host}, port {warehouse.port}, database {warehouse.database}, schema marts "
        "(docs/how-to/connect.md)."
    )


@app.command("remove-reader")
def remove_reader(
    login: Annotated[str, typer.Argument(help="The name of the login.")],
) -> None:
    """Take away a login that add-reader made."""
    warehouse_module.remove_reader(warehouse_module.administrator(), login)
    say(f"The login {login} is gone.")


def _new_password() -> str:
    password = os.environ.get("MYPIZZA_LOGIN_PASSWORD")
    return password or str(
        typer.prompt("Password of the new login", hide_input=True, confirmation_prompt=True)
    )
