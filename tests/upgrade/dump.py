"""The dump of a small company: making it, and restoring it into an empty embedded server."""

from __future__ import annotations

import lzma
import os
import subprocess
import tarfile
from pathlib import Path

from psycopg import sql

from ingest import warehouse as warehouse_module
from ingest.warehouse import Warehouse

FOLDER = Path(__file__).parent
SERVER = FOLDER / "server.sql.xz"
"""All of the server: roles without passwords, the warehouse and the tills."""
SAMPLE = FOLDER / "sample.tar.xz"
"""The sample's bucket and what its web APIs know."""
PRIVATE = ("web.json", "web.lock", "web.log")
"""Files of the sample that are about one process on one machine."""
EVERY_SERVER_HAS = ("postgres", "template1")


def write(administrator: Warehouse) -> None:
    """Dump the embedded server and the sample's files into this folder.

    Args:
        administrator: the server, with the login that administers it.
    """
    without = [f"--exclude-database={name}" for name in EVERY_SERVER_HAS]
    dumped = _run("pg_dumpall", administrator, "--no-role-passwords", *without)
    SERVER.write_bytes(lzma.compress(dumped, preset=9 | lzma.PRESET_EXTREME))
    folder = warehouse_module.warehouse_dir() / "sample"
    with tarfile.open(SAMPLE, "w:xz") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.name not in PRIVATE:
                archive.add(file, str(file.relative_to(folder)), filter=_of_nobody)


def restore(administrator: Warehouse, login: Warehouse) -> None:
    """Make an embedded server the one that was dumped, but for the passwords.

    Args:
        administrator: the server, with the login that administers it; nothing is in it yet.
        login: the same with the pipeline's login, which gets its password again.
    """
    with administrator.connect("postgres") as connection:
        connection.execute("drop database mypizza")
        for (role,) in connection.execute(
            "select rolname from pg_roles where rolname !~ '^pg_' and rolname <> current_user"
        ).fetchall():
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))
    script = lzma.decompress(SERVER.read_bytes()).decode()
    # the administrator is there already
    script = script.replace(f"CREATE ROLE {administrator.user};\n", "")
    _run(
        "psql", administrator, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1",
        "--dbname=postgres", script=script,
    )  # fmt: skip
    with administrator.connect("postgres") as connection:
        connection.execute(
            sql.SQL("alter role {} password {}").format(
                sql.Identifier(login.user), sql.Literal(login.password)
            )
        )
    folder = warehouse_module.warehouse_dir() / "sample"
    with tarfile.open(SAMPLE, "r:xz") as archive:
        archive.extractall(folder, filter="data")


def _run(program: str, administrator: Warehouse, *arguments: str, script: str = "") -> bytes:
    return subprocess.run(
        [str(warehouse_module.BIN_DIR / program), *arguments],
        input=script.encode(),
        capture_output=True,
        check=True,
        env=os.environ | administrator.environment,
    ).stdout


def _of_nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
