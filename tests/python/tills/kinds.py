"""How many cases of each kind a till's tables hold, and how many receipts are not paid exactly."""

from __future__ import annotations

UNICENTA = {
    "refunds that name their sale": (
        "select count(*) from tickets as r inner join tickets as s on r.status = s.ticketid"
        " where r.tickettype = 1 and s.tickettype = 0 and s.status = r.ticketid"
    ),
    "refunds paid back by card": "select count(*) from payments where payment = 'ccardrefund'",
    "exchanges": (
        "select count(distinct t.id) from tickets as t inner join ticketlines as l"
        " on t.id = l.ticket where t.tickettype = 0 and l.units < 0"
    ),
    "numbers of deleted tickets": (
        "select max(ticketid) - count(distinct ticketid) from tickets where tickettype = 0"
    ),
    "struck lines": "select count(*) from lineremoved",
    "goods that came back by an edit": (
        "select count(*) from stockdiary as d inner join receipts as r on d.datenew = r.datenew"
        " inner join tickets as t on r.id = t.id where d.reason = 2 and t.tickettype = 0"
        " and not exists (select 1 from ticketlines as l where l.ticket = t.id and l.units < 0)"
    ),
    "discounts as a line": (
        "select count(*) from ticketlines where product is null and price < 0"
    ),
    "lower prices": (
        "select count(*) from ticketlines as l inner join products as p on l.product = p.id"
        " where l.price < p.pricesell * 0.95"
    ),
    "lines without product": (
        "select count(*) from ticketlines where product is null and price > 0"
    ),
    "payments of debts": "select count(*) from tickets where tickettype = 2",
    "movements of cash": (
        "select count(*) from receipts where id not in (select id from tickets)"
    ),
    "parts of a unit": "select count(*) from ticketlines where units <> floor(units)",
    "modifiers": (
        "select count(*) from ticketlines as l inner join products as p on l.product = p.id"
        " where substring(p.name, 1, 1) = '*'"
    ),
    "change given": "select count(*) from payments where tendered > total + 0.01",
    "several payments of a sale": (
        "select count(*) from (select receipt from payments where total > 0 group by receipt"
        " having count(*) > 1) as split"
    ),
    "exempt goods of another rate": (
        "select count(*) from ticketlines as l inner join products as p on l.product = p.id"
        " where l.taxid = '000' and p.taxcat <> '000'"
    ),
    "tickets of several rates": (
        "select count(*) from (select receipt from taxlines group by receipt"
        " having count(*) > 1) as rates"
    ),
    "taxes that were never rounded": (
        "select count(*) from taxlines where abs(amount * 100 - round(amount * 100)) > 0.001"
    ),
    "closings that cross midnight": (
        "select count(*) from closedcash where cast(dateend as date) > cast(datestart as date)"
    ),
    "late sales": (
        "select count(*) from receipts where extract(hour from datenew) < 4"
    ),
    "the night of the clock change": (
        "select count(*) from receipts where datenew between '2025-10-26 02:00' and"
        " '2025-10-26 03:00'"
    ),
    "customers of one name": (
        "select count(*) from (select name from customers group by name having count(*) > 1) as n"
    ),
    "a shared dish": "select count(*) from products where name = 'Margherita'",
} | {
    way: f"select count(*) from payments where payment = '{way}'"
    for way in (
        *("cash", "ccard", "bank", "voucher", "debt", "free", "cashin", "cashout"),
        *("cashrefund", "debtpaid"),
    )
}  # fmt: skip

UNICENTA_NOT_PAID = (
    "select count(*) from (select t.id,"
    " (select coalesce(sum(l.units * l.price), 0) from ticketlines as l where l.ticket = t.id)"
    " + (select coalesce(sum(x.amount), 0) from taxlines as x where x.receipt = t.id) as due,"
    " (select sum(p.total) from payments as p where p.receipt = t.id) as paid"
    " from tickets as t) as receipt where abs(due - paid) > 0.000001 or paid is null"
)

