delete from {raw}
where {till} = %(till)s
