create temporary table if not exists day_figures (
    side text not null,
    business_date date not null,
    figure text not null,
    value numeric not null
);

truncate day_figures
