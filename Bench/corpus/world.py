"""The world of the corpus: a week, 200 hosts in three zones, people, addresses and attackers.

Everything here is drawn once from the seed, before any line is written, so that every slice of
the week, in whatever process it is made, speaks of the same hosts and people.
"""

import random

WEEK_START = 1_763_305_200  # 2025-11-17T00:00:00+09:00, a Monday, in Unix seconds
WEEK_HOURS = 168
TABLE_BITS = 14  # entries of a table of weighted draws

SURNAMES = (
    "sato suzuki takahashi tanaka ito watanabe yamamoto nakamura kobayashi kato yoshida "
    "yamada sasaki yamaguchi matsumoto inoue kimura hayashi shimizu yamazaki mori abe "
    "ikeda hashimoto ishikawa yamashita ogawa ishii hasegawa goto okada kondo maeda "
    "fujita endo aoki sakamoto murakami ota kaneko fujii fukuda nishimura miura takeuchi "
    "nakajima okamoto matsuda harada nakagawa"
).split()
SERVICE_USERS = ["root", "deploy", "backup", "ansible", "zabbix", "postgres", "tomcat", "git"]
ATTACKED_USERS = (
    "root admin test user ubuntu oracle postgres guest ftpuser pi git mysql nagios "
    "hadoop www jenkins support minecraft deploy es steam tomcat demo web dev odoo "
    "ansible teamspeak zabbix administrator debian centos ec2-user vagrant sysadmin "
    "student user1 test1 testuser ubnt backup svn redis elastic kafka spark nexus "
    "gitlab docker azureuser operator default master info sales server"
).split()
ROLES = (
    ("fw", 10),
    ("web", 40),
    ("ap", 44),
    ("db", 24),
    ("mail", 10),
    ("px", 6),
    ("bat", 20),
    ("file", 12),
    ("mon", 6),
    ("win", 28),
)
ZONES = ("mn", "lg", "in")


def weighted(items, s=1.0, bits=TABLE_BITS):
    """A table of 2^bits entries: the item of rank k stands in it in proportion to 1 / k^s."""
    size = 1 << bits
    weights = [1 / (k + 1) ** s for k in range(len(items))]
    scale = size / sum(weights)
    table, due = [], 0.0
    for item, weight in zip(items, weights):
        due += weight * scale
        table.extend([item] * (int(due) - len(table)))
    table.extend([items[0]] * (size - len(table)))
    return table


class Host:
    """One machine; `modern` hosts write RFC 5424, the others RFC 3164."""

    def __init__(self, r, zone, role, number, modern):
        self.name = f"{ZONES[zone]}-{role}{number:02d}"
        self.zone, self.role, self.modern = zone, role, modern
        self.address = f"10.{16 * (zone + 1)}.{ROLE_NET[role]}.{number + 10}"
        self.pid_limit = 4_194_304 if modern or r.random() < 0.4 else 32_768
        self.pid_base = r.randrange(1000, 30_000)
        self.pid_rate = 0.15 + r.random() ** 3 * 4
        self.pid_hours = [0]
        for _ in range(WEEK_HOURS + 1):
            self.pid_hours.append(
                self.pid_hours[-1] + int(3600 * self.pid_rate * (0.3 + 1.4 * r.random()))
            )
        self.booted = WEEK_START - r.randrange(3600, 300 * 86_400)
        self.stamps_kernel = r.random() < 0.4
        self.daemons = {}
        hardware = f"{r.randrange(256):02x}:{r.randrange(256):02x}:{r.randrange(256):02x}"
        self.interfaces = [
            (
                name,
                (
                    f"00:50:56:{hardware[:-2]}{n:02x}:"
                    f"{r.choice(('00:09:0f', '2c:6b:f5', '00:1b:17'))}:"
                    f"{r.randrange(256):02x}:{r.randrange(256):02x}:01:08:00"
                ),
            )
            for n, name in enumerate(r.choice((("eth0", "eth1"), ("ens192", "ens224"))))
        ]
        if r.random() < 0.45:
            self.interfaces = [("ppp0", ""), ("tun0", "")]

    def pid(self, t):
        """The process id given to a process started `t` seconds into the week: it grows."""
        hour, second = divmod(t, 3600)
        first, last = self.pid_hours[int(hour) : int(hour) + 2]
        grown = self.pid_base + first + int((last - first) * second / 3600)
        return 300 + grown % (self.pid_limit - 300)

    def daemon(self, name):
        """The process id of a daemon that runs all week."""
        pid = self.daemons.get(name)
        if pid is None:
            r = random.Random(f"{self.name}/{name}")
            pid = self.daemons[name] = r.randrange(600, min(self.pid_limit, 60_000))
        return pid


