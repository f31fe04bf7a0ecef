"""Makes the dump that test_upgrade.py brings over: `.venv/bin/python -m tests.upgrade.make`.

The small company trades, and what can befall a warehouse befalls it: see the README beside this.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

HOME = Path(tempfile.mkdtemp(prefix="mypizza-upgrade-"))
for name in [name for name in os.environ if name.startswith("PG")]:
    del os.environ[name]
os.environ["MYPIZZA_WAREHOUSE_DIR"] = os.environ["MYPIZZA_CONFIG_DIR"] = str(HOME)
os.environ["DBT_TARGET_PATH"] = str(HOME / "target")
os.environ["DBT_LOG_PATH"] = str(HOME / "logs")

from ingest import warehouse as warehouse_module  # noqa: E402 - the environment comes first
from ingest.warehouse import Warehouse  # noqa: E402 - as above
from tests.python.commands import declare, mypizza, query, sample  # noqa: E402 - as above
from tests.upgrade import dump  # noqa: E402 - as above

BRANCHES = ("chicago", "quito")

QUITO = """
    update payments set currency = 'XXX', updated_at = '2016-01-02 12:00+00'
    where order_id = 101;
    update orders set ordered_at = '2999-12-31 20:00+00', updated_at = '2016-01-02 12:00+00'
    where order_id = 102;
    alter table customers alter column created_at drop not null;
    update customers set created_at = null, updated_at = '2016-01-02 12:00+00'
    where customer_id = (select min(customer_id) from customers);
    update products set unit_price = unit_price + 1, updated_at = '2016-01-02 12:00+00'
    where product_id = (
        select product_id from order_lines group by product_id order by count(*) desc limit 1
    )
"""
"""An order that waits for good, one that is mended below, a customer that waits, a new price."""

CHICAGO = """
    update orders set channel = case channel when 'app' then 'takeaway' else 'app' end
    where order_id = (select max(order_id) - 40 from orders);
    create temp table deleted as select max(order_id) - 50 as order_id from orders;
    delete from payments where order_id in (select order_id from deleted);
    delete from order_lines where order_id in (select order_id from deleted);
    delete from orders where order_id in (select order_id from deleted)
"""
"""What no change column tells: an edit, and an order that is deleted for good."""

MENDED = """
    update orders set ordered_at = created_at, updated_at = '2016-01-03 12:00+00'
    where order_id = 102
"""

GUEST = """
    select min(customer_id) from raw_pos.customers
    where branch_id = 'quito' and email is not null and phone is not null
        and customer_id in (select customer_id from raw_pos.orders where note is not null)
"""


def trade(warehouse: Warehouse) -> None:
    """Let the company live, in three publications."""
    branches = [word for branch in BRANCHES for word in ("--branch", branch)]
    sample("start", *branches, "--weeks", "6")
    mypizza("run", "--no-docs")
    for login, wanted in (("analyst", ()), ("manager", ("--branch", "quito"))):
        mypizza(
            "add-reader", login, *wanted, environment={"MYPIZZA_LOGIN_PASSWORD": "not in the dump"}
        )

    sample("advance")
    query(warehouse, QUITO, "till_quito")
    query(warehouse, CHICAGO, "till_chicago")
    sample("advance")
    ((guest,),) = query(warehouse, GUEST)
    mypizza("forget-customer", "quito", str(guest))
    mypizza("run", "--no-docs")

    query(warehouse, MENDED, "till_quito")
    mypizza("run", "--no-docs")


def main() -> None:
    """Make the dump, in a folder that stays: it is small, and one may want to look."""
    declare(HOME, BRANCHES)
    warehouse = warehouse_module.resolve()
    try:
        trade(warehouse)
        dump.write(warehouse_module.administrator())
    finally:
        sample("stop")
        warehouse_module.stop()
    for file in (dump.SERVER, dump.SAMPLE):
        print(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB")
    print(f"Made in {HOME}, which can be deleted.")


if __name__ == "__main__":
    main()
