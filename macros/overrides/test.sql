{#- Count what a test finds, and store it where there is something.

    dbt's own test stores first and counts then: it makes and drops a table for every test that
    passes, which is a sixth of the work of a daily run.

    Returns:
        The table with the failed rows, where there are any. -#}
{% materialization test, default %}

    {%- set found = get_limit_subquery_sql(sql, config.get('limit')) %}
    {%- set stored = load_cached_relation(this) %}
    {%- set relations = [] %}

    {%- call statement('main', fetch_result=True) %}
        {{ get_test_sql(
            found, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none
        ) }}
    {%- endcall %}

    {%- if should_store_failures() %}
        {#- also where the test passes: what failed the last time is not true any more -#}
        {%- if stored %}
            {%- do adapter.drop_relation(stored) %}
        {%- endif %}
        {%- if load_result('main')['data'][0][0] %}
            {%- set failed = this.incorporate(type='table') %}
            {%- call statement('store', auto_begin=True) %}
                {{ get_create_sql(failed, found) }}
            {%- endcall %}
            {%- do relations.append(failed) %}
        {%- endif %}
        {%- do adapter.commit() if stored or relations %}
    {%- endif %}

    {{ return({'relations': relations}) }}

{% endmaterialization %}
