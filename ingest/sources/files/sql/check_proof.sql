-- the three columns of which two, multiplied, are the third on most lines
select
    one.title as factor,
    other.title as other_factor,
    product.title as product,
    count(*) filter (where abs(one.value * other.value - product.value) < 0.01) as proven,
    count(*) as lines,
    min(one.line) filter (where abs(one.value * other.value - product.value) >= 0.01) as line
from numbers as one
inner join numbers as other on one.line = other.line and one.position < other.position
inner join numbers as product
    on one.line = product.line and product.title not in (one.title, other.title)
group by one.title, other.title, product.title
having
    count(*) filter (
        where abs(one.value * other.value - product.value) < 0.01
            and abs(one.value) not in (0, 1) and abs(other.value) not in (0, 1)
    ) > 0
    and count(*) filter (where abs(one.value * other.value - product.value) < 0.01)
    >= 0.7 * count(*)
order by proven desc, one.title asc
limit 1
