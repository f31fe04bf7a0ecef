"""A run that is killed anywhere, and run again, makes the same marts as one that nobody disturbed.

Two companies with the same dice trade on day by day, and the same faults befall their tills. In one
the whole process group of `mypizza run` is killed (SIGKILL) again and again: at any moment, in the
middle of a heal, around the swap; and on the day after, the server is killed twice (immediate
shutdown). `mypizza follow` is killed, too, with the build that it has begun or without it. Then the
run is repeated to its end, all marts are compared row by row, and what has landed of topics with a
recount of them.

`make torture` kills 60 times, from the very first load on, and writes docs/torture.md; `.ci/run`
kills 8 times. `make test` leaves this file out: it takes minutes.
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import tomlkit

from ingest import warehouse as warehouse_module
from ingest.warehouse import Warehouse, WarehouseError
from sample import company, files, guests
from tests.python.commands import declare, sample
from tests.python.kafka import Broker

pytestmark = pytest.mark.torture

KILLS = int(os.environ.get("MYPIZZA_TORTURE_KILLS", "60"))
SEED = int(os.environ.get("MYPIZZA_TORTURE_SEED", "2015"))
REPORT = os.environ.get("MYPIZZA_TORTURE_REPORT")
PATIENCE = 300  # seconds that any one run may take

TOPICS = {"web.shop.v1": 4, "plant.sensors.v1": 4}
"""The sample's topics, each with its partitions."""

# What differs from warehouse to warehouse, and from run to run, without meaning anything: when a
# load was made or a day compared, and whether the run that healed it lived to write that down. Nor
# is rpt_source_loads compared, which says how many loads there were.
NOT_COMPARED = ("load_id", "reconciled_at", "is_healed")

# Behind the loader's back, in every till, each day: so that every run has something to heal.
FAULTS = """
    update order_lines set discount_amount = discount_amount, product_id = (
        select min(product_id) from products where product_id <> order_lines.product_id
    )
    where order_line_id = (select max(order_line_id) - 150 from order_lines);
    create temp table gone as select order_id from orders
        where order_id = (select max(order_id) - 60 from orders);
    delete from payments where order_id in (select order_id from gone);
    delete from order_lines where order_id in (select order_id from gone);
    delete from orders where order_id in (select order_id from gone)
"""


