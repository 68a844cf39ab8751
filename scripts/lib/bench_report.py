"""Makes ratios and tables of what scripts/lib/run_bench has measured. Measures nothing itself."""
from statistics import median

NOISE = 0.05    # what two runs differ by at least, even where the rounds of each agree
LOOK = 0.5      # the same where there are too few rounds to see whether they agree
ROUNDS = 3      # that make a result
BUSY = 0.5      # others' load, in cores, that makes figures worthless

# What is compared with what: (name, case, party, target). A target is the least that is good
# enough; None: worth seeing, but nothing hangs on it.
RATIOS = [
    ("activity / SQLite", "activity", "sqlite", 0.6),
    ("hot activity / SQLite", "hot", "sqlite", None),
    ("lead / SQLite", "lead", "sqlite", 0.6),
    ("batch / SQLite", "batch", "sqlite", None),
    ("activity / naive", "activity", "naive", 2.5),
    ("lead / naive", "lead", "naive", None),
    ("one lead / HTTP", "one", "http", None),
    ("list / HTTP", "list", "http", 0.25),
    ("any page / HTTP", "pages", "http", None),
    ("board / HTTP", "board", "http", None),
    ("funnel / HTTP", "funnel", "http", 0.6),
    ("funnel of any days / HTTP", "days", "http", None),
    ("unchanged / HTTP", "unchanged", "http", 0.85),
]

# Figures of which less is better: (name, key, limit, unit, how to print).
LIMITS = [
    ("resident memory", "rss_mib", 300, "MiB", "{:.0f}"),
    ("start to ready", "start_s", 0.5, "s", "{:.3f}"),
    ("processor at rest", "rest_ms", 1, "ms/s", "{:.2f}"),
]

# What scores cost: (key, name, the most that is good enough). None: worth seeing.
SCORES = [
    ("rules_ratio", "activity, 30 rules and 50 before it / neither", 1.5),
    ("rules_all_ratio", "  the same, HTTP too", None),
    ("rules_us", "  with, writer's processor, us", None),
    ("no_rules_us", "  without, writer's processor, us", None),
    ("long_ms", "activity of a lead that has 10,000, p50 ms", 5),
    ("long_cpu_ms", "  writer's processor, ms", None),
    ("late_ms", "  late, p50 ms", 5),
    ("late_cpu_ms", "  late, writer's processor, ms", None),
    ("rescore_rate", "rescoring all, leads a second", None),
    ("rescore_s", "  seconds", None),
    ("rescore_beside_rate", "  beside 500 posts a second", None),
    ("rescore_p99_ratio", "posts beside rescoring / alone, p99", 2),
    ("rescore_p99_ms", "  beside, p99 ms", None),
    ("rescore_alone_p99_ms", "  alone, p99 ms", None),
    ("preview_s", "preview, seconds for 1,000,000 leads", 60),
    ("preview_rate", "  leads a second", None),
    ("preview_p99_ratio", "posts beside a preview / alone, p99", 2),
    ("preview_p99_ms", "  beside, p99 ms", None),
    ("preview_alone_p99_ms", "  alone, p99 ms", None),
    ("visits_share", "31 visits a second, % of a core", 3),
    ("visit_us", "  a visit, processor us", None),
]


def rounds(report, case, party, connections, what="rate"):
    found = report["results"].get(case, {}).get(party, {}).get(str(connections), [])
    return [result[what] for result in found if what in result]


def middle(values):
    return median(values) if values else None


def add_ratios(report):
    """Pairs of the same round: the machine's mood is in both, and goes away."""
    at = report["settings"]["reference"]
    report["ratios"] = {}
    for name, case, party, target in RATIOS:
        items = report["cases"][case]["items"] if party == "sqlite" else 1
        pairs = zip(rounds(report, case, "daemon", at), rounds(report, case, party, at))
        values = [ours * items / theirs for ours, theirs in pairs if theirs]
        if values:
            report["ratios"][name] = {"rounds": values, "median": median(values), "target": target}


# ---- Text ----------------------------------------------------------------------------------------

