(
    select case when pg_input_is_valid(plain, 'numeric') then cast(plain as numeric) end
    from (
        select replace(replace(replace(regexp_replace(
            replace(landed.{column}, dialect.currency_sign, ''),
            case
                when dialect.thousands_separator ~ '[[:space:]\u00a0\u202f]'
                    then '[[:space:]\u00a0\u202f]'
                else '^[[:space:]\u00a0\u202f]+|[[:space:]\u00a0\u202f]+$'
            end,
            '', 'g'), dialect.thousands_separator, ''),
            case when dialect.decimal_separator <> '.' then '.' else '' end, '?'),
            dialect.decimal_separator, '.') as plain
    ) as read
)
