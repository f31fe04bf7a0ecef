delete from {raw}
where branch_id = %(branch)s
