-- What the publication says of itself: its time, its days, what was compared, what was held back.
select
    (
        select substring(
            obj_description(to_regnamespace('marts'), 'pg_namespace') from ', (.*)$'
        )
    ) as published_when,
    (select min(business_date) from marts.rpt_branch_days) as first_date,
    (select max(business_date) from marts.rpt_branch_days) as last_date,
    (
        select count(*) from marts.rpt_reconciliation
        where not is_open
    ) as compared_days,
    (
        select count(*) from marts.rpt_reconciliation
        where not is_open and is_equal
    ) as equal_days,
    (
        select count(*) from marts.rpt_branch_days as sold
        where
            sold.is_complete
            and exists (
                select 1 from marts.rpt_till_figures as figures
                where
                    figures.branch_id = sold.branch_id
                    and figures.business_date = sold.business_date
                    and figures.figure <> 'payments of the orders'
                    and not figures.is_equal
            )
    ) as differing_days,
    (
        select count(*) from marts.rpt_branch_days
        where is_complete
    ) as closed_days,
    (
        select count(*) from marts.rpt_branch_days
        where is_complete and is_proven
    ) as proven_days,
    (select sum(records_in_quarantine) from marts.rpt_data_quality) as held_records,
    (select sum(records) from marts.rpt_data_quality) as records
