update {raw} as landed
set {assignments}
from audit.erasures as erasures
where
    erasures.branch_id = landed.branch_id
    and landed.branch_id = %(branch)s
    and landed._dlt_load_id > %(after)s
    and {is_of_person}
    and ({says_something})