@dataclass
class Company:
    """A warehouse of its own with its tills, in a folder of its own."""

    folder: Path
    log: list[str] = field(default_factory=list)

    @contextmanager
    def here(self) -> Iterator[Warehouse]:
        """Point this process at the company's server, starting it where it is down."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MYPIZZA_WAREHOUSE_DIR", str(self.folder))
            yield warehouse_module.start()

    def start_run(self) -> subprocess.Popen[str]:
        """Start `mypizza run`; a build that outlives what it followed is waited for."""
        return self.start("run", "--no-docs", "--wait", str(PATIENCE))

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own."""
        # A server that was down may have found its port taken: by another test's copy of this very
        # company, whose tills have the same passwords.
        sample("start", folder=self.folder)
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("PG") and name != "MYPIZZA_EMBEDDED"
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "ingest.cli", *command],
            env=environment
            | {
                "MYPIZZA_WAREHOUSE_DIR": str(self.folder),
                "MYPIZZA_CONFIG_DIR": str(self.folder),
                "DBT_TARGET_PATH": str(self.folder / "target"),
                "DBT_LOG_PATH": str(self.folder / "logs"),
                "PYTHONUNBUFFERED": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.log = []
        threading.Thread(target=self._follow, args=(process,), daemon=True).start()
        return process

    def _follow(self, process: subprocess.Popen[str]) -> None:
        log = self.log
        assert process.stdout is not None
        for line in process.stdout:
            log.append(line.rstrip())

    def run(self) -> float:
        """Run to the end, and return how many seconds it took."""
        started = time.monotonic()
        process = self.start_run()
        assert process.wait(timeout=PATIENCE) == 0, "\n".join(self.log[-60:])
        return time.monotonic() - started

    def phase(self) -> str:
        """Say how far the run that goes on has come."""
        text = "\n".join(self.log)
        if "Publishing " in text:
            return "swap"
        if "Build, test and publish" in text:
            return "build"
        if "Load and reconcile" in text:
            return "heal" if self.heals() else "load"
        return "start"

    def heals(self) -> bool:
        """Say whether a heal is under way."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MYPIZZA_WAREHOUSE_DIR", str(self.folder))
            try:
                with warehouse_module.embedded().connect() as connection:
                    row = connection.execute(
                        "select exists (select 1 from audit.loads"
                        " where kind = 'heal' and outcome = 'running')"
                    ).fetchone()
                    return row == (True,)
            except (WarehouseError, psycopg.Error):
                return False

    def unlanded(self) -> list[str]:
        """Return the topics of which something is missing, or doubled, in raw."""
        secrets_of = tomlkit.parse((self.folder / ".dlt" / "secrets.toml").read_text("utf-8"))
        broker = Broker()
        broker.servers = secrets_of["sources"]["streams"]["bootstrap_servers"]
        with self.here() as warehouse, warehouse.connect() as connection:
            return [
                topic
                for topic, partitions in TOPICS.items()
                if sorted(
                    (partition, offset, bytes(value))
                    for partition, offset, value in connection.execute(
                        "select partition_id, message_offset, convert_to(value, 'UTF8')"
                        " from raw_streams.messages where topic = %s",
                        [topic],
                    )
                )
                != broker.recount(topic, partitions)
            ]

    def marts(self) -> dict[str, Counter[str]]:
        """Return all rows of all published marts, as text.

        Without the list of loads and that of restatements: a killed company has others.
        """
        with self.here() as warehouse, warehouse.connect() as connection:
            tables = connection.execute(
                "select tablename from pg_tables where schemaname = 'marts'"
                " and tablename not in ('rpt_source_loads', 'rpt_restatements') order by 1"
            ).fetchall()
            return {
                table: Counter(
                    row
                    for (row,) in connection.execute(
                        f"select (to_jsonb(t) - %s::text[])::text from marts.{table} as t",
                        [list(NOT_COMPARED)],
                    )
                )
                for (table,) in tables
            }

    def wrong_restatements(self) -> list[tuple[Any, ...]]:
        """Return each day's newest restatement that does not end with what is published."""
        with self.here() as warehouse, warehouse.connect() as connection:
            return connection.execute(
                """
                select newest.*, days.orders, days.net_revenue
                from (
                    select distinct on (branch_id, business_date, figure) *
                    from marts.rpt_restatements
                    order by branch_id, business_date, figure, restated_at desc
                ) as newest
                left join marts.rpt_branch_days as days using (branch_id, business_date)
                where newest.value_after
                    <> coalesce((to_jsonb(days) ->> newest.figure)::numeric, 0)
                """
            ).fetchall()

    def stop_server_at_once(self) -> None:
        """Stop the server as if its machine had lost its power."""
        with self.here():
            warehouse_module.run_program(
                "pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop"
            )

    def trade(self) -> None:
        """Let a day pass, and its accidents happen."""
        with self.here() as warehouse:
            company.advance(warehouse, days=1)
            files.create(warehouse)
            guests.catch_up(warehouse)
            for branch_id in company.branches_of(warehouse):
                with warehouse.connect(f"till_{branch_id}") as till:
                    till.execute(FAULTS)


@dataclass
class Torture:
    """The companies, the dice, and what was done."""

    killed: Company
    undisturbed: Company
    dice: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    seconds: float = 20.0

    def disturb(self, strike: Callable[[subprocess.Popen[str]], None], phase: str) -> str | None:
        """Start a run and strike in a phase, or anywhere; return the phase in which it was."""
        process = self.killed.start_run()
        started = time.monotonic()
        wait = self.dice.uniform(0.3, self.seconds) if phase == "anywhere" else 0.0
        delay = self.dice.uniform(0.0, 0.8)
        while process.poll() is None and time.monotonic() - started < PATIENCE:
            reached = phase in ("anywhere", self.killed.phase())
            if reached and time.monotonic() - started >= wait:
                time.sleep(0.0 if phase == "anywhere" else delay)
                where = self.killed.phase()
                if process.poll() is None:
                    strike(process)
                    process.wait(timeout=PATIENCE)
                    return where
            time.sleep(0.05)
        assert process.wait(timeout=PATIENCE) == 0, "\n".join(self.killed.log[-60:])
        return None

    def disturb_following(self) -> str | None:
        """Kill what follows at any moment, and by a throw of the dice the build beside it, too."""
        process = self.killed.start("follow", "--publish-every", "0.01", "--no-docs")
        time.sleep(self.dice.uniform(2, 10 + self.seconds))
        assert process.poll() is None, "\n".join(self.killed.log[-60:])
        building = psutil.Process(process.pid).children()
        _kill_group(process)
        process.wait()
        if not building:
            return "follow"
        if self.dice.random() < 0.3:
            return "follow, its build went on"
        for build in building:  # in a group of its own
            with suppress(ProcessLookupError):
                os.killpg(build.pid, signal.SIGKILL)
        return "follow and its build"

    def trade(self) -> None:
        """Let a day pass in both companies."""
        self.killed.trade()
        self.undisturbed.trade()

    def unequal(self) -> list[str]:
        """Run both companies to the end of the day and compare their marts, row by row."""
        self.killed.run()
        self.seconds = self.undisturbed.run()
        here, there = self.killed.marts(), self.undisturbed.marts()
        for one in (self.killed, self.undisturbed):
            assert one.wrong_restatements() == []
            assert one.unlanded() == []
        assert len(here) >= 10
        assert sum(here["fct_orders"].values()) > 21_000
        found = [f"only one has {table}" for table in sorted({*here} ^ {*there})]
        for table in sorted({*here} & {*there}):
            for row in list((here[table] - there[table]).elements())[:3]:
                found.append(f"{table}, only after kills: {row}")
            for row in list((there[table] - here[table]).elements())[:3]:
                found.append(f"{table}, missing after kills: {row}")
        return found


def _kill_group(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def torture() -> Iterator[Torture]:
    salt = pytest.MonkeyPatch()
    salt.setenv("MYPIZZA_SALT", secrets.token_hex(16))  # the same in both
    folder = warehouse_module.warehouse_dir() / "torture"
    killed, undisturbed = Company(folder / "killed"), Company(folder / "undisturbed")
    for one in (killed, undisturbed):
        one.folder.mkdir(parents=True)
        declare(one.folder)
        sample("start", folder=one.folder)
    yield Torture(killed, undisturbed, random.Random(SEED))  # noqa: S311 - dice, no secret
    for one in (killed, undisturbed):
        sample("stop", folder=one.folder)
        with one.here():
            warehouse_module.stop()
        shutil.rmtree(one.folder)
    salt.undo()


def test_runs_and_servers_that_are_killed_make_the_same_marts_as_undisturbed_ones(
    torture: Torture,
) -> None:
    began, started = datetime.now(UTC), time.monotonic()
    # Heals come first: once a day's are done, there is nothing to heal until the next.
    phases = ["heal", "heal", "follow", "load", "build", "swap", "follow", "build", "swap",
              "anywhere", "follow", "anywhere"]  # fmt: skip
    days = comparisons = 0
    while (left := KILLS - sum(torture.kills.values())) > 0:
        is_first_load = not days
        if not is_first_load:
            torture.trade()
        for phase in phases[:left]:
            # The very first day has nothing to heal.
            where = "anywhere" if phase == "heal" and is_first_load else phase
            struck = (
                torture.disturb_following()
                if where == "follow"
                else torture.disturb(_kill_group, where)
            )
            if struck:
                torture.kills[struck] += 1
        # A run that was killed just after its swap has left nothing to build: a new day has.
        torture.trade()
        for phase in ("load", "build"):
            assert torture.disturb(lambda _: torture.killed.stop_server_at_once(), phase), phase
        assert torture.unequal() == []
        comparisons += 1
        days += 1 if is_first_load else 2
        if REPORT:
            seconds = time.monotonic() - started
            _write_report(Path(REPORT), torture, began, seconds, days, comparisons)


def _write_report(
    file: Path, torture: Torture, began: datetime, seconds: float, days: int, comparisons: int
) -> None:
    where = "\n".join(f"| {phase} | {count} |" for phase, count in sorted(torture.kills.items()))
    cores: Any = os.cpu_count()
    file.write_text(
        f"""# Killed {sum(torture.kills.values())} times, and nothing lost

`make torture` kills the process group of `mypizza run` (SIGKILL) at random moments, or `mypizza
follow` with the build beside it or without, and runs again. Then it compares all marts, row by row,
with those of a second warehouse that runs undisturbed, and what has landed of topics with a recount
of them. Both
companies trade the same days, with silent edits and deleted orders in every till each day, new and
corrected files in the bucket, and changing posts and tickets.

| | |
|---|---|
| date | {began:%Y-%m-%d %H:%M} UTC |
| seed | {SEED} |
| kills | {sum(torture.kills.values())} |
| immediate server shutdowns | {2 * comparisons} |
| trading days | {days} |
| comparisons of all marts | {comparisons} |
| rows that differed | 0 |
| duration | {seconds / 60:.0f} minutes on {cores} cores |

Where the kills fell:

| phase | kills |
|---|---|
{where}

{", ".join(f"`{name}`" for name in NOT_COMPARED)} and `rpt_source_loads` are not compared: they say
when, how often and by which run something was done. Before each comparison the server itself is
also shut down immediately, once during a load and once during a build.
"""
    )