ROLE_NET = {role: 10 * (n + 1) for n, (role, _) in enumerate(ROLES)}


class Campaign:
    """An attack: few addresses, one list of names, some hours, some hosts."""

    def __init__(self, r, world):
        self.start = r.random() * WEEK_HOURS * 3600
        self.end = self.start + 3600 * (1 + r.expovariate(1 / 14))
        net = world.public_address(r).rsplit(".", 2)[0]
        self.addresses = [
            f"{net}.{r.randrange(256)}.{r.randrange(1, 255)}"
            for _ in range(r.choice((1, 2, 4, 16, 40)))
        ]
        self.users = r.sample(ATTACKED_USERS, r.randrange(1, 50))
        self.users += [f"{name}{r.randrange(100)}" for name in self.users[: r.randrange(30)]]
        self.hosts = r.sample(world.linux, r.randrange(2, 24))
        self.ports = r.choice(
            (
                [22],
                [23, 2323],
                [445],
                [3389],
                [80, 443, 8080],
                [1433],
                [5060],
                r.sample(range(1, 65_536), 300),
            )
        )
        self.weight = r.random() ** 2 + 0.02
        self.ttl, self.window = r.randrange(40, 250), r.choice((1024, 1024, 65_535, 29_200, 8192))


class World:
    def __init__(self, seed):
        r = random.Random(f"world/{seed}")
        self.hosts = []
        for role, number in ROLES:
            for n in range(number):
                self.hosts.append(Host(r, n % 3, role, n, n % 5 in (1, 3)))
        self.linux = [h for h in self.hosts if h.role != "win"]
        shuffled = r.sample(self.linux, len(self.linux))
        self.any_linux = weighted(shuffled, 0.5)
        self.by_role = {
            role: weighted([h for h in self.hosts if h.role == role], 0.4) for role, _ in ROLES
        }
        people = r.sample([f"{name}{n}" if n else name for name in SURNAMES for n in range(9)], 380)
        self.users = weighted(SERVICE_USERS[:4] + people, 0.9)
        self.people = weighted(people, 0.9)
        self.uid = {name: 1000 + n for n, name in enumerate(people)} | {
            name: n and 900 + n for n, name in enumerate(SERVICE_USERS)
        }
        self.key = {name: self.base64(r, 43) for name in self.uid}
        self.clients = weighted(
            [
                f"10.{16 * (r.randrange(3) + 1)}.{r.randrange(100, 140)}.{r.randrange(1, 255)}"
                for _ in range(3000)
            ],
            0.8,
        )
        self.public = weighted([self.public_address(r) for _ in range(24_000)], 0.85, 17)
        self.campaigns = [Campaign(r, self) for _ in range(160)]

    @staticmethod
    def public_address(r):
        """As many addresses as the internet seems to have, of a block that nobody was ever given
        (240.0.0.0/4): the three networks for examples hold too few."""
        first = r.randrange(240, 255)
        return f"{first}.{r.randrange(256)}.{r.randrange(256)}.{r.randrange(1, 255)}"

    @staticmethod
    def base64(r, length):
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        return "".join(r.choices(letters, k=length))
