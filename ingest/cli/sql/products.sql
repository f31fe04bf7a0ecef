-- Products of several till systems that are called the same, in the same size: letters and digits, in
-- lower case, are what counts. The chain's product is the one that others of the name are mapped to,
-- else the code of the first of them. What the seed has already is no proposal.
with products as (
    select distinct
        recorded.system_name,
        products.product_id,
        products.product_name,
        nullif(products.size, 'one size') as size,
        products.chain_product_id,
        products.is_mapped,
        lower(
            regexp_replace(
                concat(products.product_name, nullif(products.size, 'one size')),
                '[^[:alnum:]]+', '', 'g'
            )
        ) as words
    from intermediate.int_products_recorded as recorded
    inner join marts.dim_products as products
        on
            recorded.branch_id = products.branch_id
            and recorded.product_id = products.product_id
),

same as (
    select
        words,
        (array_agg(
            chain_product_id order by is_mapped desc, system_name asc, product_id asc
        ))[1] as chain_product_id
    from products
    group by words
    having count(distinct system_name) > 1
)

select distinct
    products.system_name as system,
    products.product_id,
    same.chain_product_id,
    products.product_name,
    products.size
from products
inner join same on products.words = same.words
where not products.is_mapped and products.chain_product_id <> same.chain_product_id
order by same.chain_product_id, system, products.product_id