ODOO = {
    "refunds": (
        "select count(*) from pos_order_line where qty < 0 and refunded_orderline_id is not null"
    ),
    "receipts that give back several orders and sell": (
        "select count(*) from (select l.order_id from pos_order_line as l left join pos_order_line"
        " as s on l.refunded_orderline_id = s.id group by l.order_id"
        " having count(distinct s.order_id) > 1 and max(l.qty) > 0) as mixed"
    ),
    "exchanges": (
        "select count(*) from pos_order_line where qty < 0 and refunded_orderline_id is null"
    ),
    "discounts per line": "select count(*) from pos_order_line where discount between 1 and 99",
    "free items": "select count(*) from pos_order_line where discount = 100",
    "discounts as a product": (
        "select count(*) from pos_order_line as l inner join pos_config as c"
        " on l.product_id = c.discount_product_id and c.id = 1 where l.price_unit < 0"
    ),
    "tips": (
        "select count(*) from pos_order_line as l inner join pos_config as c"
        " on l.product_id = c.tip_product_id and c.id = 1"
    ),
    "change given": "select count(*) from pos_payment where is_change and amount < 0",
    "the customer's account": (
        "select count(*) from pos_payment as p inner join pos_payment_method as m"
        " on p.payment_method_id = m.id where m.journal_id is null and p.amount > 0"
    ),
    "payments of debts": (
        "select count(*) from pos_order where id not in (select order_id from pos_order_line)"
    ),
    "gift cards sold": (
        "select count(*) from pos_order_line where full_product_name = 'Gift Card'"
    ),
    "parts of a unit": "select count(*) from pos_order_line where qty <> floor(qty)",
    "combos": "select count(*) from pos_order_line where combo_parent_id is not null",
    "variants": "select count(*) from pos_order_line where full_product_name = 'Focaccia (L)'",
    "extras": "select count(*) from pos_order_line where price_extra > 0",
    "lines of two rates": (
        "select count(*) from (select pos_order_line_id from account_tax_pos_order_line_rel"
        " group by pos_order_line_id having count(*) > 1) as twice"
    ),
    "lines without tax": "select count(*) from pos_order where fiscal_position_id is not null",
    "orders without shop": "select count(*) from pos_order where config_id is null",
    "float noise": "select count(*) from pos_order where amount_total <> round(amount_total, 2)",
    "names in two languages": (
        "select count(*) from product_template where name ->> 'nl_NL' <> name ->> 'en_US'"
    ),
    "tax within prices": "select count(*) from pos_order where company_id = 1",
    "tax on top": "select count(*) from pos_order where company_id = 2",
    "sessions that cross midnight": (
        "select count(*) from pos_session where stop_at::date > start_at::date"
    ),
    "late sales": (
        "select count(*) from pos_order where config_id = 1 and extract(hour from date_order at"
        " time zone 'UTC' at time zone 'Europe/Amsterdam') < 4"
    ),
    "the night of the clock change": (
        "select count(*) from pos_order where date_order between '2025-10-26 00:00' and"
        " '2025-10-26 02:00'"
    ),
    "a shared dish": (
        "select count(*) from product_template where name ->> 'en_US' = 'Margherita'"
    ),
    "open sessions": "select count(*) from pos_session where state = 'opened'",
} | {
    state: f"select count(*) from pos_order where state = '{state}'"
    for state in ("draft", "cancel", "paid", "done", "invoiced")
}  # fmt: skip

ODOO_NOT_PAID = (
    "select count(*) from pos_order as o where abs(o.amount_total - (select"
    " coalesce(sum(l.price_subtotal_incl), 0) from pos_order_line as l where l.order_id = o.id))"
    " > 0.000001 or abs(o.amount_tax - (select"
    " coalesce(sum(l.price_subtotal_incl - l.price_subtotal), 0) from pos_order_line as l"
    " where l.order_id = o.id)) > 0.000001 or o.state not in ('draft', 'cancel') and"
    " (abs(o.amount_total - o.amount_paid) > 0.000001 or abs(o.amount_paid - (select"
    " coalesce(sum(p.amount), 0) from pos_payment as p where p.pos_order_id = o.id)) > 0.000001)"
)

