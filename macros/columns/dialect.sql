{#- How a feed writes numbers and days, as .dlt/config.toml says and raw_files._feeds holds. -#}

{#- A number as text with a point, as any engine reads it. What separates thousands is taken out only
    where it does: '1.0' and '1 5' are no numbers of a feed that writes 1.000,00 or 1 000. Nor does a
    point stand where the feed writes a comma. Below 0 are -5, - 5, 5- and, as accountants write it, (5).

    Args:
        value: SQL of the text; the query knows the feed's row of `stg_exports__feeds` as `dialect`.
        decimal: SQL of the decimal separator.
        pattern: SQL of `number_pattern`, where the query has it already.
        is_plain_text: whether the text went through `plain_signs` already. -#}
{% macro number_in_dialect(
    value, decimal="dialect.decimal_separator", pattern=none, is_plain_text=false
) -%}
    {%- set bare = "trim(both " ~ blanks() ~ " from replace(" ~ value
        ~ ", dialect.currency_sign, ''))" -%}
    {%- if is_plain_text -%}
        {{ number_with_point(bare, decimal, pattern) }}
    {%- else -%}
        {{ adapter.dispatch("of_plain_text")(bare, number_with_point("plain.text", decimal, pattern)) }}
    {%- endif -%}
{%- endmacro %}

{#- The same of a number whose signs are plain ones, without what stands around it. -#}
{% macro number_with_point(bare, decimal, pattern) -%}
    {%- set amount = "case when " ~ bare ~ " like '(%)' then " ~ below_zero(bare, 2, 2)
        ~ " when " ~ bare ~ " like '-%' then " ~ below_zero(bare, 2, 1)
        ~ " when " ~ bare ~ " like '%-' and " ~ bare ~ " not like '%,-' and " ~ bare
        ~ " not like '%.-' then " ~ below_zero(bare, 1, 1) ~ " else " ~ bare ~ " end" -%}
    {#- most are above 0 -#}
    {%- set amount = "case when " ~ bare ~ " like '%-%' or " ~ bare ~ " like '%(%' then " ~ amount
        ~ " else " ~ bare ~ " end" -%}
    {%- set plain = "translate(" ~ amount ~ ", " ~ thousands_separators(decimal) ~ ", '')" -%}
    {%- set written = "replace(replace(case when " ~ plain ~ " = " ~ amount ~ " then " ~ amount
        ~ " when " ~ adapter.dispatch("matches")(amount, pattern or number_pattern(decimal))
        ~ " then " ~ plain ~ " else " ~ amount ~ " end, case when " ~ decimal
        ~ " <> '.' then '.' else '' end, '?'), " ~ decimal ~ ", '.')" -%}
    {#- 1e3, 0x10 and nan are numbers to a warehouse; a computer writes 1e-05 for almost nothing -#}
    replace(
        translate(
            replace(replace({{ written }}, '~', '?'), 'e-', '~'),
            'eEnNiIxXoObB_', '?????????????'
        ),
        '~', 'e-'
    )
{%- endmacro %}

{#- What is read of a text once its signs are plain, which is worked out once. In most texts they are:
    none is more than a byte.

    Args:
        text: SQL of the text.
        read: SQL of what is read of `plain.text`.
        numbered: SQL of what is made of `plain.text` first; it is then read as `numbered.text`. -#}
{% macro default__of_plain_text(text, read, numbered=none) -%}
    {%- set plain = "(select " ~ plain_signs(text) ~ " as text) as plain" -%}
    {%- if numbered -%}
    {%- set plain = "(select " ~ numbered ~ " as text from " ~ plain ~ ") as numbered" -%}
    {%- endif -%}
    (select {{ read }} from {{ plain }})
{%- endmacro %}

{% macro postgres__of_plain_text(text, read, numbered=none) -%}
    (
        select {{ read }}
        from (
            select
                case
                    when octet_length({{ text }}) = length({{ text }}) then {{ text }}
                    else {{ plain_signs(text) }}
                end as text
            offset 0
        ) as plain
        {%- if numbered %}
        cross join lateral (select {{ numbered }} as text offset 0) as numbered
        {%- endif %}
    )
{%- endmacro %}

{#- A text with plain signs: the minus of typographers, apostrophes, and the full width of East Asia. -#}
{% macro plain_signs(text) -%}
    translate(
        {{ text }},
        '−–—‐‑‒﹣－’‘ʼ´′＇０１２３４５６７８９．，（）＋／：',
        '--------''''''''''''0123456789.,()+/:'
    )
{%- endmacro %}

{#- A number below 0 with its sign before it.

    Args:
        number: SQL of the text.
        start: where its digits begin.
        signs: how many characters are no digits. -#}
{% macro below_zero(number, start, signs) -%}
    {{ return(dbt.concat(["'-'", "trim(both " ~ blanks() ~ " from substring(" ~ number ~ ", "
        ~ start ~ ", length(" ~ number ~ ") - " ~ signs ~ "))"])) }}
{%- endmacro %}

{#- The pattern of a number whose thousands are separated: groups of three digits before the decimal
    separator, where those before the last may have two, as in India. No number begins with 0 and has
    groups: 0.385 is a weight.

    Args:
        decimal: SQL of the decimal separator. -#}
{% macro number_pattern(decimal="dialect.decimal_separator") -%}
    {%- set separator = dbt.concat(["'['", thousands_separators(decimal), "']'"]) -%}
    {{ return(dbt.concat([
        "'^[-+]? ?([0-9]+|[1-9][0-9]{0,2}('", separator, "'[0-9]{2,3})*'", separator,
        "'[0-9]{3})(['", decimal, "'][0-9]*)?$'",
    ])) }}
{%- endmacro %}

{#- The characters that separate thousands: any blank, where it is a blank. -#}
{% macro thousands_separators(decimal) -%}
    {{ return(
        "case when dialect.thousands_separator = " ~ decimal ~ " then ''"
        ~ " when translate(dialect.thousands_separator, " ~ blanks()
        ~ ", '') <> dialect.thousands_separator then " ~ blanks()
        ~ " else dialect.thousands_separator end"
    ) }}
{%- endmacro %}

{#- The decimal separator of quantities: some tills write them in another way than prices. -#}
{% macro quantity_decimal() -%}
    {{ return("coalesce(dialect.quantity_decimal_separator, dialect.decimal_separator)") }}
{%- endmacro %}

{#- A quantity as text with a point.

    Args:
        value: as for `number_in_dialect`.
        pattern: SQL of `number_pattern(quantity_decimal())`, where the query has it already. -#}
{% macro quantity_in_dialect(value, pattern=none) -%}
    {{ number_in_dialect(value, quantity_decimal(), pattern) }}
{%- endmacro %}

{#- The pattern of days in the dialect's format: day and month may have one digit, the month a name, and
    a time may follow. -#}
{% macro date_pattern() -%}
    {%- set digits = "case when translate(dialect.date_format, 'YMD', '') = '' then '([0-9]{2})'"
        ~ " else '([0-9]{1,2})' end" -%}
    {{ return(dbt.concat([
        "'^ *'",
        replaced("dialect.date_format", [
            ("'.'", "'[.]'"), ("'YYYY'", "'([0-9]{4})'"), ("'YY'", "'([0-9]{2})'"),
            ("'MM'", digits), ("'DD'", digits), ("'MON'", dbt.concat([digits, "'[.]?'"])),
        ]),
        "'(?:[ T,]+[0-9]{1,2}[:.h]?[0-9]{2}(?:[:.,]?[0-9]+)*"
            ~ "(?:[ \u00a0\u2009\u202f]*[AaPp][. \u00a0\u2009\u202f]*[Mm][.]?)?"
            ~ "(?: *(?:Z|[-+][0-9:]+|[A-Z][A-Za-z]{1,3}[A-Z]))?)?[ ,]*$'",
    ])) }}
{%- endmacro %}

{#- A text whose month is a number, where the dialect writes its name (MON), whole or short, with accents
    or without: in English, German, French, Spanish, Italian, Portuguese or Dutch.

    Args:
        text: SQL of the text. -#}
{% macro with_month_number(text) -%}
    {%- set names = "jan(?:uary?|uari|ner|vier|v|eiro)?|ene(?:ro)?|gen(?:naio)?"
        ~ "|feb(?:ruary?|ruari|rero|braio)?|fevr?|fevrier|fevereiro"
        ~ "|mar(?:ch|z|s|zo|co)?|mrz|maerz|maart|mrt|apr(?:il|ile)?|avr(?:il)?|abr(?:il)?"
        ~ "|mayo?|maio?|mei|mag(?:gio)?|jun(?:e|i|io|ho)?|juin|giu(?:gno)?"
        ~ "|jul(?:y|i|io|ho)?|juil(?:let)?|lug(?:lio)?|aug(?:ust|ustus)?|aout|ago(?:sto)?"
        ~ "|sep(?:t|tember|tembre|tiembre)?|set(?:tembre|embro|iembre)?"
        ~ "|o[ck]t(?:ober|obre|ubre)?|ott(?:obre)?|out(?:ubro)?|nov(?:ember|embre|iembre|embro)?"
        ~ "|de[cz](?:ember|embre|embro)?|dic(?:embre|iembre)?" -%}
    {#- by the letters with which the names of a month begin -#}
    {%- set begun = "jan=01 ene=01 gen=01 feb=02 fev=02 mar=03 mrz=03 mae=03 maa=03 mrt=03 apr=04 avr=04"
        ~ " abr=04 may=05 mai=05 mei=05 mag=05 jun=06 juin=06 giu=06 jul=07 juil=07 lug=07 aug=08 aou=08"
        ~ " ago=08 sep=09 set=09 oct=10 okt=10 ott=10 out=10 nov=11 dec=12 dez=12 dic=12 " -%}
    {%- set plain = "translate(" ~ text ~ ", 'äéûçÄÉÛÇ', 'aeucAEUC')" -%}
    {%- set word = "lower(regexp_substr(" ~ plain ~ ", '[Jj][Uu][Ii][NnLl]|[A-Za-z]{3}'))" -%}
    case
        when {{ dbt.position("'MON'", "dialect.date_format") }} > 0
            then regexp_replace(
                {{ plain }},
                '(?i)(^|[^a-z])(?:{{ names }})([^a-z]|$)',
                {{ dbt.concat([
                    adapter.dispatch("group_sign")(), "'1'",
                    "split_part(split_part('" ~ begun ~ "', " ~ dbt.concat([word, "'='"]) ~ ", 2), ' ', 1)",
                    adapter.dispatch("group_sign")(), "'2'",
                ]) }}
            )
        else {{ text }}
    end
{%- endmacro %}

{#- A day as text, year first; null where the value is not written in the dialect's format.

    Args:
        value: SQL of the text.
        pattern: SQL of `date_pattern`, where the query has it already. -#}
{% macro date_in_dialect(value, pattern=none, is_plain_text=false) -%}
    {%- set format = "dialect.date_format" -%}
    {%- set century = "case when " ~ dbt.position("'YYYY'", format) ~ " = 0 then '20' else '' end" -%}
    {#- M is MM or MON -#}
    {%- set parts = [
        century, group_of("YY", format, ["M", "DD"]), "'-'",
        group_of("M", format, ["YY", "DD"]), "'-'", group_of("DD", format, ["YY", "M"]),
    ] -%}
    {%- set rewritten, pattern = adapter.dispatch("rewritten"), pattern or date_pattern() -%}
    {%- if is_plain_text -%}
        {{ rewritten(with_month_number(value), pattern, parts) }}
    {%- else -%}
        {{ adapter.dispatch("of_plain_text")(
            value, rewritten("numbered.text", pattern, parts), with_month_number("plain.text")
        ) }}
    {%- endif -%}
{%- endmacro %}

{#- The pattern of times of day in the dialect's format: HH24 or HH12, MI, SS, AM for the half of the
    day, OF for the offset, TZ for a zone's abbreviation. The hour may have one digit, and a day may
    precede. -#}
{% macro time_pattern() -%}
    {%- set format = "replace(replace(dialect.time_format, 'HH24', 'HH'), 'HH12', 'HH')" -%}
    {%- set has_halves = dbt.position("'AM'", format) ~ " > 0" -%}
    {%- set has_seconds = dbt.position("'SS'", format) ~ " > 0" -%}
    {%- set fraction, sign = "(?:[.,][0-9]+)?", "[^0-9:A-Za-z]" -%}
    {%- set letters = "[A-Za-zäéûçÄÉÛÇ]{3,10}" -%}
    {%- set name = sign ~ "*" ~ letters ~ sign ~ "*" -%}
    {{ return(dbt.concat([
        "'^ *(?:(?:[0-9]{1,4}" ~ sign ~ "+[0-9]{1,2}" ~ sign ~ "+[0-9]{1,4}|[0-9]{1,2}" ~ name
            ~ "[0-9]{2,4}|[0-9]{4}" ~ name ~ "[0-9]{1,2}|" ~ name ~ "[0-9]{1,2}" ~ sign
            ~ "+[0-9]{2,4})[^0-9:]+)?'",
        replaced(format, [
            ("'.'", "'[.]'"), ("'YYYY'", "'[0-9]{4}'"), ("'MM'", "'[0-9]{1,2}'"),
            ("'DD'", "'[0-9]{1,2}'"), ("'MON'", "'" ~ letters ~ "[.]?'"), ("' AM'", "'[ \u00a0\u2009\u202f]*AM'"),
            ("'AM'", "'([AaPp])[. \u00a0\u2009\u202f]*[Mm][.]?'"),
            ("'HH'", "case when " ~ has_halves ~ " then '(0?[1-9]|1[0-2])' else '([0-9]{1,2})' end"),
            ("'MI'", "case when " ~ has_seconds ~ " then '([0-9]{2})' else '([0-9]{2})(?::[0-5][0-9]"
                ~ fraction ~ ")?' end"),
            ("':SS'", "'(:[0-5][0-9])?" ~ fraction ~ "'"), ("'SS'", "'([0-5][0-9])" ~ fraction ~ "'"),
            ("'OF'", "' *(?:Z|[-+][0-9]{2}:?(?:[0-9]{2})?)'"),
            ("' TZ'", "'TZ'"), ("'TZ'", "' *[A-Za-z]{2,5}'"),
        ]),
        "' *$'",
    ])) }}
{%- endmacro %}

{#- A time of day as text, hours first, on a clock of 24 hours; null where the value is not written in
    the dialect's format.

    Args:
        value: SQL of the text.
        pattern: SQL of `time_pattern`, where the query has it already. -#}
{% macro time_in_dialect(value, pattern=none, is_plain_text=false) -%}
    {%- set pattern = pattern or time_pattern() -%}
    {%- if is_plain_text -%}
        {{ plain_time(value, pattern) }}
    {%- else -%}
        {{ adapter.dispatch("of_plain_text")(value, plain_time("plain.text", pattern)) }}
    {%- endif -%}
{%- endmacro %}

{#- The same of a time whose signs are plain ones. -#}
{% macro plain_time(value, pattern) -%}
    {%- set format = "replace(replace(dialect.time_format, 'HH24', 'HH'), 'HH12', 'HH')" -%}
    {%- set hour = group_of("HH", format, ["AM"]) -%}
    {%- set minute = group_of("MI", format, ["AM", "HH"]) -%}
    {%- set group = group_of("SS", format, ["AM", "HH", "MI"]) -%}
    {%- set second = "case when " ~ dbt.position("':SS'", format) ~ " > 0 then " ~ group ~ " when "
        ~ dbt.position("'SS'", format) ~ " > 0 then " ~ dbt.concat(["':'", group]) ~ " else '' end" -%}
    {%- set half = group_of("AM", format, ["HH", "MI", "SS"]) -%}
    case
        when {{ dbt.position("'AM'", format) }} > 0 then {{ dbt.concat([
            "cast(mod(cast(" ~ adapter.dispatch("rewritten")(value, pattern, [hour])
            ~ " as integer), 12) + case when lower("
            ~ adapter.dispatch("rewritten")(value, pattern, [half])
            ~ ") = 'p' then 12 else 0 end as " ~ text_type() ~ ")", "':'",
            adapter.dispatch("rewritten")(value, pattern, [minute, second]),
        ]) }}
        else {{ adapter.dispatch("rewritten")(value, pattern, [hour, "':'", minute, second]) }}
    end
{%- endmacro %}

{#- The offset of a time as text; empty where the dialect has none.

    Args:
        value: SQL of the text.
        time_zone: SQL of the branch's time zone, which says what CST is. -#}
{% macro offset_in_dialect(value, time_zone="''") -%}
    {%- set told = "trim(" ~ plain_signs(value) ~ ")" -%}
    case
        when {{ dbt.position("'OF'", "dialect.time_format") }} > 0
            then regexp_substr({{ told }}, '(Z|[-+][0-9]{2}(:?[0-9]{2})?)$')
        when {{ dbt.position("'TZ'", "dialect.time_format") }} > 0
            then {{ zone_offset("regexp_substr(" ~ told ~ ", '[A-Za-z]+$')", time_zone) }}
        else ''
    end
{%- endmacro %}

{#- The offset that a time zone's abbreviation says, as text; '+99', with which no time is read, where
    that is not known. They are as in the time zone database, with the German ones beside. Some are of
    several zones: they mean the branch's own first.

    Args:
        abbreviation: SQL of it.
        time_zone: as for `offset_in_dialect`. -#}
{% macro zone_offset(abbreviation, time_zone) -%}
    {%- set own = {
        "Asia/Chongqing Asia/Chungking Asia/Harbin Asia/Macao Asia/Macau Asia/Shanghai Asia/Taipei PRC ROC":
            "CST=+08",
        "America/Havana Cuba": "CST=-05 CDT=-04",
        "Asia/Manila": "PST=+08",
        "Asia/Calcutta Asia/Kolkata": "IST=+05:30",
        "Europe/Dublin Eire": "IST=+01",
        "Asia/Jerusalem Asia/Tel_Aviv Israel": "IST=+02",
    } -%}
    {%- set known = [
        "UTC=+00 GMT=+00 WET=+00 WEST=+01 BST=+01 CET=+01 CEST=+02 MET=+01 MEST=+02 MEZ=+01 MESZ=+02",
        "EET=+02 EEST=+03 MSK=+03 WAT=+01 CAT=+02 SAST=+02 EAT=+03 PKT=+05 WIB=+07 WITA=+08 WIT=+09",
        "HKT=+08 JST=+09 KST=+09 AWST=+08 ACST=+09:30 ACDT=+10:30 AEST=+10 AEDT=+11 ChST=+10",
        "NZST=+12 NZDT=+13 SST=-11 HST=-10 HDT=-09 AKST=-09 AKDT=-08 PST=-08 PDT=-07 MST=-07 MDT=-06",
        "CST=-06 CDT=-05 EST=-05 EDT=-04 AST=-04 ADT=-03 NST=-03:30 NDT=-02:30 IDT=+03",
    ] -%}
    {%- set said = "coalesce(" ~ abbreviation ~ ", '?')" -%}
    split_part(
        split_part(
            {{ dbt.concat([
                zones_own(own, time_zone), "' " ~ known | join(" ") ~ " '", said, "'=+99 '"
            ]) }},
            {{ dbt.concat(["' '", said, "'='"]) }},
            2
        ),
        ' ', 1
    )
{%- endmacro %}

{#- The abbreviations that mean another offset in a zone, before all others.

    Args:
        own: what they mean, by zones.
        time_zone: SQL of the zone. -#}
{% macro zones_own(own, time_zone) -%}
    case
        {%- for zones, offsets in own.items() %}
        when {{ time_zone }} in ('{{ zones.split() | join("', '") }}') then ' {{ offsets }}'
        {%- endfor %}
        else ''
    end
{%- endmacro %}

{#- The instant that a day and a time of day say: by their own offset, or by the branch's clock.

    Args:
        local: SQL of the text of day and time.
        offset: SQL of the text of the offset.
        time_zone: SQL of the branch's time zone. -#}
{% macro moment_of(local, offset, time_zone) -%}
    case
        when {{ offset }} <> ''
            then {{ dbt.safe_cast(dbt.concat([local, offset]), "timestamp with time zone") }}
        else {{ utc_time(dbt.safe_cast(local, "timestamp"), time_zone) }}
    end
{%- endmacro %}

{#- A text in which words are replaced, one after the other.

    Args:
        text: SQL of the text.
        words: pairs of SQL: the word, and what takes its place. -#}
{% macro replaced(text, words) -%}
    {%- set built = [text] -%}
    {%- for word, other in words -%}
        {%- do built.append("replace(" ~ built[-1] ~ ", " ~ word ~ ", " ~ other ~ ")") -%}
    {%- endfor -%}
    {{ return(built[-1]) }}
{%- endmacro %}

{#- How a replacement names the group of a format's part: by its place among those that are captured.

    Args:
        part: the part.
        format: SQL of the format.
        others: the parts that may precede it. -#}
{% macro group_of(part, format, others) -%}
    {%- set places = ["1"] -%}
    {%- for other in others -%}
        {%- do places.append(
            "case when " ~ dbt.position("'" ~ other ~ "'", format) ~ " between 1 and "
            ~ dbt.position("'" ~ part ~ "'", format) ~ " then 1 else 0 end"
        ) -%}
    {%- endfor -%}
    {{ return(dbt.concat([
        adapter.dispatch("group_sign")(), "cast(" ~ places | join(" + ") ~ " as " ~ text_type() ~ ")"
    ])) }}
{%- endmacro %}

{% macro text_type() -%} {{ return(adapter.dispatch("text_type")()) }} {%- endmacro %}
{% macro default__text_type() -%} {{ return("string") }} {%- endmacro %}
{% macro postgres__text_type() -%} {{ return("text") }} {%- endmacro %}

{% macro default__group_sign() -%} {{ return("'$'") }} {%- endmacro %}
{% macro postgres__group_sign() -%} {{ return("'\\'") }} {%- endmacro %}

{#- The condition that a value matches a pattern. -#}
{% macro default__matches(value, pattern) -%} {{ value }} rlike {{ pattern }} {%- endmacro %}
{% macro postgres__matches(value, pattern) -%} {{ value }} ~ ({{ pattern }}) {%- endmacro %}

{#- A value written in another way; null where it does not match the pattern. -#}
{% macro default__rewritten(value, pattern, parts) -%}
    case
        when {{ value }} rlike {{ pattern }}
            then regexp_replace({{ value }}, {{ pattern }}, {{ dbt.concat(parts) }})
    end
{%- endmacro %}

{% macro postgres__rewritten(value, pattern, parts) -%}
    case
        when {{ value }} ~ ({{ pattern }})
            then regexp_replace({{ value }}, {{ pattern }}, {{ dbt.concat(parts) }})
    end
{%- endmacro %}

{#- A text without blanks around it; null where nothing is left. -#}
{% macro filled(value) -%}
    nullif(trim(both {{ blanks() }} from {{ value }}), '')
{%- endmacro %}

{#- What is blank in a file: also the spaces that do not break, and signs without a width. -#}
{% macro blanks() -%} {{ return("' \t\r\n\u00a0\u2007\u2009\u202f\u3000\u200b\u200e\u200f\ufeff'") }} {%- endmacro %}

{#- Before the query of a CTE: what it works out is kept, and not worked out again for each use. -#}
{% macro computed_once() -%} {{ "materialized" if target.type == "postgres" }} {%- endmacro %}
