select count(*) as people
from audit.erasures
