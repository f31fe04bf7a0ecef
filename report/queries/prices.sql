-- Price changes: what a product cost before and after, per branch.
with versions as (
    select
        *,
        lag(unit_price) over (partition by versioned_product_key order by version_number)
            as previous_price
    from marts.dim_product_versions
)

select
    scopes.scope_id,
    -- the business date, as in New products and changed prices
    cast(
        (versions.valid_from at time zone branches.time_zone)
        - make_interval(hours => branches.cutover_hour) as date
    ) as changed_date,
    branches.branch_name,
    versions.product_name,
    versions.size,
    versions.previous_price,
    versions.unit_price,
    versions.unit_price / nullif(versions.previous_price, 0) - 1 as change
from versions
inner join marts.dim_branches as branches on versions.branch_id = branches.branch_id
cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
where versions.unit_price <> versions.previous_price
order by scopes.scope_id, changed_date desc, branches.branch_name, versions.product_name
