(
    select case when pg_input_is_valid(plain, 'time') then cast(plain as time) end
    from (
        select
            -- letters behind it, as of a clock with PM, make it no time
            case
                when upper(substr(padded, length(format) + 1))
                    = lower(substr(padded, length(format) + 1))
                    then substr(padded, strpos(format, 'HH'), 2)
            end
            || ':' || substr(padded, strpos(format, 'MI'), 2)
            || ':' || case
                when strpos(format, 'SS') > 0 then substr(padded, strpos(format, 'SS'), 2) else '00'
            end as plain
        from (
            select
                format,
                case
                    when format like 'HH%%' and length(landed.{column}) = length(format) - 1
                        then '0' || landed.{column}
                    else landed.{column}
                end as padded
            from (select replace(dialect.time_format, 'HH24', 'HH') as format) as written
        ) as widened
    ) as read
)
