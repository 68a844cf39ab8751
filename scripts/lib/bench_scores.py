"""Measures what scores cost, for scripts/bench: see there what is compared with what, and why.

Gives figures by name, one a round; bench_report.py says how good is good enough."""
import json
import threading
import time
from datetime import datetime

import bench_report
from bench_process import die, run, say, start_daemon

NAMES = ["rules", "long", "rescore", "preview", "visits"]
POSTS = 1000            # of a round, each to another lead
HISTORY = 50            # activities that those leads have before
LONG_HISTORY, LONG_LEADS = 10_000, 5
LONG_POSTS = 100        # of a round, one after the other
LATE_S = 200 * 86400    # how long ago the late ones happened, about
RATE = 500              # posts a second beside a job
CONNECTIONS = 64
WINDOWS = 5             # with a job and without, at least, where it is more than a look
VISITS_PER_S = 31       # of a million leads
JOB_TIMEOUT_S = 3600

# ---- Rules ---------------------------------------------------------------------------------------

# (type of activity, property, op, value, points in thousandths, the rest of the rule)
ENGAGED = [
    ("page_view", "url", "ends", "/pricing", 2000,
     {"decay": "half_life", "decay_days": 30, "cap_times": 5}),
    ("page_view", "url", "contains", "/docs/", 500,
     {"decay": "half_life", "decay_days": 14, "cap_milli": 5000}),
    ("page_view", "url", "contains", "/blog/", 300,
     {"decay": "linear", "decay_days": 7, "decay_percent": 10, "cap_milli": 4000}),
    ("page_view", "url", "ends", "/jobs", -1000,
     {"decay": "window", "decay_days": 90, "cap_milli": 8000}),
    ("page_view", "url", "ends", "/contact", 1500, {"cap_times": 3}),
    ("page_view", "url", "contains", "/cases/", 1200, {"decay": "window", "decay_days": 60}),
    ("page_view", "referrer", "eq", "partner", 400,
     {"decay": "linear", "decay_days": 30, "decay_percent": 25, "cap_milli": 3000}),
    ("page_view", "referrer", "eq", "newsletter", 300, {"cap_milli": 3000}),
    ("page_view", "seconds", "gte", 120, 600,
     {"decay": "half_life", "decay_days": 60, "cap_milli": 6000}),
    ("page_view", "seconds", "lt", 5, -200, {"decay": "window", "decay_days": 30,
                                            "cap_milli": 2000}),
    ("email_opened", "referrer", "eq", "newsletter", 200,
     {"decay": "window", "decay_days": 14, "cap_times": 10}),
    ("email_opened", "referrer", "ne", "newsletter", 100, {"cap_milli": 1000}),
    ("email_opened", "url", "ends", "/pricing", 700,
     {"decay": "half_life", "decay_days": 7, "cap_milli": 3000}),
    ("email_clicked", "url", "ends", "/pricing", 2500,
     {"decay": "half_life", "decay_days": 21, "cap_times": 3}),
    ("email_clicked", "url", "contains", "/docs/", 1500,
     {"decay": "linear", "decay_days": 10, "decay_percent": 20}),
    ("email_clicked", "url", "contains", "/blog/", 800, {"cap_milli": 4000}),
    ("email_clicked", "referrer", "eq", "partner", 600, {"decay": "window", "decay_days": 45}),
    ("content_downloaded", "url", "contains", "/docs/", 3000,
     {"decay": "half_life", "decay_days": 90, "cap_milli": 9000}),
    ("content_downloaded", "url", "contains", "/cases/", 4000, {"cap_times": 2}),
    ("content_downloaded", "seconds", "gte", 60, 1000,
     {"decay": "linear", "decay_days": 30, "decay_percent": 50}),
    ("form_submitted", "url", "ends", "/contact", 8000,
     {"decay": "half_life", "decay_days": 120, "cap_times": 2}),
    ("form_submitted", "url", "ends", "/pricing", 6000, {"decay": "window", "decay_days": 180}),
]

