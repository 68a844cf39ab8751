"""Starts the programs of scripts/bench, asks the daemons among them, and ends them."""
import ctypes
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 15


def die(text):
    sys.exit(f"scripts/bench: {text}")


def say(text):
    """Progress: one line that moves on a terminal, a line each in a log."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)    # PR_SET_PDEATHSIG


def environment(**more):
    """Ours without the daemon's options: what is measured are its defaults."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FUNNELD_")}
    return {**kept, **more}


def run(command, timeout_s, **more):
    """The output of a program that ends by itself."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, timeout=timeout_s, text=True, check=False,
                          env=environment(**more), preexec_fn=die_with_parent)
    if done.returncode != 0:
        die(f"{Path(command[0]).name} ended with status {done.returncode}: {done.stdout}")
    return done.stdout


class Server:
    """A program that says on which port of loopback it listens."""

    def __init__(self, command, log_path):
        self.log_path = Path(log_path)
        begin = time.monotonic()
        with open(log_path, "wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment(), preexec_fn=die_with_parent)
        running.append(self)
        self.port = self.wait_for_port(begin + START_TIMEOUT_S)
        self.begin = begin

    def wait_for_port(self, deadline):
        while time.monotonic() < deadline and self.process.poll() is None:
            found = re.search(r"listens on http://127\.0\.0\.1:(\d+)", self.log_path.read_text())
            if found:
                return int(found[1])
            time.sleep(0.001)
        die(f"{self.process.args[0]} did not start: {self.log_path.read_text()}")

    def ask(self, path, key="", body=None, **headers):
        """GET, or POST where there is a body to send as JSON: (status, answer, headers)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers["Authorization"] = f"Bearer {key}"
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        connection.request("POST" if body else "GET", path, body, headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body, answer.headers

    def wait_until_ready(self):
        """Seconds since it was started."""
        while time.monotonic() < self.begin + START_TIMEOUT_S:
            if self.ask("/readyz")[0] == 200:
                return time.monotonic() - self.begin
            time.sleep(0.001)
        die("the daemon did not become ready")

    def cpu_s(self, name=""):
        """Seconds of processor time so far: of all threads, or of those of that name."""
        total = 0
        for thread in Path(f"/proc/{self.process.pid}/task").iterdir():
            if not name or (thread / "comm").read_text().strip() == name:
                total += int((thread / "schedstat").read_text().split()[0])
        return total / 1e9

    def metric(self, name):
        """A counter of its /metrics."""
        text = self.ask("/metrics")[1].decode()
        return int(re.search(rf"^funneld_{name} (\d+)", text, re.MULTILINE)[1])

    def commits(self):
        """(commands, commits) of its writer so far."""
        return [self.metric(f"writer_{name}_total") for name in ("commands", "batches")]

    def memory_mib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return {name: int(re.search(rf"^{field}:\s*(\d+)", status, re.MULTILINE)[1]) / 1024
                for name, field in (("rss_mib", "VmRSS"), ("rss_peak_mib", "VmHWM"),
                                    ("rss_anonymous_mib", "RssAnon"))}

    def settle(self):
        """Until it has nothing left to do, at most a few seconds."""
        for _ in range(20):
            before = self.cpu_s()
            time.sleep(0.2)
            if self.cpu_s() - before < 0.001:
                return

    def stop(self):
        running.remove(self)
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_daemon(program, folder, name):
    """On that data file of the folder, with defaults."""
    return Server([program, "serve", "--config=/dev/null", "--listen=127.0.0.1:0",
                   f"--database={folder / (name + '.db')}"], folder / (name + ".log"))


running = []


def stop_all():
    for server in list(running):
        server.stop()
