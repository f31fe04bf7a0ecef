"""The commands that look: status and quarantine. They load nothing, and so import no source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

import typer

from ingest import warehouse as warehouse_module
from ingest.cli import audit
from ingest.cli.console import Json, minute, say, show, show_json
from ingest.cli.loading import place
from ingest.loads.configuration import section, systems
from ingest.loads.modelled import unread_feeds

app = typer.Typer()

STALE = timedelta(hours=50)
"""A source needs attention if its last load is older; its freshness test says the same."""

Row = dict[str, Any]


@app.command()
def status(as_json: Json = False) -> None:
    """Show what is loaded, what is published and what of it is proven; exit code 1 on trouble."""
    warehouse = warehouse_module.resolve()
    with warehouse.connect() as connection:
        holder = warehouse_module.lock_holder(connection)
        loads = audit.loads(connection)
        loads.sort(key=lambda load: (load["source"], place(load["branch_id"], load["feed"])))
        publications = audit.rows(connection, "publications", "audit.publications")
        held = audit.rows(connection, "quarantined", "audit.quarantine")
        # a version of the marts from before there was a proof has none to show
        proof = audit.rows(connection, "proof", "marts.rpt_till_figures")
        findings = audit.rows(connection, "findings", "marts.rpt_till_figures")
        mute = audit.rows(connection, "mute_devices", "marts.rpt_cold_chain_days")
        above = audit.above_limit(connection)
        following = audit.rows(connection, "following", "audit.following")
        partitions = audit.rows(connection, "partitions", "audit.loads")
    for load in loads:
        load["in_quarantine"] = sum(row["records"] for row in held if _is_of(row, load))
        if load["outcome"] == "interrupted" and not load["error"]:
            load["error"] = "Its process ended before the load was complete; run it again."
    # a source or a feed that is left out since is still shown, and no longer expected
    in_use, feeds = systems(), section("sources.files.feeds")
    unread = unread_feeds(feeds)
    problems = [
        problem
        for load in loads
        if load["source"] in in_use
        and (load["source"] != "files" or load["feed"] is None or load["feed"] in feeds)
        for problem in _problems(load)
    ]
    problems += above
    if not publications:
        problems.append("Nothing is published yet: run mypizza run.")
    elif publications[0]["outcome"] == "failed":
        problems.append(f"The last build was not published: {publications[0]['reason']}")
    if as_json:
        show_json({
            "running": holder, "following": following[0] if following else None,
            "partitions": partitions, "loads": loads, "proof": proof, "findings": findings,
            "mute_devices": mute, "publications": publications, "problems": problems,
        })  # fmt: skip
    else:
        _show_loads(holder, loads)
        _show_following(following, partitions)
        _show_proof(proof, findings)
        _show_publications(publications)
        if mute:
            say(_mute(mute), "yellow")
        for load in loads:
            if load["feed"] in unread:
                for note in load["notes"] or ():
                    say(note, "yellow")
        for problem in problems:
            say(problem, "red")
    if problems:
        raise typer.Exit(1)


def _is_of(quarantined: Mapping[str, Any], load: Mapping[str, Any]) -> bool:
    """Say whether records in quarantine came with a load: of its feed, or of its branch."""
    return (
        quarantined["source_name"] == load["source"]
        and load["feed"] in (None, quarantined["table_name"])
        and (load["feed"] or load["branch_id"] in (None, quarantined["branch_id"]))
    )


def _problems(load: Mapping[str, Any]) -> list[str]:
    """Return what needs attention in a source."""
    name = f"{load['source']} {place(load['branch_id'], load['feed'])}".strip()
    problems = []
    if load["outcome"] not in ("succeeded", "running"):
        problems.append(f"{name}: {load['error']}")
    if load["lag"] is None:
        problems.append(f"{name}: no load has succeeded yet.")
    elif load["lag"] > STALE:
        hours = STALE // timedelta(hours=1)
        problems.append(f"{name}: the last successful load was more than {hours} hours ago.")
    if load["days_differing"]:
        problems.append(
            f"{name}: {load['days_differing']:,} of {load['days_compared']:,} days differ from "
            "the till."
        )
    return problems


def _show_loads(holder: str | None, loads: Sequence[Row]) -> None:
    say(f"Running now: {holder}" if holder else "Nothing is running.")
    show(
        "Loads",
        ("source", "part", "last success", "lag", "rows", "equal days", "held", "outcome"),
        [
            (
                load["source"],
                place(load["branch_id"], load["feed"]),
                minute(load["succeeded_at"]),
                "" if load["lag"] is None else f"{load['lag'] / timedelta(hours=1):,.1f} h",
                f"{load['row_count']:,}",
                _equal_days(load),
                f"{load['in_quarantine']:,}",
                load["outcome"],
            )
            for load in loads
        ],
    )


def _show_following(following: Sequence[Row], partitions: Sequence[Row]) -> None:
    for row in following:
        if row["is_running"]:
            say(f"mypizza follow runs since {minute(row['started_at'])} UTC ({row['process']}).")
        else:
            said = "was ended" if row["stopped_at"] else "has not been heard of since"
            at = minute(row["stopped_at"] or row["seen_at"])
            say(f"mypizza follow does not run: it {said} {at} UTC.", "yellow")
    show(
        "Streams",
        ("stream", "partition", "read up to", "behind", "read last", "lag"),
        [
            (
                row["stream"],
                row["partition_id"],
                f"{row['next_offset']:,}",
                f"{row['messages_behind']:,}",
                minute(row["read_at"]),
                f"{row['lag'].total_seconds():,.0f} s",
            )
            for row in partitions
        ],
    )


def _show_proof(proof: Sequence[Row], findings: Sequence[Row]) -> None:
    show(
        "Proof of the closed days that are published",
        ("branch", "state", "proven days", "by the till's own", "net revenue not proven"),
        [
            (
                row["branch_id"],
                row["state"],
                f"{row['proven_days']:,} of {row['days']:,}",
                row["proven_by"] or "nothing",
                _money(row["net_revenue_not_proven"] or None, row["currency"]),
            )
            for row in proof
        ],
    )
    show(
        "Findings",
        ("branch", "what", "days", "from", "to", "records", "money"),
        [
            (
                row["branch_id"],
                row["finding"],
                f"{row['days']:,}",
                str(row["first_date"]),
                str(row["last_date"]),
                "" if row["records"] is None else f"{row['records']:,}",
                _money(row["amount"], row["currency"]),
            )
            for row in findings
        ],
    )


def _mute(devices: Sequence[Row]) -> str:
    named = ", ".join(f"{row['device_id']} of {row['branch_id']}" for row in devices[:5])
    more = f" and {len(devices) - 5:,} more" if len(devices) > 5 else ""
    return (
        f"No reading has ever come of {named}{more}: these days are not recorded. Compare the "
        "names in seeds/devices.csv with what readings say."
    )


def _money(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else f"{amount:,} {currency}"


def _show_publications(publications: Sequence[Row]) -> None:
    show(
        "Publications",
        ("when", "outcome", "marts", "rows"),
        [
            (
                minute(each["finished_at"]),
                each["outcome"],
                str(each["marts"]),
                f"{each['row_count']:,}",
            )
            for each in publications
        ],
    )


def _equal_days(load: Mapping[str, Any]) -> str:
    compared = load["days_compared"]
    return f"{compared - load['days_differing']:,} of {compared:,}" if compared else ""


@app.command()
def quarantine(
    source: Annotated[str | None, typer.Option(help="Only this source, such as pos.")] = None,
    branch: Annotated[str | None, typer.Option(help="Only this branch.")] = None,
    records: Annotated[
        bool, typer.Option("--records", help="Include the records as they landed.")
    ] = False,
    released: Annotated[bool, typer.Option("--released", help="Include released records.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The largest number of records to show.")] = 50,
    as_json: Json = False,
) -> None:
    """List the records in quarantine and their reasons. They are released once corrected."""
    warehouse = warehouse_module.resolve()
    with warehouse.connect() as connection:
        rows = audit.rows(
            connection, "quarantine", "audit.quarantine",
            source=source, branch=branch, released=released, most=limit,
        )  # fmt: skip
    in_all = rows[0]["in_all"] if rows else 0
    if as_json:
        held = [{name: row[name] for name in row if name != "in_all"} for row in rows]
        show_json({"records_in_all": in_all, "records": held})
        return
    if not rows:
        say("No record is in quarantine.")
        return
    columns = ("since", "source", "table", "record", "reasons", *(["released"] if released else []))
    show("Quarantine", columns, [_cells(row, records, released) for row in rows])
    say(
        f"{in_all:,} record(s), {len(rows):,} shown. Correct them at their source, or the rule in "
        f"their base model (docs/quarantine.md); the next run releases them."
    )


def _cells(row: Row, with_record: bool, with_release: bool) -> list[str]:
    shown = "; ".join(row["reasons"]) + (f"\n{row['raw_record']}" if with_record else "")
    cells = [
        minute(row["quarantined_at"]), row["source_name"], row["table_name"], row["record_key"],
        shown,
    ]  # fmt: skip
    if with_release:
        cells.append(minute(row["released_at"]) if row["released_at"] else "waits")
    return cells
