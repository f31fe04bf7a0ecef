select
    business_date,
    array_agg(figure order by figure) as figures
from (
    select
        business_date,
        figure
    from day_figures
    where business_date not between %(today)s and %(tomorrow)s
    group by business_date, figure
    having sum(case when side = 'raw' then value else -value end) <> 0
) as differing
group by business_date
order by business_date
