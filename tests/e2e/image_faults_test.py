#!/usr/bin/env python3
"""Containers in images while things go wrong: an engine that goes in the middle of starts, or is gone before; one whose
clock is years ahead; much output.

Usage: image_faults_test.py REPRIEVE [TEST...]
"""
import collections
import contextlib
import datetime
import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from engine import Docker, Podman
from harness import binary, main
from images_test import PATIENCE, Images


class Output(Images):
    def test_ten_thousand_lines_a_second_for_seconds_lose_none(self):
        """On both streams; the program itself says how long it took."""
        seconds = 6
        self.run_in_images(self.manifest(
            f"i=0; while [ $i -lt {seconds} ]; do i=$((i + 1)); begin=$(date +%s); seq $((i * 100000)) $((i * 100000 + 9999)); "
            f"seq $((i * 100000)) $((i * 100000 + 999)) >&2; while [ $(date +%s) = $begin ]; do sleep 0.02; done; done"))
        lines = collections.defaultdict(list)
        for path in sorted((self.cwd / "reprieve-state/logs").rglob("*.log*"), key=lambda path: path.stat().st_mtime):
            for line in path.read_text().splitlines():
                when, stream, tag, text = line.split(" ", 3)
                self.assertEqual(tag, "F")
                lines[stream].append(int(text))
        for stream, count in (("stdout", 10000), ("stderr", 1000)):
            self.assertEqual(lines[stream], [i * 100000 + n for i in range(1, seconds + 1) for n in range(count)], stream)


class Disruptible(Images):
    def parallel(self, count, text, **rest):
        """A Job of so many pods, none of which may fail but by a disruption."""
        return self.manifest(text, spec=f"  completions: {count}\n  parallelism: {count}\n  backoffLimit: 0\n"
                             "  podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}", **rest)


class Daemon(Disruptible):
    def test_one_that_is_gone_before_the_run_is_said(self):
        engine = self.KIND()
        engine.stop()
        try:
            done = subprocess.run([binary(), "run", "--runtime", "docker", "--engine", engine.socket, self.manifest("true")], cwd=self.cwd,
                                  text=True, capture_output=True, timeout=60)
        finally:
            engine.close()
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertRegex(done.stderr, f"(nobody listens on|there is no socket) {engine.socket}; start the engine")

    def test_one_that_goes_in_the_middle_of_starts_costs_no_pod(self):
        """Whatever each start was at: no program runs twice in its pod, and nothing is left."""
        for boxes in (1, 4, 7):
            with self.subTest(boxes=boxes):
                ran = self.cwd / f"ran-{boxes}"
                ran.mkdir()
                manifest = self.parallel(6, "echo ran >> /ran/$HOSTNAME; sleep 1", pod=f"      volumes: [{{name: ran, hostPath: {{path: {ran}}}}}]",
                                         container="        volumeMounts: [{name: ran, mountPath: /ran}]")
                with subprocess.Popen(self.start("--state", f"state-{boxes}", manifest), cwd=self.cwd, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
                    self.await_("containers are made", lambda: len(self.engine.containers()) >= boxes or run.poll() is not None)
                    self.engine.stop()
                    self.engine.start()
                    out = run.stdout.read()
                    self.assertEqual(run.wait(timeout=PATIENCE), 0, out)
                self.assertIn("succeeded 6", out)
                self.assertEqual({file.read_text() for file in ran.iterdir()}, {"ran\n"}, out)
                self.assertEqual(self.engine.containers(), [], out)

    def test_one_that_goes_while_what_has_ended_is_removed_leaves_nothing(self):
        with subprocess.Popen(self.start(self.parallel(4, "true")), cwd=self.cwd, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as run:
            self.await_("some are gone again", lambda: any(each["State"] == "exited" for each in self.engine.containers())
                        or run.poll() is not None)
            self.engine.stop()
            self.engine.start()
            out = run.stdout.read()
            self.assertEqual(run.wait(timeout=PATIENCE), 0, out)
        self.assertEqual(self.engine.containers(), [], out)


class DockerDaemon(Daemon):
    KIND = Docker


class Proxy:
    """A socket that leads to an engine."""

    def __init__(self, engine):
        self.engine = engine
        self.folder = tempfile.mkdtemp(prefix="rpe", dir="/var/tmp")
        self.socket = self.folder + "/s.sock"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.socket)
        self.listener.listen(64)
        threading.Thread(target=self.serve, daemon=True).start()

    def asked(self, data):
        """What is passed on in its place."""
        return data

    def answered(self, data):
        return data

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(self.engine.socket)
                except OSError:
                    client.close()
                    server.close()
                    continue
                threading.Thread(target=self.pump, args=(client, server, self.asked), daemon=True).start()
                threading.Thread(target=self.pump, args=(server, client, self.answered), daemon=True).start()

    def pump(self, source, target, change):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 20):
                target.sendall(change(data))
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        shutil.rmtree(self.folder)


