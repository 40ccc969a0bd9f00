#!/usr/bin/env python3
"""Writes a week of syslog from 200 hosts in three zones to standard output.

usage: generate.py [--kind mixed|unlike|random|traces] [--jobs N] [--out FILE] LINES [SEED]

The same LINES, SEED and kind give the same bytes, whatever the number of jobs. `mixed` is the
text Hisui is measured on; `unlike` has none of its programs, `random` is lines of base64 and
`traces` are stack traces. With --out the file's time of
change is set to just after the week, because lines of RFC 3164 name no year.
"""
import argparse
import functools
import math
import multiprocessing
import os
import sys

from corpus import mixed, unlike
from corpus.slice import Slice
from corpus.world import WEEK_HOURS, WEEK_START, World

KINDS = {"mixed": mixed.FAMILIES, "unlike": unlike.FAMILIES, "random": unlike.RANDOM,
         "traces": unlike.TRACES}
AFTER_THE_WEEK = WEEK_START + WEEK_HOURS * 3600 + 600


def office(hour):
    """How much people do in this hour of the week, beside machines that never rest."""
    day, clock = divmod(hour, 24)
    curve = 0.08 + math.exp(-((clock + 0.5 - 10.5) / 2.2) ** 2) \
        + 0.95 * math.exp(-((clock + 0.5 - 15.0) / 2.6) ** 2)
    return curve * (1 if day < 5 else 0.22)


@functools.cache
def cumulated(by_office):
    """The share of the week's lines written before each hour."""
    weights = [office(h) if by_office else 1 for h in range(WEEK_HOURS)]
    return [sum(weights[:h]) / sum(weights) for h in range(WEEK_HOURS + 1)]


def totals(families, lines):
    """Lines of each family over the week; the first takes what rounding leaves."""
    share = sum(f.share for f in families)
    rest = [int(lines * f.share / share) for f in families[1:]]
    return [lines - sum(rest)] + rest


@functools.cache
def world_of(seed):
    return World(seed)


def part(kind, seed, lines, hours, hour):
    """The lines of `hours` hours from `hour`, in order of time."""
    slice = Slice(world_of(seed), kind, seed, hour, hours)
    for family, total in zip(KINDS[kind], totals(KINDS[kind], lines)):
        share = cumulated(family.office)
        slice.fill(family.write, int(share[hour + hours] * total) - int(share[hour] * total)
                   if hour + hours < WEEK_HOURS else total - int(share[hour] * total))
    return slice.text()


def write(out, kind, seed, lines, jobs):
    hours = 1 if lines >= 100_000 else 6
    make = functools.partial(part, kind, seed, lines, hours)
    starts = range(0, WEEK_HOURS, hours)
    if jobs == 1:
        for start in starts:
            out.write(make(start))
        return
    world_of(seed)
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        for text in pool.imap(make, starts):
            out.write(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", choices=KINDS, default="mixed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--out")
    parser.add_argument("lines", type=int)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    given = parser.parse_args()
    if not given.out:
        write(sys.stdout.buffer, given.kind, given.seed, given.lines, given.jobs)
        return
    with open(given.out, "wb") as out:
        write(out, given.kind, given.seed, given.lines, given.jobs)
    os.utime(given.out, (AFTER_THE_WEEK, AFTER_THE_WEEK))


if __name__ == "__main__":
    main()
