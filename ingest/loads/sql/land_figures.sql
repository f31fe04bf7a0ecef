insert into day_figures (side, business_date, figure, value)
select
    {side},
    found.business_date,
    figures.figure,
    coalesce(figures.value, 0)
from ({query}) as found
cross join lateral (values {pairs}) as figures (figure, value)
where found.business_date between {first} and {last}