class Ahead(Proxy):
    """Tells each of the engine's times as five years later."""
    year = datetime.datetime.now(datetime.timezone.utc).year
    now, later = f'"{year}-'.encode(), f'"{year + 5}-'.encode()
    told = 0

    def answered(self, data):
        self.told += data.count(self.now)
        return data.replace(self.now, self.later)


class Orphan(Proxy):
    """Where the second container is to be started (the first is the pod's sandbox), the engine is killed, and its OCI
    runtime does so alone."""
    starts = 0

    def __init__(self, engine, ends):
        """`ends`: it has ended before the engine is back."""
        super().__init__(engine)
        self.ends = ends

    def asked(self, data):
        if start := re.match(rb"POST \S+/containers/(\w+)/start ", data):
            self.starts += 1
            if self.starts == 2:
                self.engine.stop()
                subprocess.run(["runc", "start", start[1].decode()], check=True)
                while self.ends and self.runs(start[1].decode()):
                    time.sleep(0.02)
                self.engine.start()
        return data

    @staticmethod
    def runs(container):
        state = subprocess.run(["runc", "state", container], text=True, capture_output=True)
        return state.returncode == 0 and json.loads(state.stdout)["status"] == "running"


class WithoutItsEngine(Disruptible):
    def test_a_start_that_goes_on_without_it_is_a_disruption(self):
        """Podman 4.3 never learns of it: a second start is refused while it runs, and runs it again once it has ended."""
        for life in (0, 30):
            with self.subTest(life=life):
                ran = self.cwd / f"ran-{life}"
                orphan = Orphan(self.engine, ends=life == 0)
                self.addCleanup(orphan.close)
                command = self.start("--state", f"state-{life}", self.parallel(
                    1, f"echo ran >> /ran/$HOSTNAME; [ -e /ran/first ] || {{ touch /ran/first; sleep {life}; }}",
                    pod=f"      volumes: [{{name: ran, hostPath: {{path: {ran}, type: DirectoryOrCreate}}}}]",
                    container="        volumeMounts: [{name: ran, mountPath: /ran}]"))
                command[command.index(self.engine.socket)] = orphan.socket
                done = subprocess.run(command, cwd=self.cwd, text=True, capture_output=True, timeout=PATIENCE)
                out = done.stdout + done.stderr
                self.assertEqual(done.returncode, 0, out)
                self.assertIn("can't tell its exit code now: it is ended, as a disruption", out)
                self.assertIn("pods 2", out)
                self.assertEqual([file.read_text() for file in ran.glob("train-*")], ["ran\n"] * 2, out)
                self.assertEqual(self.engine.containers(), [], out)


class ClockSkew(Images):
    def test_times_are_this_machines_whatever_the_engines_clock_says(self):
        """The engine is away while the program ends, so that its own times are all there is to ask."""
        ahead = Ahead(self.engine)
        self.addCleanup(ahead.close)
        manifest = self.manifest("echo begun; while [ ! -e /host/go ]; do sleep 0.1; done; sleep 1; touch /host/over; exit 5",
                                 pod=f"      volumes: [{{name: host, hostPath: {{path: {self.cwd}}}}}]",
                                 container="        volumeMounts: [{name: host, mountPath: /host}]")
        began = datetime.datetime.now(datetime.timezone.utc)
        command = self.start("--logs", manifest)
        command[command.index(self.engine.socket)] = ahead.socket
        with subprocess.Popen(command, cwd=self.cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
            self.await_text(run, "begun")
            self.await_noted()
            self.engine.stop()
            (self.cwd / "go").touch()
            self.await_("it has ended", (self.cwd / "over").exists)
            self.engine.start()
            out = run.stdout.read()
            self.assertEqual(run.wait(timeout=PATIENCE), 1, out)
        ended = datetime.datetime.now(datetime.timezone.utc)
        self.assertIn("exited 5", out)
        self.assertGreater(ahead.told, 0)
        journal = "".join(path.read_text() for path in pathlib.Path(self.cwd / "reprieve-state").rglob("*") if path.is_file() and
                          "journal" in str(path))
        times = [datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
                 for text in re.findall(r'"(?:startedAt|finishedAt)":"([^"]+)"', journal)]
        self.assertGreaterEqual(len(times), 2)
        for each in times:
            self.assertLess(began - datetime.timedelta(seconds=1), each)
            self.assertLess(each, ended + datetime.timedelta(seconds=1))


if __name__ == "__main__":
    main()