def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def grid(rows):
    """Columns as wide as they must be; the first to the left, all others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip()


def heading(report):
    settings, machine, seeded = report["settings"], report["machine"], report["seeded"]
    probes = report["fdatasync"]
    yield (f"funneld {machine['commit']}, {settings['leads']:,} leads and "
           f"{seeded['activities']:,} activities in {seeded['bytes'] / 2**20:,.0f} MiB, "
           f"{settings['rounds']} rounds of {settings['seconds']} s")
    yield (f"{machine['cores']} cores, {machine['processor']}, Linux {machine['kernel']}, "
           f"{machine['at']}")
    if probes:
        yield (f"fdatasync {median(probes):,.0f}/s, from {min(probes):,.0f} to {max(probes):,.0f} "
               "in this run")
    if settings["rounds"] < ROUNDS:
        yield f"fewer than {ROUNDS} rounds: a look, not a result"
    if machine.get("load", 0) > BUSY:
        yield (f"others were at work when it began (load {machine['load']:.1f}): believe nothing "
               "closely, rates least")


def daemon_table(report):
    settings = report["settings"]
    at, connections = settings["reference"], settings["connections"]
    yield ""
    yield (f"The daemon, answers a second at so many connections; at {at}: time, processor, "
           "commands to a commit")
    rows = [["", *(str(count) for count in connections), "p50 ms", "p99 ms", "cpu us", "a commit",
             "bytes"]]
    for name, case in report["cases"].items():
        if name not in report["results"]:
            continue
        rates = [number(middle(rounds(report, name, "daemon", count))) for count in connections]
        rest = [number(middle(rounds(report, name, "daemon", at, what)))
                for what in ("p50_ms", "p99_ms", "cpu_us", "per_commit")]
        rows.append([case["title"], *rates, *rest, f"{case['bytes']:,}"])
    yield from grid(rows)


def ceiling_table(report):
    at = report["settings"]["reference"]
    parties = [("daemon", "daemon"), ("http", "HTTP"), ("sqlite", "SQLite"),
               ("use_case", "use case"), ("naive", "naive")]
    yield ""
    yield f"Beside what could be had, a second, at {at} connections; pages written for each"
    rows = [["", *(title for _, title in parties), "pages"]]
    for name, case in report["cases"].items():
        if name not in report["results"]:
            continue
        rates = [number(middle(rounds(report, name, party, at))) for party, _ in parties]
        pages = middle(rounds(report, name, "use_case", at, "pages_each"))
        rows.append([case["title"], *rates, number(pages)])
    yield from grid(rows)


def verdict(good):
    return "reached" if good else "NOT reached"


def target_table(report):
    yield ""
    yield "To reach"
    rows = [["", "median", "from", "to", "target", ""]]
    for name, ratio in report["ratios"].items():
        target = ratio["target"]
        rows.append([name, f"{ratio['median']:.2f}", f"{min(ratio['rounds']):.2f}",
                     f"{max(ratio['rounds']):.2f}", "" if target is None else f">= {target}",
                     "" if target is None else verdict(ratio["median"] >= target)])
    for name, key, limit, unit, form in LIMITS:
        if key not in report["figures"]:
            continue
        value = report["figures"][key]
        values = value if isinstance(value, list) else [value]
        rows.append([f"{name}, {unit}", *(form.format(some) for some in
                                          (median(values), min(values), max(values))),
                     f"< {limit}", verdict(median(values) < limit)])
    yield from grid(rows)


def score_table(report):
    yield ""
    yield "What scores cost"
    rows = [["", "median", "from", "to", "target", ""]]
    for key, name, most in SCORES:
        values = report["scores"].get(key)
        if values:
            rows.append([name, *(number(some) for some in
                                 (median(values), min(values), max(values))),
                         "" if most is None else f"<= {most}",
                         "" if most is None else verdict(median(values) <= most)])
    yield from grid(rows)


def remarks(report):
    for name, why in report["skipped"].items():
        title = report["cases"][name]["title"] if name in report["cases"] else name
        yield f"{title}: not measured, {why}"
    for name, parties in report["results"].items():
        for party, counts in parties.items():
            for count, results in counts.items():
                refused = sum(result.get("refused", 0) for result in results)
                broken = sum(result.get("broken", 0) for result in results)
                if refused or broken:
                    yield (f"{report['cases'][name]['title']}, {party}, {count} connections: "
                           f"{refused} answers refused, {broken} connections broken: "
                           "do not believe the rate")


def table(report):
    yield from heading(report)
    if report["results"]:
        yield from daemon_table(report)
        yield from ceiling_table(report)
        yield from target_table(report)
    if report["scores"]:
        yield from score_table(report)
    yield from remarks(report)


# ---- Comparing -----------------------------------------------------------------------------------

def changed(old, new):
    """Beyond noise: no round of one lies among the rounds of the other."""
    apart = max(old) < min(new) or max(new) < min(old)
    least = NOISE if min(len(old), len(new)) >= ROUNDS else LOOK
    return apart and abs(median(new) / median(old) - 1) > least


def comparison(name, old, new, digits):
    difference = (median(new) / median(old) - 1) * 100
    return [name, f"{median(old):,.{digits}f}", f"{median(new):,.{digits}f}",
            f"{difference:+.0f} %"]


def pairs(old, new):
    """(name, rounds before, rounds now, digits) of everything that both have."""
    for name, ratio in new["ratios"].items():
        if name in old["ratios"]:
            yield name, old["ratios"][name]["rounds"], ratio["rounds"], 2
    for key, name, _ in SCORES:
        if key in old.get("scores", {}) and key in new["scores"]:
            yield name.strip(), old["scores"][key], new["scores"][key], 2
    for case, parties in new["results"].items():
        for count in parties.get("daemon", {}):
            before = rounds(old, case, "daemon", count)
            if before:
                yield (f"{new['cases'][case]['title']}, {count} connections, a second", before,
                       rounds(new, case, "daemon", count), 0)


def changes(old, new):
    yield ""
    yield f"Since {old['machine']['commit']} of {old['machine']['at']}"
    for key in ("leads", "activities_per_lead", "seconds", "reference"):
        then, now = old["settings"].get(key), new["settings"][key]
        if then != now:
            yield f"other {key}: {then} then, {now} now"
    if old["machine"]["processor"] != new["machine"]["processor"]:
        yield "another processor: compare the ratios only"
    if old["fdatasync"] and new["fdatasync"]:
        yield "  ".join(comparison("fdatasync, a second", old["fdatasync"], new["fdatasync"], 0))
    rows = [["", "then", "now", ""]]
    same = 0
    for name, before, now, digits in pairs(old, new):
        if changed(before, now):
            rows.append(comparison(name, before, now, digits))
        else:
            same += 1
    if len(rows) > 1:
        yield from grid(rows)
    yield f"{len(rows) - 1} changed beyond noise, {same} did not"
