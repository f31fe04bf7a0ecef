insert into raw_files._feeds as known (
    feed,
    branch_id,
    format,
    encoding,
    delimiter,
    decimal_separator,
    thousands_separator,
    currency_sign,
    date_format,
    time_format,
    negative_quantity,
    quantity_decimal_separator
)
values (
    %(name)s,
    %(branch)s,
    %(format)s,
    %(encoding)s,
    %(delimiter)s,
    %(decimal_separator)s,
    %(thousands_separator)s,
    %(currency_sign)s,
    %(date_format)s,
    %(time_format)s,
    %(negative_quantity)s,
    %(quantity_decimal_separator)s
)
on conflict (feed) do update
    set
        branch_id = excluded.branch_id,
        format = excluded.format,
        encoding = excluded.encoding,
        delimiter = excluded.delimiter,
        decimal_separator = excluded.decimal_separator,
        thousands_separator = excluded.thousands_separator,
        currency_sign = excluded.currency_sign,
        date_format = excluded.date_format,
        time_format = excluded.time_format,
        negative_quantity = excluded.negative_quantity,
        quantity_decimal_separator = excluded.quantity_decimal_separator
    where known is distinct from excluded
returning xmax <> 0 as was_known