OSPOS = {
    "returns": (
        "select count(*) from ospos_sales_items as i inner join ospos_sales as s"
        " on i.sale_id = s.sale_id where s.sale_type = 4 and i.quantity_purchased < 0"
    ),
    "exchanges": (
        "select count(*) from ospos_sales_items as i inner join ospos_sales as s"
        " on i.sale_id = s.sale_id where s.sale_type = 0 and i.quantity_purchased < 0"
    ),
    "discounts in percent": (
        "select count(*) from ospos_sales_items where discount_type = 0 and discount > 0"
    ),
    "amounts off several units": (
        "select count(*) from ospos_sales_items where discount_type = 1 and quantity_purchased > 1"
    ),
    "suspended sales": "select count(*) from ospos_sales where sale_status = 1 and sale_type = 0",
    "cancelled sales": "select count(*) from ospos_sales where sale_status = 2",
    "invoices": "select count(*) from ospos_sales where invoice_number is not null",
    "work orders": "select count(*) from ospos_sales where sale_type = 2 and sale_status = 1",
    "work orders that are paid": (
        "select count(*) from ospos_sales where sale_type = 2 and sale_status = 0"
    ),
    "quotes": "select count(*) from ospos_sales where sale_type = 3",
    "gift cards sold": "select count(*) - 2 from ospos_giftcards",
    "change given": "select count(*) from ospos_sales_payments where cash_refund > 0",
    "parts of a unit": (
        "select count(*) from ospos_sales_items"
        " where quantity_purchased <> floor(quantity_purchased)"
    ),
    "kits": (
        "select count(*) from ospos_sales_items as i inner join ospos_items as k"
        " on i.item_id = k.item_id where k.item_type = 1"
    ),
    "items of a kit": "select count(*) from ospos_sales_items where item_unit_price = 0",
    "one item in two lines": (
        "select count(*) from (select sale_id from ospos_sales_items"
        " group by sale_id, item_id having count(*) > 1) as twice"
    ),
    "lines of two rates": (
        "select count(*) from (select sale_id from ospos_sales_items_taxes"
        " group by sale_id, item_id, line having count(*) > 1) as twice"
    ),
    "sales without tax": (
        "select count(*) from ospos_sales where sale_id not in"
        " (select sale_id from ospos_sales_taxes)"
    ),
    "two clocks": (
        "select count(*) from ospos_sales as s inner join ospos_sales_payments as p"
        " on s.sale_id = p.sale_id where p.payment_time - interval 4 hour = s.sale_time"
    ),
    "cash-ups that cross midnight": (
        "select count(*) from ospos_cash_up where date(close_date) > date(open_date)"
    ),
    "movements of cash": "select count(*) from ospos_cash_up where transfer_amount_cash <> 0",
    "late sales": "select count(*) from ospos_sales where hour(sale_time) < 4",
    "the night of the clock change": (
        "select count(*) from ospos_sales where sale_time between '2025-11-02 01:00' and"
        " '2025-11-02 02:00'"
    ),
    "people of one name": (
        "select count(*) from (select first_name from ospos_people"
        " group by first_name, last_name having count(*) > 1) as n"
    ),
    "a shared dish": "select count(*) from ospos_items where name = 'Margherita'",
} | {
    way: f"select count(*) from ospos_sales_payments where payment_type like '{way}'"
    for way in (
        *("Cash", "Credit Card", "Debit Card", "Check", "Due", "Gift Card:17", "Reward Points"),
        "%Crédito",
    )
}  # fmt: skip

OSPOS_NOT_PAID = (
    "select count(*) from (select s.sale_id,"
    " (select coalesce(sum(round(i.quantity_purchased * i.item_unit_price, 2)"
    " - round(case i.discount_type when 1 then i.quantity_purchased * i.discount"
    " else i.quantity_purchased * i.item_unit_price * i.discount / 100 end"
    ", 2)), 0) from ospos_sales_items as i where i.sale_id = s.sale_id)"
    " + (select coalesce(sum(x.sale_tax_amount), 0) from ospos_sales_taxes as x"
    " where x.sale_id = s.sale_id) as due, (select sum(p.payment_amount - p.cash_refund)"
    " from ospos_sales_payments as p where p.sale_id = s.sale_id) as paid"
    " from ospos_sales as s where s.sale_status = 0 and s.sale_type <> 3) as sale"
    " where due <> paid or paid is null"
)

SPOILT = {
    ("unicenta", "zero_date"): (
        "select count(*) from receipts where cast(datenew as char) like '0000%'"
    ),
    ("unicenta", "orphan"): (
        "select count(*) from ticketlines where ticket not in (select id from tickets)"
    ),
    ("unicenta", "unknown_payment"): (
        "select count(*) from payments where payment = 'seashells'"
    ),
    ("unicenta", "wrong_payment"): UNICENTA_NOT_PAID,
    ("unicenta", "null"): "select count(*) from ticketlines where units is null",
    ("odoo", "endless_date"): "select count(*) from pos_order where date_order = 'infinity'",
    ("odoo", "orphan"): (
        "select count(*) from pos_order_line where order_id not in (select id from pos_order)"
    ),
    ("odoo", "unknown_payment"): (
        "select count(*) from pos_payment as p inner join pos_payment_method as m"
        " on p.payment_method_id = m.id where m.name ->> 'en_US' = 'Seashells'"
    ),
    ("odoo", "wrong_payment"): ODOO_NOT_PAID,
    ("odoo", "null"): "select count(*) from pos_order_line where qty is null",
    ("ospos", "zero_date"): (
        "select count(*) from ospos_sales where cast(sale_time as char) like '0000%'"
    ),
    ("ospos", "orphan"): (
        "select count(*) from ospos_sales_items where sale_id not in"
        " (select sale_id from ospos_sales)"
    ),
    ("ospos", "unknown_payment"): (
        "select count(*) from ospos_sales_payments where payment_type = 'Seashells'"
    ),
    ("ospos", "wrong_payment"): OSPOS_NOT_PAID,
    ("ospos", "null"): (
        "select count(*) from ospos_sales_items where quantity_purchased is null"
    ),
}  # fmt: skip
"""What each crooked function leaves behind, none of which a sound till has."""
