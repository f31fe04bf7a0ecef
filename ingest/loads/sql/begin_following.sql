-- Say which process follows the sources; one that goes on after the server was away keeps its start.
with others as (
    delete from audit.following where process <> %(process)s or stopped_at is not null
)

insert into audit.following (process)
select %(process)s as process
where
    not exists (
        select 1
        from audit.following
        where process = %(process)s and stopped_at is null
    )
