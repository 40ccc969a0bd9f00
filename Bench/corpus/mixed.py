"""The corpus Hisui is measured on: which programs write how much of it."""

from .accounts import cron, logins, sshd
from .family import Family
from .java import java
from .network import firewall, httpd, postfix, squid
from .services import database, kernel, others, servicing
from .townhall import japanese

FAMILIES = [
    Family(sshd, 24),
    Family(firewall, 20),
    Family(httpd, 12, True),
    Family(postfix, 10, True),
    Family(cron, 9),
    Family(java, 9, True),
    Family(kernel, 3),
    Family(servicing, 3),
    Family(squid, 3, True),
    Family(logins, 3, True),
    Family(database, 2, True),
    Family(others, 1.4),
    Family(japanese, 0.6, True),
]