PRICES = {"activity": "page_view",
          "where": [{"property": "url", "op": "ends", "value": "/pricing"}]}

# (points, when): one match, of who they are and of what they did together.
WHENS = [
    (8000, {"field": "job_title", "op": "contains", "value": "head"}),
    (8000, {"field": "job_title", "op": "contains", "value": "chief"}),
    (4000, {"field": "company", "op": "present"}),
    (3000, {"field": "country", "op": "in", "value": ["DE", "US", "GB"]}),
    (-5000, {"field": "job_title", "op": "eq", "value": "student"}),
    (3000, {"any": [{"field": "industry", "op": "eq", "value": "software"},
                    {"field": "source", "op": "in", "value": ["partner", "referral"]}]}),
    (5000, {**PRICES, "count": {"gte": 3}, "within_days": 30}),
    (4000, {"all": [{"field": "phone", "op": "present"},
                    {**PRICES, "count": {"gte": 1}, "within_days": 60}]}),
]


def rule_set():
    """30 rules: decays and caps of each kind, activities chosen by their properties, conditions."""
    rules = [{"score_group": "engagement", "points_milli": points, **rest,
              "each": {"activity": activity,
                       "where": [{"property": member, "op": op, "value": value}]}}
             for activity, member, op, value, points, rest in ENGAGED]
    rules += [{"score_group": "fit", "points_milli": points, "when": when}
              for points, when in WHENS]
    for number, rule in enumerate(rules):
        rule.update(key=f"rule_{number}", name=f"Rule {number}")
    return {"name": "Thirty", "rules": rules,
            "groups": [{"key": "fit", "min_milli": -10000, "max_milli": 40000},
                       {"key": "engagement", "min_milli": -10000, "max_milli": 80000}],
            "criteria": [{"kind": "mql", "score_min": 40, "exit_below": 30, "dwell_hours": 24}]}


NO_RULES = {"name": "None", "rules": [], "criteria": [],
            "groups": [{"key": "engagement", "min_milli": 0, "max_milli": 100000}]}


# ---- Jobs ----------------------------------------------------------------------------------------

def must(server, key, path, status, body=None):
    got, answer, _ = server.ask(path, key, body)
    if got != status:
        die(f"{path} answers {got} instead of {status}: {answer[:600]!r}")
    return json.loads(answer)


def draft(server, key, rules):
    return must(server, key, "/v1/rule-sets", 201, rules)["id"]


def begin_job(server, key, rule_set_id, what):
    return must(server, key, f"/v1/rule-sets/{rule_set_id}/{what}", 202, {})["id"]


def begin_publish(server, key, rules):
    """A set of its own each time: what is in force is not published again."""
    return begin_job(server, key, draft(server, key, rules), "publish")


def is_over(server, key, job_id):
    job = must(server, key, f"/v1/jobs/{job_id}", 200)
    if job["state"] == "failed":
        die(f"a job failed: {job}")
    return job if job["state"] in ("done", "cancelled") else None


def await_job(server, key, job_id):
    """(leads, seconds) of it."""
    deadline = time.monotonic() + JOB_TIMEOUT_S
    while time.monotonic() < deadline:
        job = is_over(server, key, job_id)
        if job:
            begin, end = (datetime.fromisoformat(job[at].replace("Z", "+00:00"))
                          for at in ("started_at", "finished_at"))
            return job["done"], max(0.001, (end - begin).total_seconds())
        time.sleep(0.05)
    die("a job does not end")


class Kept(threading.Thread):
    """While it lasts there is a job at work: where one ends too soon, another is begun."""

    def __init__(self, server, key, begin):
        super().__init__(daemon=True)
        self.server, self.key, self.begin = server, key, begin
        self.enough = threading.Event()
        self.job_id = None

    def __enter__(self):
        self.job_id = self.begin()
        self.start()

    def run(self):
        while not self.enough.wait(0.1):
            if is_over(self.server, self.key, self.job_id):
                self.job_id = self.begin()

    def __exit__(self, *_):
        self.enough.set()
        self.join()
        self.server.ask(f"/v1/jobs/{self.job_id}/cancel", self.key, {})
        await_job(self.server, self.key, self.job_id)


