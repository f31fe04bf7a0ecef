"""Receipts of three tills, written by hand: a row or two for each fact about their systems.

By table: the columns that matter, and the rows. Times are as the till writes them.
"""

from __future__ import annotations

from typing import Any

Receipts = dict[str, tuple[str, list[tuple[Any, ...]]]]
"""By table: names of columns with blanks between them, and rows."""

UNICENTA: Receipts = {
    "taxes": (
        "id rate",
        [
            ("ten", 0.1),
            ("more", 0.21),
            ("old", 0.07),  # 0.1 until the refund
        ],
    ),
    "closedcash": (
        "money hostsequence",
        [
            ("c1", 1),
            ("c2", 2),
            ("c3", 3),
        ],
    ),
    "receipts": (
        "id money datenew",
        [
            ("sale", "c1", "2026-10-24 19:00"),
            ("weight", "c1", "2026-10-24 19:30"),
            ("half", "c1", "2026-10-24 20:00"),
            ("exchange", "c1", "2026-10-24 20:30"),
            ("refund", "c1", "2026-10-24 21:00"),
            ("movement", "c1", "2026-10-24 21:10"),
            ("debt", "c1", "2026-10-24 21:20"),
            ("paid out", "c1", "2026-10-24 21:30"),
            ("voucher", "c2", "2026-10-24 22:00"),
            # 02:30 comes twice in this night; either way it is the evening's business day
            ("late", "c2", "2026-10-25 02:30"),
            ("espresso 1", "c2", "2026-10-25 04:00"),
            ("espresso 2", "c2", "2026-10-25 04:00"),
            ("espresso 3", "c2", "2026-10-25 04:00"),
            ("free", "c2", "2026-10-25 20:00"),
            ("short", "c3", "2026-10-26 20:00"),
        ],
    ),
    "tickets": (
        "id tickettype ticketid",
        [
            ("sale", 0, 1),
            ("weight", 0, 2),
            ("half", 0, 3),
            ("exchange", 0, 4),
            ("refund", 1, 5),
            ("debt", 2, 6),
            ("paid out", 1, 7),
            ("voucher", 0, 8),
            ("late", 0, 9),
            ("espresso 1", 0, 10),
            ("espresso 2", 0, 11),
            ("espresso 3", 0, 12),
            ("free", 0, 13),
            ("short", 0, 14),
        ],
    ),
    "ticketlines": (
        "ticket line product units price taxid",
        [
            ("sale", 0, "pizza", 2, 8.0, "ten"),
            ("sale", 1, "*cheese", 1, 1.0, "ten"),
            ("sale", 2, None, 1, -1.0, "ten"),
            ("weight", 0, "ham", 0.35, 11.9835, "more"),
            ("half", 0, "pizza", 0.5, 9.0, "ten"),
            ("exchange", 0, "pizza", -1, 8.0, "ten"),
            ("exchange", 1, "wine", 1, 10.0, "more"),
            ("refund", 0, "pizza", -1, 8.0, "old"),
            ("paid out", 0, "wine", -1, 10.0, "more"),
            ("paid out", 1, "pizza", 1, 8.0, "ten"),
            ("voucher", 0, "pizza", 1, 8.0, "ten"),
            ("late", 0, "pizza", 1, 8.0, "ten"),
            ("espresso 1", 0, "espresso", 1, 1.115, "ten"),
            ("espresso 2", 0, "espresso", 1, 1.115, "ten"),
            ("espresso 3", 0, "espresso", 1, 1.115, "ten"),
            ("free", 0, "pizza", 1, 8.0, "ten"),
            ("short", 0, "pizza", 1, 8.0, "ten"),
        ],
    ),
    "taxlines": (
        "id receipt taxid base amount",
        [
            ("1", "sale", "ten", 16.0, 1.6),
            ("2", "weight", "more", 4.194225, 0.88078725),
            ("3", "half", "ten", 4.5, 0.45),
            ("4", "exchange", "ten", -8.0, -0.8),
            ("5", "exchange", "more", 10.0, 2.1),
            ("6", "refund", "old", -8.0, -0.8),
            ("7", "paid out", "more", -10.0, -2.1),
            ("8", "paid out", "ten", 8.0, 0.8),
            ("9", "voucher", "ten", 8.0, 0.8),
            ("10", "late", "ten", 8.0, 0.8),
            ("11", "espresso 1", "ten", 1.115, 0.1115),
            ("12", "espresso 2", "ten", 1.115, 0.1115),
            ("13", "espresso 3", "ten", 1.115, 0.1115),
            ("14", "free", "ten", 8.0, 0.8),
            ("15", "short", "ten", 8.0, 0.8),
        ],
    ),
    "payments": (
        "id receipt payment total tip tendered",
        [
            ("1", "sale", "cash", 17.6, 0, 20),
            ("2", "weight", "ccard", 5.08, 0, 0),
            ("3", "half", "debt", 4.95, 0, 0),
            ("4", "exchange", "cash", 3.3, 0, 5),
            ("5", "refund", "cashrefund", -8.8, 0, 0),
            ("6", "movement", "cashout", -50, 0, 0),
            ("7", "debt", "cash", 4.95, 0, 5),
            ("8", "debt", "debtpaid", -4.95, 0, 0),
            ("9", "paid out", "cashrefund", -3.3, 0, 0),
            ("10", "voucher", "voucher", 4.4, 0, 0),
            ("11", "voucher", "ccard", 4.4, 1, 0),
            ("12", "late", "cash", 8.8, 0, 8.8),
            ("13", "espresso 1", "cash", 1.23, 0, 2),
            ("14", "espresso 2", "cash", 1.23, 0, 2),
            ("15", "espresso 3", "cash", 1.23, 0, 2),
            ("16", "free", "free", 8.8, 0, 0),
            ("17", "short", "cash", 8, 0, 8),
        ],
    ),
}

