"""One hour of the week: a place to draw from and to put lines in."""

import random
import time

from . import world as world_module


class Slice:
    """Lines of one hour, in any order until `text` sorts them by time."""

    def __init__(self, world, kind, seed, hour, hours):
        self.world = world
        self.start = hour * 3600  # seconds into the week
        self.length = hours * 3600
        r = random.Random(f"{kind}/{seed}/{hour}")
        self.r, self.random, self.bits = r, r.random, r.getrandbits
        self.lines = []
        stamps = [
            time.gmtime(world_module.WEEK_START + 9 * 3600 + self.start + s)
            for s in range(self.length + 300)
        ]
        self.bsd = [
            time.strftime("%b ", t) + f"{t.tm_mday:2d}" + time.strftime(" %H:%M:%S", t)
            for t in stamps
        ]
        self.iso = [time.strftime("%Y-%m-%dT%H:%M:%S", t) for t in stamps]
        self.apache = [time.strftime("%d/%b/%Y:%H:%M:%S +0900", t) for t in stamps]
        middle = self.start + self.length / 2
        active = [c for c in world.campaigns if c.start < middle < c.end] or world.campaigns[:1]
        active.sort(key=lambda c: -c.weight)
        self.campaigns = world_module.weighted(active, 1.0, 10)

    def moment(self, lasting=0.0):
        """A time in this slice from which `lasting` seconds still fit in."""
        return self.random() * max(self.length - lasting - 0.001, 0.5)

    def public(self):
        """An address of the internet: mostly one seen before, sometimes a new one."""
        if self.random() < 0.06:
            return self.world.public_address(self.r)
        return self.world.public[self.bits(17)]

    def pid(self, host, t):
        """A new process's id: others were started since the last line told of one."""
        return host.pid(self.start + t) + self.bits(4)

    def stamp(self, t):
        """`2025-11-17 09:12:33.123` for services that write their own time."""
        return f"{self.iso[int(t)].replace('T', ' ')}.{int(t % 1 * 1000):03d}"

    def epoch(self, t):
        return world_module.WEEK_START + self.start + t

    def uptime(self, host, t):
        """The kernel's own time before its lines, on hosts that have printk.time set."""
        return f"[{self.epoch(t) - host.booted:12.6f}] " if host.stamps_kernel else ""

    def add(self, host, t, priority, program, pid, message):
        """One line at `t` seconds into the slice; `pid` None where the program gives none.

        A session's lines stand at least 0.9 ms apart, so that the jitter leaves them in order.
        """
        t += self.random() * 0.0008
        if t >= self.length:
            t = self.length - 1e-6
        second = int(t)
        if host.modern:
            self.lines.append(
                (
                    t,
                    (
                        f"<{priority}>1 {self.iso[second]}.{int((t - second) * 1e6):06d}"
                        f"+09:00 {host.name} {program} {'-' if pid is None else pid} - - "
                        f"{message}\n"
                    ),
                )
            )
        elif pid is None:
            self.lines.append(
                (t, f"<{priority}>{self.bsd[second]} {host.name} {program}: {message}\n")
            )
        else:
            self.lines.append(
                (t, f"<{priority}>{self.bsd[second]} {host.name} {program}[{pid}]: {message}\n")
            )

    def fill(self, family, quota):
        """Calls `family` until it has given `quota` lines; the last session may be cut."""
        end = len(self.lines) + quota
        while len(self.lines) < end:
            family(self)
        del self.lines[end:]

    def text(self):
        self.lines.sort()
        return "".join([line for _, line in self.lines]).encode()
