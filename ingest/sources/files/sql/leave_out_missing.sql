-- What a line of totals does not say, as it is empty or n/a, is not 0: it is not compared.
delete from day_figures
where
    (business_date, figure) in (
        select
            {day},
            figures.figure
        from (select * from raw_files._feeds where feed = {feed}) as dialect
        cross join {table} as landed
        cross join lateral (values {pairs}) as figures (figure, written)
        where
            landed.branch_id = {branch}
            and landed._deleted_at is null
            and landed._reject is null
            and coalesce(figures.written, '') !~ '[0-9]'
    )
