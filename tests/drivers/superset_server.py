"""A new Superset with the assets of bi/superset, for test_superset.py; runs in a venv of its own.

Arguments: an empty folder, and that of the assets. libpq's variables name the warehouse, and
MANAGER the login of a branch's manager with the same password. Prints lines of JSON: what was
imported, and what its data sets answer; then each answer to a chart's query, until the input ends.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
from pathlib import Path
from typing import Any

folder, assets = Path(sys.argv[1]), sys.argv[2]
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what Superset prints is no answer
(folder / "superset_config.py").write_text(
    f"""
SECRET_KEY = {secrets.token_urlsafe(40)!r}
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
TALISMAN_ENABLED = False  # it asks for https
WTF_CSRF_ENABLED = False
RATELIMIT_ENABLED = False
"""
)
os.environ |= {
    "SUPERSET_CONFIG_PATH": str(folder / "superset_config.py"),
    "SUPERSET_HOME": str(folder),
    "SCARF_ANALYTICS": "false",
    "FLASK_APP": "superset",
}

from flask import Response, request  # noqa: E402 - the environment comes first
from superset.app import create_app  # noqa: E402
from superset.cli.main import superset  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402


def say(**facts: object) -> None:
    """Print a line of JSON."""
    print(json.dumps(facts, default=str), file=answers, flush=True)


app = create_app()


def keep(response: Response) -> Response:
    """Tell what a chart has asked and was answered."""
    if request.path == "/api/v1/chart/data" and "form_data" in (request.json or {}):
        form = request.json["form_data"]
        say(chart=form.get("slice_id"), status=response.status_code, answer=response.json)
    return response


app.after_request(keep)


def command(*arguments: str) -> None:
    """Run a command of Superset as people do, but in this process: its imports take long."""
    result = app.test_cli_runner().invoke(superset, args=arguments)
    if result.exit_code or "An error occurred" in result.output:
        raise RuntimeError(f"superset {arguments}: {result.output}") from result.exception


password = secrets.token_urlsafe()
command("db", "upgrade")
command("init")
command(
    "fab", "create-admin", "--username", "admin", "--firstname", "A", "--lastname", "B",
    "--email", "admin@mypizza.example", "--password", password,
)  # fmt: skip
for _ in range(2):  # what is imported once more is changed, not doubled
    command("import-directory", "--overwrite", assets)

with app.app_context():
    from superset import db
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.core import Database
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    found: dict[str, Any] = {
        "databases": [each.database_name for each in db.session.query(Database)],
        "datasets": {each.table_name: each.id for each in db.session.query(SqlaTable)},
        "charts": {each.id: each.slice_name for each in db.session.query(Slice)},
        "dashboards": {
            each.dashboard_title: sorted(chart.slice_name for chart in each.slices)
            for each in db.session.query(Dashboard)
        },
    }
    queries = {
        each.table_name: {
            "metrics": [metric.metric_name for metric in each.metrics],
            "columns": [column.column_name for column in each.columns],
        }
        for each in db.session.query(SqlaTable)
    }

client = app.test_client()
client.post("/login/", data={"username": "admin", "password": password})
session = client.get_cookie("session")


def ask(table: str, columns: list[str], metrics: list[str]) -> Any:
    """Query a data set as a chart does."""
    question = {
        "datasource": {"id": found["datasets"][table], "type": "table"},
        "queries": [{"columns": columns, "metrics": metrics, "row_limit": 100}],
        "force": True,  # nothing from the cache
    }
    answer = client.post("/api/v1/chart/data", json=question).json
    return answer["result"][0]["data"] if "result" in answer else answer


def ask_all() -> dict[str, Any]:
    """Query the metrics of each data set by branch."""
    return {
        table: ask(table, ["branch_id"], content["metrics"]) for table, content in queries.items()
    }


metrics = ask_all()
analyst, os.environ["PGUSER"] = os.environ["PGUSER"], os.environ["MANAGER"]
managed = ask_all()
os.environ["PGUSER"] = analyst
server = make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
say(
    **found,
    metrics=metrics,
    managed=managed,
    columns={table: ask(table, content["columns"], []) for table, content in queries.items()},
    port=server.server_port,
    session=session.value if session else "",
)
sys.stdin.read()
