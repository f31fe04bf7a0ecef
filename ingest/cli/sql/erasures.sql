select branch_id
from audit.erasures
limit 1
