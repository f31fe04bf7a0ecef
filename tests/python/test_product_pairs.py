"""What is bought together is what a library finds in the same baskets."""

from __future__ import annotations

import pytest
from efficient_apriori import apriori

from ingest.warehouse import Warehouse

BASKETS = """
    select array_agg(distinct {item})
    from marts.fct_orders as orders
    inner join marts.fct_order_lines as lines using (order_key)
    inner join marts.dim_products as products using (product_key)
    where
        orders.is_sale and lines.line_kind = 'sale' and orders.branch_id = %(branch)s
        and orders.business_date between '2015-01-01' and '2015-12-31'
    group by orders.order_key
"""
PAIRS = """
    select first_item, second_item, pair_support, confidence, lift, leverage
    from marts.rpt_product_pairs
    where branch_id = %(branch)s and period_id = '2015' and item_kind = %(kind)s
"""


def rules(baskets: list[tuple[str, ...]], support: float) -> dict[tuple[str, str], list[float]]:
    _, found = apriori(baskets, min_support=support, min_confidence=1e-9, max_length=2)
    return {
        (rule.lhs[0], rule.rhs[0]): [
            rule.support,
            rule.confidence,
            rule.lift,
            rule.support - rule.support / rule.lift,
        ]
        for rule in found
    }


@pytest.mark.parametrize(("kind", "item"), [("product", "product_key"), ("category", "category")])
def test_pairs_equal_those_of_a_library(
    published_warehouse: Warehouse, kind: str, item: str
) -> None:
    counted = 0
    with published_warehouse.connect() as connection:
        for (branch,) in connection.execute("select branch_id from marts.dim_branches").fetchall():
            at = {"branch": branch, "kind": kind}
            baskets = connection.execute(BASKETS.format(item=item), at).fetchall()
            if not baskets:
                continue
            counted += len(baskets)
            expected = rules([tuple(row[0]) for row in baskets], 10 / len(baskets) - 1e-9)
            pairs = {tuple(row[:2]): row[2:] for row in connection.execute(PAIRS, at)}
            assert pairs, branch
            assert pairs.keys() == expected.keys(), branch
            for pair, figures in pairs.items():
                assert [float(each) for each in figures] == pytest.approx(expected[pair], abs=1e-6)
    assert counted >= 10_000
