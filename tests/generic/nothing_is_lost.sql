{#- Raw = staging + quarantine, record by record: none is lost, in both, or made up,
    and no money is rounded. What its source has deleted stands in staging, with its mark.

    Args:
        landed: the raw table.
        source_name: the source system, as in the quarantine.
        table_name: the table, as in the quarantine.
        key: the columns of the key, in raw and in staging.
        record_key: SQL over the raw columns: the key as it stands in the quarantine.
        amounts: columns whose values staging must leave as they are.
        staged_as: SQL of what staging has of such a column, where it is called otherwise there.
        landed_key: the key's columns in raw, where they are called otherwise there.
        landed_where: SQL of the landed rows that are records of the model, if not all are.
        all_rows: compare all records, not only those of the tills' new loads: for small tables that
            are loaded by no branch.

    Returns:
        The records that are in none or both of the two places, or differ. -#}
{% test nothing_is_lost(model, landed, source_name, table_name, key, record_key, amounts=[], staged_as={}, landed_key=none, landed_where=none, all_rows=false) %}

with landed as (
    select
        {%- for column in key %}
        {{ landed_key[loop.index0] if landed_key else column }} as {{ column }},
        {%- endfor %}
        {{ record_key }} as record_key,
        {%- for amount in amounts %}
        {{ dbt.safe_cast(amount, "numeric") }} as {{ amount }},
        {%- endfor %}
        _deleted_at is not null as is_deleted
    from {{ landed }}
    where
        {{ "1 = 1" if all_rows else new_rows("_dlt_load_id") }}
        {%- if landed_where %} and {{ landed_where }} {%- endif %}
),

staged as (
    select
        {{ key | join(", ") }}
        {%- for amount in amounts %},
        {{ staged_as.get(amount, amount) }} as {{ amount }}
        {%- endfor %}
    from {{ model }}
    where {{ "1 = 1" if all_rows else new_rows() }}
),

quarantined as (
    select record_key from {{ ref("quarantine") }}
    where source_name = '{{ source_name }}' and table_name = '{{ table_name }}' and released_at is null
),

compared as (
    select
        landed.record_key,
        landed.is_deleted,
        landed.{{ key[-1] }} is not null as is_in_raw,
        staged.{{ key[-1] }} is not null as is_in_staging,
        {%- for amount in amounts %}
        landed.{{ amount }} as {{ amount }}_in_raw,
        staged.{{ amount }} as {{ amount }}_in_staging,
        {%- endfor %}
        landed.record_key in (select record_key from quarantined) as is_in_quarantine
    from landed
    full join staged
        on {% for column in key %} cast(landed.{{ column }} as {{ dbt.type_string() }}) = cast(staged.{{ column }} as {{ dbt.type_string() }}) {{- " and" if not loop.last }} {% endfor %}
)

select *
from compared
where
    not is_in_raw
    or is_in_staging = is_in_quarantine
    or (is_deleted and not is_in_staging)
    {%- for amount in amounts %}
    or coalesce({{ amount }}_in_raw <> {{ amount }}_in_staging, false)
    {%- endfor %}

{% endtest %}
