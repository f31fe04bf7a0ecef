-- Which of the readers' roles a login has, and whether it is a reader's and nothing else.
select
    logins.rolcanlogin
    and not logins.rolsuper
    and not pg_has_role(logins.oid, 'loader', 'member')
    and not pg_has_role(logins.oid, 'transformer', 'member') as may_be_changed,
    array(
        select cast(readers.rolname as text)
        from pg_auth_members as memberships
        inner join pg_roles as readers on memberships.roleid = readers.oid
        where
            memberships.member = logins.oid
            and (
                readers.rolname = 'reader'
                or pg_has_role(readers.oid, 'branch_manager', 'member')
            )
    ) as role_names
from pg_roles as logins
where logins.rolname = %(login)s
