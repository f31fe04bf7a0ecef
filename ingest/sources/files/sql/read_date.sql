(
    select case when pg_input_is_valid(plain, 'date') then cast(plain as date) end
    from (
        select
            substr(landed.{column}, strpos(dialect.date_format, 'YYYY'), 4)
            || '-' || substr(landed.{column}, strpos(dialect.date_format, 'MM'), 2)
            || '-' || substr(landed.{column}, strpos(dialect.date_format, 'DD'), 2) as plain
    ) as read
)
