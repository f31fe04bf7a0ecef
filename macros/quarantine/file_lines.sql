{#- What the base models of files share: a record is a line of a file. -#}

{#- The key of a line: its file and its number. -#}
{% macro line_key() -%}
    {{ dbt.concat(["_file_name", "':'", dbt.cast("_line_number", api.Column.translate_type("string"))]) }}
{%- endmacro %}

{#- The key of a line among those of all feeds of its kind. The feed that is called like its kind has
    had its keys before there were others.

    Args:
        kind: the kind. -#}
{% macro line_key_of_feed(kind) -%}
    case
        when feed = '{{ kind }}' then {{ line_key() }}
        else {{ dbt.concat(["feed", "':'", line_key()]) }}
    end
{%- endmacro %}

{#- The feeds whose files hold records of a kind, by name, as `vars.systems.files` in
    dbt_project.yml lists them.

    Args:
        kind: stock_counts, stock_deliveries, posts, tickets or reviews. -#}
{% macro feed_names(kind) -%}
    {%- set declared = var("systems").get("files", {}).get("tables", {}).get(kind) -%}
    {{ return(declared.get("feeds", [kind]) if declared else []) }}
{%- endmacro %}

{#- What has the lines of each feed of a kind, by the feed's name: the feed's own model, whose name
    must not be that of a kind's.

    Args:
        kind: as for `feed_names`.
        own: what has those of the feed that is called like the kind: its files have our columns and
            need no model; none where no feed may be called so. -#}
{% macro feeds_of(kind, own=none) -%}
    {%- set feeds, kinds = {}, var("systems").get("files", {}).get("tables", {}) -%}
    {%- for feed in feed_names(kind) -%}
        {%- if feed in kinds and not (feed == kind and own) -%}
            {{ exceptions.raise_compiler_error(
                "A feed of " ~ kind ~ " is called " ~ feed ~ ", as a kind of files is: give"
                ~ " it another name in .dlt/config.toml and dbt_project.yml, for example my_" ~ feed ~ "."
            ) }}
        {%- endif -%}
        {%- do feeds.update({feed: own if feed == kind and own else ref("base_files__" ~ feed)}) -%}
    {%- endfor -%}
    {{ return(feeds) }}
{%- endmacro %}

{#- The number of the customer whom a line of an export names; an address is none: it may go nowhere.

    Args:
        value: SQL of what the line has. -#}
{% macro export_customer(value) -%}
    case when {{ dbt.position("'@'", value) }} = 0 then {{ filled(value) }} end
{%- endmacro %}

{#- The lines of several feeds in one shape, as a query. Each feed's model says what its columns are to
    us. What it does not have is the default: in the inner query a name that the model lacks is found
    outside.

    Args:
        feeds: by feed, what has its lines.
        required: the columns that each has, beside those that every file has.
        optional: the columns that it may lack, each with its default as SQL, or none for no text. A
            line whose `is_void` is true counts as deleted since its load. -#}
{% macro mapped_lines(feeds, required, optional) -%}
    {%- set text = dbt.type_string() -%}
    {%- set nothing, defaults, columns = [], [], [] -%}
    {%- set types = {"_line_number": "bigint", "_deleted_at": "timestamp with time zone"} -%}
    {%- set always = ["branch_id", "_file_name", "_line_number", "_reject", "_deleted_at",
        "_dlt_load_id", "raw_record"] + required -%}
    {%- for column in always -%}
        {%- do columns.append(column) -%}
        {%- do nothing.append("cast(null as " ~ types.get(column, text) ~ ") as " ~ column) -%}
    {%- endfor -%}
    {%- for column, default in optional.items() -%}
        {%- do columns.append(column) -%}
        {%- do defaults.append((default or "cast(null as " ~ text ~ ")") ~ " as " ~ column) -%}
    {%- endfor -%}
    {%- set selected = [] -%}
    {%- for column in columns -%}
        {%- do selected.append(
            "coalesce(feed_lines._deleted_at, case when feed_lines.is_void then "
            ~ load_time("feed_lines._dlt_load_id") ~ " end) as _deleted_at"
            if column == "_deleted_at" and "is_void" in optional else "feed_lines." ~ column
        ) -%}
    {%- endfor -%}
    {#- no row: the columns, where there is no feed -#}
    select
        cast(null as {{ text }}) as feed,
        {{ (nothing + defaults) | join(",\n        ") }}
    where 1 = 0
    {%- for feed, lines in feeds.items() %}
    union all
    select
        '{{ feed }}' as feed,
        {{ selected | join(",\n        ") }}
    from (select {{ defaults | join(", ") }}) as defaults
    cross join lateral (
        select
            {{ columns | join(",\n            ") }}
        from {{ lines }}
    ) as feed_lines
    {%- endfor %}
{%- endmacro %}

{#- What is wrong with a line. One that cannot be read as a record has no columns to judge.

    Args:
        checks: as for `row_errors`. -#}
{% macro line_errors(checks) -%}
    {%- set number = dbt.cast("_line_number", api.Column.translate_type("string")) -%}
    {%- set unreadable_line = dbt.concat(
        ["'line '", number, "' of '", "_file_name", "' cannot be read as a record'"]
    ) -%}
    case
        when _reject is not null then {{ row_errors([unreadable_line]) }}
        else {{ row_errors(checks) }}
    end
{%- endmacro %}

{#- The day that a file's name begins with, as YYYY-MM-DD; null where there is no such day. -#}
{% macro file_date() -%}
    {%- set name = "regexp_substr(_file_name, '(^|/)[0-9]{4}-[0-9]{2}-[0-9]{2}(?=[^/0-9][^/]*$)')" -%}
    {{ dbt.safe_cast("trim(leading '/' from " ~ name ~ ")", "date") }}
{%- endmacro %}

{#- The reason that a file's name gives no day of the business. -#}
{% macro file_without_a_day() -%}
    {%- set first_day = "cast('" ~ var("calendar_starts_on") ~ "' as date)" -%}
    case
        when {{ file_date() }} is null
            then {{ quoted("_file_name", "does not begin with a day that exists, as YYYY-MM-DD") }}
        when {{ file_date() }} > {{ dbt.dateadd("day", 1, dbt.current_timestamp()) }}
            then {{ quoted("_file_name", "begins with a day in the future") }}
        when {{ file_date() }} < {{ first_day }}
            then {{ quoted("_file_name", "begins with a day before the calendar begins") }}
    end
{%- endmacro %}

{#- How each feed writes its numbers, days and times, as a query: the patterns are found out here, and
    not for every line. -#}
{% macro dialects() -%}
    select
        dialect.*,
        {{ number_pattern() }} as number_pattern,
        {{ number_pattern(quantity_decimal()) }} as quantity_pattern,
        {{ date_pattern() }} as date_pattern,
        {{ time_pattern() }} as time_pattern
    from {{ ref("stg_exports__feeds") }} as dialect
{%- endmacro %}

{#- The day of a line: that of a column, or, where its feed has no such column, the file's.

    Args:
        column: the column; the query knows the feed's row of `dialects` as `dialect`. -#}
{% macro line_date(column) -%}
    case
        when {{ column }} is null then {{ file_date() }}
        else {{ dbt.safe_cast(date_in_dialect(filled(column), "dialect.date_pattern"), "date") }}
    end
{%- endmacro %}

{#- The reason that a line is of no day of the business.

    Args:
        column: the column that says its day, if its feed has one.
        day: SQL of the day that was read. -#}
{% macro line_without_a_day(column, day) -%}
    case
        when {{ column }} is null then {{ file_without_a_day() }}
        when {{ day }} is null then {{ quoted(column, "is no day") }}
        else {{ outside_the_calendar(column, moment=day) }}
    end
{%- endmacro %}

{#- Which of the files that say the same came first (1) or later: a file that is sent again under
    another name, or renamed, must not count twice.

    Args:
        same: SQL of what two such files have in common; `lines` and `files` are at hand. -#}
{% macro file_number(same) -%}
    dense_rank() over (
        partition by lines._deleted_at is null, {{ same }}
        order by files.first_seen_at, lines.feed, lines._file_name
    )
{%- endmacro %}

{#- Which of the lines with a record is the one that counts: 1 for the last that was written of it,
    because a help desk's export of today has the tickets of yesterday, too. One whose `updated_at`
    cannot be read counts before all others: it may be the last.

    Args:
        key: SQL of the record's key; `lines`, with `updated_at_read`, and `files` are at hand. -#}
{% macro version_of_line(key) -%}
    row_number() over (
        partition by {{ key }}
        order by
            case
                when lines._deleted_at is not null then 2
                when lines.updated_at_read is null and {{ filled("lines.updated_at") }} is not null
                    then 0
                else 1
            end,
            coalesce(lines.updated_at_read, cast('1970-01-01' as timestamp with time zone)) desc,
            files.first_seen_at desc,
            files.first_modified_at desc,
            lines._file_name desc,
            lines._line_number desc
    )
{%- endmacro %}

{#- The load that last said something of the record of a line. A file that is read again may have
    lost a record, and an older line of another file counts again: so its load is one of all records
    of the feed. `lines` and `files` are at hand. -#}
{% macro load_of_line() -%}
    greatest(
        lines._dlt_load_id, max(files.read_again_load_id) over (partition by lines.feed)
    )
{%- endmacro %}

{#- The clocks that a line of a file may name, as a query. -#}
{% macro clocks() -%}
    select 'UTC' as time_zone
    union
    select time_zone from {{ ref("branches") }}
{%- endmacro %}

{#- The reasons that a record's times cannot be read as its file means them: its time zone is
    unknown, or its time of change is none. -#}
{% macro clock_errors() -%}
    {{ return([
        broken("time_zone", filled("time_zone") ~ " is not null and known_time_zone is null",
            "is neither UTC nor the time zone of a branch"),
        broken("updated_at", filled("updated_at") ~ " is not null and updated_at_read is null",
            "is no time"),
    ]) }}
{%- endmacro %}

{#- The key of a record whose files name it, among those of all feeds; a line that names none is the
    line itself.

    Args:
        id: SQL of its number in the files; `mapped` is at hand. -#}
{% macro record_key_of_feed(id) -%}
    {{ dbt.concat(["mapped.feed", "':'", "coalesce(" ~ filled(id) ~ ", " ~ line_key() ~ ")"]) }}
{%- endmacro %}

{#- A number of a line as text with a point.

    Args:
        column: the column; `mapped` is at hand, and the feed's row of `dialects` as `dialect`.
        empty: what an empty cell is; default null. -#}
{% macro amount_in_dialect(column, empty=none) -%}
    {%- set value = filled("mapped." ~ column) -%}
    {%- set value = "coalesce(" ~ value ~ ", '" ~ empty ~ "')" if empty else value -%}
    {{ number_in_dialect(value, pattern="dialect.number_pattern") }}
{%- endmacro %}

{#- What a text says which has both a day and a time of day: both as text, as `moment_of` takes it.

    Args:
        value: SQL of the text; the query knows the feed's row of `dialects` as `dialect`. -#}
{% macro local_in_dialect(value) -%}
    {{ dbt.concat([
        date_in_dialect(value, "dialect.date_pattern"), "' '",
        time_in_dialect(value, "dialect.time_pattern"),
    ]) }}
{%- endmacro %}

{#- The lines of feeds with their numbers and times as texts that SQL can read, converted from each
    feed's dialect: `<amount>_text`, `<time>_local`, `<time>_offset`, and the record's key.

    Args:
        record: what a line is a record of: `ticket` for `ticket_id` and `ticket_key`.
        amounts: what an empty cell of each column of numbers is, by column.
        times: the columns that say a time; `mapped`, `feeds` and `branches` are at hand. -#}
{% macro written_lines(record, amounts, times) -%}
    select
        mapped.*,
        {%- for column, empty in amounts.items() %}
        {{ amount_in_dialect(column, empty) }} as {{ column }}_text,
        {%- endfor %}
        {%- for column in times %}
        {{ local_in_dialect(filled("mapped." ~ column)) }} as {{ column }}_local,
        {{ offset_in_dialect(filled("mapped." ~ column), "own_branch.time_zone") }}
            as {{ column }}_offset,
        {%- endfor %}
        {{ record_key_of_feed("mapped." ~ record ~ "_id") }} as {{ record }}_key
    from mapped
    left join feeds as dialect on mapped.feed = dialect.feed
    left join branches as own_branch on mapped.branch_id = own_branch.branch_id
{%- endmacro %}
