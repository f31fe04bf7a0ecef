{#- Raw = staging + quarantine, record by record: none is lost, none stands in both, none is made up,
    and no money is rounded. What its source has deleted stands in staging, with its mark.

    Args:
        landed: the raw table.
        source_name: the source system, as in the quarantine.
        table_name: the table, as in the quarantine.
        key: the columns of the key, in raw and in staging.
        record_key: SQL over the raw columns: the key as it stands in the quarantine.
        amounts: columns whose values staging must leave as they are.
        only_new: look only at what came since the published marts, by the loads of the tills.

    Returns:
        The records that are in none or both of the two places, or differ. -#}
{% test nothing_is_lost(model, landed, source_name, table_name, key, record_key, amounts=[], only_new=true) %}

with landed as (
    select
        {{ key | join(", ") }},
        {{ record_key }} as record_key,
        _deleted_at is not null as is_deleted,
        {% for amount in amounts %} {{ dbt.safe_cast(amount, "numeric") }} + {% endfor %} 0 as amount
    from {{ landed }}
    where {{ new_rows("_dlt_load_id") if only_new else "1 = 1" }}
),

staged as (
    select
        {{ key | join(", ") }},
        {% for amount in amounts %} {{ amount }} + {% endfor %} 0 as amount
    from {{ model }}
    where {{ new_rows() if only_new else "1 = 1" }}
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
        landed.record_key in (select record_key from quarantined) as is_in_quarantine,
        landed.amount as amount_in_raw,
        staged.amount as amount_in_staging
    from landed
    full join staged
        on {% for column in key %} landed.{{ column }} = staged.{{ column }} {{- " and" if not loop.last }} {% endfor %}
)

select *
from compared
where
    not is_in_raw
    or is_in_staging = is_in_quarantine
    or (is_deleted and not is_in_staging)
    or (is_in_staging and coalesce(amount_in_raw <> amount_in_staging, false))

{% endtest %}
