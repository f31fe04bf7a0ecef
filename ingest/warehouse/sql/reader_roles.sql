-- Which of the readers' roles a login has, and whether it is a reader's and nothing else.
select
    logins.rolcanlogin
    and not logins.rolsuper
    and not pg_has_role(logins.oid, 'loader', 'member')
    and not pg_has_role(logins.oid, 'transformer', 'member') as may_be_changed,
    array(
        select cast(roles.rolname as text)
        from pg_auth_members as members
        inner join pg_roles as roles on members.roleid = roles.oid
        where
            members.member = logins.oid
            and (
                roles.rolname = 'reader'
                or pg_has_role(roles.oid, 'branch_manager', 'member')
            )
    ) as roles
from pg_roles as logins
where logins.rolname = %(login)s
