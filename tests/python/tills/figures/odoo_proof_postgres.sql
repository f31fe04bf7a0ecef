-- Odoo 17's point of sale on Postgres: what proves a mapping, independent of the day figures: what
-- the till wrote onto orders and sessions against its lines and payments, per session.
-- Placeholders, each with a colon before it below:
--
-- places  decimal places of the branch's currency (integer): 2
--
-- `difference` is recorded less recomputed, null for the cash of a session that is still open.
--
-- Where the facts leave a doubt:
-- - `amount_paid` is less the change, and `amount_return` is the change as a positive amount;
-- - `cash_real_transaction` is the cash that was moved in (plus) and out (minus) without an order;
-- - where the shop rounds cash, `amount_total` and payments differ by what was rounded.
with

-- Branch: the session's shop. The till's own closing: a session.
-- Drafts and cancelled orders are left out.
orders_of_trade as (
    select
        pos_order.id as order_id,
        pos_order.session_id,
        pos_order.amount_total,
        pos_order.amount_tax,
        pos_order.amount_paid,
        pos_order.amount_return
    from pos_order
    where pos_order.state in ('paid', 'done', 'invoiced')
),

-- `amount_total` and `amount_tax` are of all lines, the tip's among them.
line_sums as (
    select
        order_id,
        sum(price_subtotal_incl) as total,
        sum(price_subtotal_incl - price_subtotal) as tax
    from pos_order_line
    group by order_id
),

-- Ways of paying: a method is cash where its journal is. Change is a minus payment, which
-- `amount_paid` has deducted and `amount_return` names as a positive amount.
payment_sums as (
    select
        pos_payment.pos_order_id as order_id,
        sum(pos_payment.amount) as paid,
        -sum(pos_payment.amount) filter (where pos_payment.is_change) as change_given,
        sum(pos_payment.amount) filter (where account_journal.type = 'cash') as cash
    from pos_payment
    inner join pos_payment_method on pos_payment.payment_method_id = pos_payment_method.id
    left join account_journal on pos_payment_method.journal_id = account_journal.id
    group by pos_payment.pos_order_id
),

session_sums as (
    select
        orders_of_trade.session_id,
        sum(orders_of_trade.amount_total) as amount_total,
        sum(orders_of_trade.amount_tax) as amount_tax,
        sum(orders_of_trade.amount_paid) as amount_paid,
        sum(orders_of_trade.amount_return) as amount_return,
        sum(line_sums.total) as line_total,
        sum(line_sums.tax) as line_tax,
        sum(payment_sums.paid) as paid,
        sum(payment_sums.change_given) as change_given,
        sum(payment_sums.cash) as cash
    from orders_of_trade
    left join line_sums on orders_of_trade.order_id = line_sums.order_id
    left join payment_sums on orders_of_trade.order_id = payment_sums.order_id
    group by orders_of_trade.session_id
),

-- A session's cash: counted at its end; opened with, paid, and moved in or out without an order.
compared as (
    select
        pos_session.config_id as branch,
        pos_session.id as closing,
        sides.figure,
        sides.recorded,
        sides.recomputed
    from pos_session
    left join session_sums on pos_session.id = session_sums.session_id
    cross join lateral (
        values
        (
            'amount_total against lines',
            coalesce(session_sums.amount_total, 0),
            coalesce(session_sums.line_total, 0)
        ),
        (
            'amount_tax against lines',
            coalesce(session_sums.amount_tax, 0),
            coalesce(session_sums.line_tax, 0)
        ),
        (
            'amount_paid against payments',
            coalesce(session_sums.amount_paid, 0),
            coalesce(session_sums.paid, 0)
        ),
        (
            'amount_total against payments',
            coalesce(session_sums.amount_total, 0),
            coalesce(session_sums.paid, 0)
        ),
        (
            'amount_return against change',
            coalesce(session_sums.amount_return, 0),
            coalesce(session_sums.change_given, 0)
        ),
        (
            'counted cash against opening and payments',
            case
                when pos_session.stop_at is not null
                    then pos_session.cash_register_balance_end_real
            end,
            coalesce(pos_session.cash_register_balance_start, 0)
            + coalesce(session_sums.cash, 0)
            + coalesce(pos_session.cash_real_transaction, 0)
        )
    ) as sides (figure, recorded, recomputed)
),

final as (
    select
        branch,
        closing,
        figure,
        round(cast(recorded as numeric(30, 8)), :places) as recorded,
        round(cast(recomputed as numeric(30, 8)), :places) as recomputed,
        round(cast(recorded - recomputed as numeric(30, 8)), :places) as difference
    from compared
)

select * from final