ODOO: Receipts = {
    "account_journal": (
        "id type",
        [
            (1, "cash"),
            (2, "bank"),
        ],
    ),
    "pos_payment_method": (
        "id journal_id",
        [
            (1, 1),
            (2, 2),
            (3, None),
        ],
    ),
    "pos_config": (
        "id tip_product_id discount_product_id",
        [
            (5, 90, 91),
            (6, None, None),
        ],
    ),
    "pos_session": (
        "id config_id stop_at cash_register_balance_start cash_real_transaction"
        " cash_register_balance_end_real",
        [
            (50, 5, "2026-10-25 02:59", 100, -20, 79),
            (51, 5, "2026-10-26 01:00", 79, 0, 79),
            (60, 6, None, 0, 0, 0),
        ],
    ),
    "pos_order": (
        "id session_id config_id state date_order amount_total amount_tax amount_paid"
        " amount_return",
        [
            (1, 50, 5, "paid", "2026-10-24 17:00", "22.09", "1.14", "22.09", "7.91"),
            (2, 50, None, "done", "2026-10-24 18:00", "9.54", "0.54", "9.54", 0),
            (3, 50, 5, "invoiced", "2026-10-24 19:00", "4.44", "0.25", "4.44", 0),
            (4, 50, 5, "draft", "2026-10-24 19:10", 100, 0, 100, 0),
            (5, 50, 5, "cancel", "2026-10-24 19:20", 100, 0, 0, 0),
            (6, 50, 5, "paid", "2026-10-24 20:00", "-9.54", "-0.54", "-9.54", 0),
            (7, 50, 5, "paid", "2026-10-24 21:00", "7.22", "0.41", "7.22", 0),
            (8, 50, 5, "paid", "2026-10-24 22:00", "-12.72", "-0.72", "-12.72", 0),
            (9, 50, 5, "paid", "2026-10-25 02:59", "5.30", "0.30", "5.30", 0),  # 03:59 in winter
            (10, 51, 5, "paid", "2026-10-25 03:00", "1.18", "0.065", "1.18", 0),  # 04:00
            (11, 51, 5, "paid", "2026-10-25 18:00", 1, 0, 1, 0),
            (12, 60, 6, "paid", "2026-10-25 00:30", "8.50", "0.48", "8.48", 0),  # 02:30 in summer
        ],
    ),
    "pos_order_line": (
        "id order_id product_id qty price_subtotal price_subtotal_incl discount"
        " refunded_orderline_id combo_parent_id",
        [
            (11, 1, 1, 1, "9.950000000000001", "10.55", 0, None, None),
            (12, 1, 2, 1, "9.00", "9.54", 10, None, None),
            (13, 1, 90, 1, "2.00", "2.00", 0, None, None),
            (21, 2, 3, 1, 0, 0, 0, None, None),
            (22, 2, 4, 1, "6.00", "6.36", 0, None, 21),
            (23, 2, 5, 1, "4.00", "4.24", 0, None, 21),
            (24, 2, 91, 1, "-1.00", "-1.06", 0, None, None),
            (31, 3, 6, "0.350", "4.19", "4.44", 0, None, None),
            (41, 4, 1, 1, 100, 100, 0, None, None),
            (51, 5, 1, 1, 100, 100, 0, None, None),
            (61, 6, 2, -1, "-9.00", "-9.54", 10, 12, None),
            (71, 7, 5, -1, "-4.00", "-4.24", 0, 23, None),
            (72, 7, 6, "-0.350", "-4.19", "-4.44", 0, 31, None),
            (73, 7, 7, 1, "15.00", "15.90", 0, None, None),
            (81, 8, 7, -1, "-15.00", "-15.90", 0, 73, None),
            (82, 8, 8, 1, "3.00", "3.18", 0, None, None),
            (91, 9, 9, 1, "5.00", "5.30", 0, None, None),
            (101, 10, 9, 1, "1.115", "1.18", 0, None, None),
            (111, 11, 90, 1, "1.00", "1.00", 0, None, None),
            (121, 12, 1, 1, "8.00", "8.48", 0, None, None),
        ],
    ),
    "pos_payment": (
        "id pos_order_id payment_method_id amount is_change",
        [
            (1, 1, 1, 30, False),
            (2, 1, 1, "-7.91", True),
            (3, 2, 2, "9.54", False),
            (4, 3, 3, "4.44", False),
            (5, 4, 1, 100, False),
            (6, 6, 1, "-9.54", False),
            (7, 7, 2, "7.22", None),
            (8, 8, 1, "-12.72", False),
            (9, 9, 2, "5.30", False),
            (10, 10, 2, "1.18", False),
            (11, 11, 2, 1, False),
            (12, 12, 2, "8.48", False),
        ],
    ),
}