# ---- Measuring -----------------------------------------------------------------------------------

class Scores:
    def __init__(self, arguments, folder, seed_folder, copy):
        self.arguments = arguments
        self.folder = folder
        self.seed_folder = seed_folder
        self.copy = copy
        self.tests = arguments.build / "tests"
        self.figures = {}
        self.skipped = {}
        self.key = None
        self.ids = None

    def wanted(self, *names):
        return any(name in self.arguments.only for name in names)

    def keep(self, **figures):
        for name, value in figures.items():
            self.figures.setdefault(name, []).append(value)

    def start(self, source, name):
        """A daemon on a copy of that file."""
        self.copy(source, self.folder / f"{name}.db")
        server = start_daemon(self.arguments.build / "funneld", self.folder, name)
        server.wait_until_ready()
        return server

    def post(self, server, first, leads, count, stride=1, connections=CONNECTIONS, rate=0,
             age_s=0):
        """What bench_load says, and the processor time that each post took."""
        writer_s, all_s = server.cpu_s("writer"), server.cpu_s()
        output = run([self.tests / "bench_load", server.port, self.ids, first, stride, leads,
                      count, connections, rate, age_s], 600, BENCH_KEY=self.key)
        return {**json.loads(output),
                "writer_us": (server.cpu_s("writer") - writer_s) * 1e6 / count,
                "all_us": (server.cpu_s() - all_s) * 1e6 / count}

    # ---- Recording an activity: a small file of its own, with histories of known length

    def histories(self):
        folder = self.folder / "histories"
        folder.mkdir()
        long = [LONG_LEADS, LONG_HISTORY] if self.wanted("long") else []
        leads = 2 * self.arguments.rounds * POSTS
        run([self.tests / "bench_seed", folder / "seed.db", "exactly", leads, f"{HISTORY},0",
             *long], 600)
        self.key = (folder / "admin.key").read_text().strip()
        self.ids = folder / "leads.txt"
        return folder / "seed.db"

    def publish(self, server, rules):
        await_job(server, self.key, begin_publish(server, self.key, rules))
        server.settle()

    def measure_rules(self, ruled, source):
        """Leads with histories and rules beside leads with neither, their neighbours, in a copy of
        the same file."""
        bare = self.start(source, "bare")
        self.publish(bare, NO_RULES)
        rounds = self.arguments.rounds
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}: activities with rules and without")
            results = {}
            # The other way round each time, so that a drift favours nobody.
            for party in ("ruled", "bare")[::1 if number % 2 == 0 else -1]:
                # Each has its own of every two neighbours, so that as much of the file is touched.
                server, own = (ruled, 0) if party == "ruled" else (bare, 1)
                server.settle()
                results[party] = self.post(server, 2 * number * POSTS + own, POSTS, POSTS, stride=2)
            with_rules, without = results["ruled"], results["bare"]
            self.keep(rules_ratio=with_rules["writer_us"] / without["writer_us"],
                      rules_all_ratio=with_rules["all_us"] / without["all_us"],
                      rules_us=with_rules["writer_us"], no_rules_us=without["writer_us"])
        bare.stop()

    def measure_long(self, ruled):
        first = 2 * self.arguments.rounds * POSTS
        for number in range(self.arguments.rounds):
            say(f"round {number + 1} of {self.arguments.rounds}: activities of long histories")
            ruled.settle()
            on_time = self.post(ruled, first, LONG_LEADS, LONG_POSTS, connections=1)
            late = self.post(ruled, first, LONG_LEADS, LONG_POSTS, connections=1, age_s=LATE_S)
            self.keep(long_ms=on_time["p50_ms"], long_cpu_ms=on_time["writer_us"] / 1000,
                      late_ms=late["p50_ms"], late_cpu_ms=late["writer_us"] / 1000)

    # ---- Jobs over all leads, and posts beside them

    def window(self, server):
        leads = self.arguments.leads
        return self.post(server, 0, leads, RATE * self.arguments.seconds, rate=RATE)

    def windows(self, server, name, begin):
        """Posts with such a job and without, in turns; yields what the windows with it gave."""
        self.window(server)    # the first one finds nothing in memory
        rounds = self.arguments.rounds
        count = rounds if rounds < bench_report.ROUNDS else max(WINDOWS, rounds)
        for number in range(count):
            say(f"window {number + 1} of {count}: posts beside {name}, and alone")
            results = {}
            for party in ("busy", "alone")[::1 if number % 2 == 0 else -1]:
                server.settle()
                if party == "alone":
                    results[party] = self.window(server)
                else:
                    with Kept(server, self.key, begin):
                        before = server.metric("leads_rescored_total")
                        results[party] = self.window(server)
                        results["leads"] = server.metric("leads_rescored_total") - before
            busy, alone = results["busy"], results["alone"]
            self.keep(**{f"{name}_p99_ratio": busy["p99_ms"] / alone["p99_ms"],
                         f"{name}_p99_ms": busy["p99_ms"], f"{name}_alone_p99_ms": alone["p99_ms"]})
            yield results["leads"] / busy["seconds"]

    def measure_preview(self, server):
        rule_set_id = draft(server, self.key, rule_set())
        status, answer, _ = server.ask(f"/v1/rule-sets/{rule_set_id}/preview", self.key, {})
        if status != 202:
            self.skipped["preview"] = f"POST preview answers {status}"
            return
        say("the preview of all leads")
        leads, seconds = await_job(server, self.key, json.loads(answer)["id"])
        self.keep(preview_s=seconds * 1e6 / leads, preview_rate=leads / seconds)
        for _ in self.windows(server, "preview",
                              lambda: begin_job(server, self.key, rule_set_id, "preview")):
            pass

    def measure_rescore(self, server):
        def begin():
            return begin_publish(server, self.key, rule_set())
        for rate in self.windows(server, "rescore", begin):
            self.keep(rescore_beside_rate=rate)
        say("the rescoring of all leads")
        server.settle()
        leads, seconds = await_job(server, self.key, begin())
        self.keep(rescore_rate=leads / seconds, rescore_s=seconds)

    def measure_visits(self):
        """In the daemon's file, which is nobody's now, with a clock that runs ahead."""
        for number in range(self.arguments.rounds):
            say(f"round {number + 1} of {self.arguments.rounds}: visits")
            told = json.loads(run([self.tests / "bench_store", "visits", self.folder / "jobs.db",
                                   self.arguments.seconds], 600))
            if not told["count"]:
                self.skipped["visits"] = "no lead was due"
                return
            share = told["cpu_us_each"] * VISITS_PER_S / 1e6 * 100
            self.keep(visit_us=told["cpu_us_each"], visits_share=share)

    def run(self):
        if self.wanted("rules", "long"):
            say("leads with histories of known length")
            source = self.histories()
            ruled = self.start(source, "ruled")
            self.publish(ruled, rule_set())
            if self.wanted("rules"):
                self.measure_rules(ruled, source)
            if self.wanted("long"):
                self.measure_long(ruled)
            ruled.stop()
        if self.wanted("rescore", "preview", "visits"):
            self.key = (self.seed_folder / "admin.key").read_text().strip()
            self.ids = self.seed_folder / "leads.txt"
            server = self.start(self.seed_folder / "seed.db", "jobs")
            if self.wanted("preview"):
                self.measure_preview(server)
            if self.wanted("rescore"):
                self.measure_rescore(server)
            elif self.wanted("visits"):
                self.publish(server, rule_set())
            server.stop()
            if self.wanted("visits"):
                self.measure_visits()
        return self.figures