OSPOS: Receipts = {
    "ospos_sales": (
        "sale_id sale_time sale_status sale_type",
        [
            (1, "2026-10-31 19:00", 0, 0),
            (2, "2026-10-31 20:00", 0, 1),
            (3, "2026-10-31 21:00", 0, 4),
            (4, "2026-10-31 21:10", 0, 3),
            (5, "2026-10-31 21:20", 1, 0),
            (6, "2026-10-31 21:30", 2, 0),
            (7, "2026-10-31 22:00", 0, 4),
            (8, "2026-11-01 03:59", 0, 0),
            (9, "2026-11-01 02:30", 0, 0),
            (10, "2026-11-01 04:00", 0, 0),
            (11, "2026-10-31 18:00", 0, 0),
        ],
    ),
    "ospos_sales_items": (
        "sale_id item_id line quantity_purchased item_unit_price discount discount_type",
        [
            (1, 1, 1, 2, 8, 10, 0),
            (1, 2, 2, 2, "1.75", "0.50", 1),
            (1, 3, 3, 1, 0, 0, 0),
            (2, 4, 1, "0.350", "8.99", 0, 0),
            (3, 1, 1, -1, 8, 10, 0),
            (4, 1, 1, 1, 99, 0, 0),
            (5, 1, 1, 1, 99, 0, 0),
            (6, 1, 1, 1, 99, 0, 0),
            (7, 2, 1, -2, "1.75", "0.50", 1),
            (7, 1, 2, 1, 8, 0, 0),
            (8, 1, 1, 1, 8, 0, 0),
            (9, 1, 1, 1, 8, 0, 0),
            (10, 1, 1, 1, 8, 0, 0),
            (11, 1, 1, 1, 8, 0, 0),
        ],
    ),
    "ospos_sales_items_taxes": (
        "sale_id item_id line name percent item_tax_amount",
        [
            (1, 1, 1, "state", 6, "0.8640"),
            (1, 1, 1, "city", 2, "0.2880"),
            (1, 2, 2, "state", 8, "0.2000"),
            (2, 4, 1, "state", 8, "0.2520"),
            (3, 1, 1, "state", 8, "-0.5760"),
            (7, 2, 1, "state", 8, "-0.2000"),
            (7, 1, 2, "state", 8, "0.6400"),
            (8, 1, 1, "state", 8, "0.6400"),
            (9, 1, 1, "state", 8, "0.6400"),
            (10, 1, 1, "state", 8, "0.6400"),
            (11, 1, 1, "state", 8, "0.6400"),
        ],
    ),
    "ospos_sales_taxes": (
        "sales_taxes_id sale_id sale_tax_amount",
        [
            (1, 1, "1.35"),
            (2, 2, "0.25"),
            (3, 3, "-0.58"),
            (4, 4, 0),
            (5, 5, 0),
            (6, 6, 0),
            (7, 7, "0.44"),
            (8, 8, "0.64"),
            (9, 9, "0.64"),
            (10, 10, "0.64"),
            (11, 11, "0.64"),
        ],
    ),
    "ospos_sales_payments": (
        "payment_id sale_id payment_type payment_amount cash_refund payment_time",
        [
            (1, 1, "Cash", 20, "1.75", "2026-10-31 23:00"),
            (2, 2, "Due", "3.40", 0, "2026-11-01 00:00"),
            (3, 3, "Cash", "-7.78", 0, "2026-11-01 01:00"),
            (4, 4, "Cash", 99, 0, "2026-11-01 01:10"),
            (5, 5, "Cash", 99, 0, "2026-11-01 01:20"),
            (6, 6, "Cash", 99, 0, "2026-11-01 01:30"),
            (7, 7, "Credit Card", "5.94", 0, "2026-11-01 02:00"),
            # the clock has gone back at 06:00 UTC: 08:59 is 03:59 there, 09:00 is 04:00
            (8, 8, "Gift Card:17", 5, 0, "2026-11-01 08:59"),
            (9, 8, "Cash", 5, "1.36", "2026-11-01 08:59"),
            (10, 9, "Cash", "8.64", 0, "2026-11-01 07:30"),
            (11, 10, "Cash", "8.60", 0, "2026-11-01 09:00"),
            (12, 11, "Check", "8.64", 0, "2026-11-01 15:00"),
        ],
    ),
    "ospos_cash_up": (
        "cashup_id open_date close_date open_amount_cash transfer_amount_cash"
        " closed_amount_cash"
        " closed_amount_card closed_amount_check closed_amount_due closed_amount_total deleted",
        [
            (
                1,
                "2026-10-31 12:00",
                "2026-11-01 05:00",
                100,
                20,
                151,
                "5.94",
                0,
                "3.40",
                "40.34",
                0,
            ),
            (2, "2026-10-31 12:00", "2026-11-01 05:00", 0, 0, 0, 0, 0, 0, 0, 1),
            (3, "2026-11-01 06:00", None, 100, 0, 0, 0, 0, 0, 0, 0),
        ],
    ),
}
