#!/usr/bin/env python3
"""Networks of pods' own with real processes: one port in every pod, probes, runs side by side, nothing left of a killed run.

Usage: network_test.py REPRIEVE [TEST...]. What is not permitted here is skipped, and the reason printed.
"""
import os
import pathlib
import signal
import socket
import subprocess
import time

from harness import Reprieve, binary, main
from machine import AS_NOBODY, needs_names, needs_networks, nobody_mounts

PATIENCE = 30
HELLO = """
apiVersion: batch/v1
kind: Job
metadata: {name: hello}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: none, command: ["true"]}]}}}
"""

# Listens on 0.0.0.0, as all others do, and asks each of NAMES who it is and whom it sees. Ends when all have met and there
# is a file `go`.
MEET = """import glob, os, socket, threading, time
server = socket.create_server(("0.0.0.0", 5000))
def serve():
    while True:
        client, peer = server.accept()
        client.sendall(("%s sees %s" % (socket.gethostname(), peer[0])).encode())
        client.close()
threading.Thread(target=serve, daemon=True).start()
print("at", os.environ["POD_IP"], flush=True)
deadline = time.time() + 30
for name in os.environ["NAMES"].split():
    while True:
        try:
            said = socket.create_connection((name, 5000), 2).recv(100).decode()
            break
        except OSError:
            if time.time() > deadline: raise
            time.sleep(0.05)
    assert said == "%s sees %s" % (name.split(".")[0], os.environ["POD_IP"]), said
    print("met", name, flush=True)
open("met-" + socket.gethostname(), "w").close()
while not os.path.exists("go") or len(glob.glob("met-*")) < 3: time.sleep(0.02)
"""


def jobset(command, port="              ports: [{containerPort: 5000}]", leader="", container="", policy="Never", name="js"):
    """A leader and two workers, which all run `command` in sh."""
    def group(group_name, replicas, pod=""):
        return f"""
  - name: {group_name}
    replicas: {replicas}
    template:
      spec:
        backoffLimit: {6 if policy == 'OnFailure' else 0}
        template:
          spec:
            restartPolicy: {policy}
            terminationGracePeriodSeconds: 1
{pod}
            containers:
            - name: main
              image: none
              command: [sh, -c, {command!r}]
{port}
{container}
              env:
              - {{name: POD_IP, valueFrom: {{fieldRef: {{fieldPath: status.podIP}}}}}}
              - {{name: HOST_IP, valueFrom: {{fieldRef: {{fieldPath: status.hostIP}}}}}}
              - {{name: NAMES, value: {name}-leader-0-0.{name} {name}-worker-0-0.{name} {name}-worker-1-0.{name}}}
"""
    return f"""
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {{name: {name}}}
spec:
  replicatedJobs:{group("leader", 1, leader)}{group("worker", 2)}"""


def interfaces(pid):
    """This machine's interfaces and routes that belong to that run."""
    text = pathlib.Path("/proc/net/dev").read_text() + pathlib.Path("/proc/net/route").read_text()
    return [line for line in text.splitlines() if f"rpv{pid}-" in line]


class Network(Reprieve):
    def setUp(self):
        super().setUp()
        (self.cwd / "meet.py").write_text(MEET)

    def run_jobset(self, *args, command="exec python3 meet.py", go=True, **parts):
        if go:
            (self.cwd / "go").touch()
        done = self.reprieve("run", "--logs", *args, self.write(jobset(command, **parts)))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def start(self, name):
        directory = self.cwd / name
        directory.mkdir()
        (directory / "meet.py").write_text(MEET)
        (directory / "job.yaml").write_text(jobset("exec python3 meet.py"))
        return directory, subprocess.Popen([binary(), "run", "job.yaml"], cwd=directory, text=True, stdout=subprocess.PIPE,
                                           stderr=subprocess.STDOUT)

    def await_(self, what, holds):
        deadline = time.monotonic() + PATIENCE
        while not holds():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)


@needs_networks
@needs_names
class OfTheirOwn(Network):
    def test_a_leader_and_workers_listen_on_one_port_and_meet_by_name(self):
        out = self.run_jobset()
        self.assertIn("Network: several pods of these manifests declare containerPort 5000: each pod of a JobSet has a "
                      "network of its own", out)
        self.assertEqual(out.count("/main: met "), 9, out)
        self.assertRegex(out, r"/main: at (100|10)\.")

    def test_nothing_is_left_of_a_run_that_was_killed(self):
        directory, run = self.start("killed")
        self.await_("they meet", lambda: len(list(directory.glob("met-*"))) == 3)
        # One interface, and the route to it.
        self.assertEqual(len(interfaces(run.pid)), 2, interfaces(run.pid))
        run.send_signal(signal.SIGKILL)
        run.communicate()
        self.await_(f"interfaces of {run.pid} go", lambda: not interfaces(run.pid))

        def in_the_directory():
            found = []
            for process in pathlib.Path("/proc").glob("[0-9]*"):
                try:
                    if directory.samefile(process / "cwd"):
                        found.append(process.name)
                except OSError:
                    pass
            return found
        self.await_("its pods end", lambda: not in_the_directory())
        self.assertEqual([path for path in pathlib.Path("/run").glob("netns/*") if "rpv" in path.name], [])

    def test_runs_side_by_side_have_the_same_port(self):
        runs = [self.start(name) for name in ("one", "other")]
        for directory, _ in runs:
            self.await_("they meet", lambda: len(list(directory.glob("met-*"))) == 3)
        for directory, run in runs:
            (directory / "go").touch()
            out = run.communicate(timeout=PATIENCE)[0]
            self.assertEqual(run.returncode, 0, out)
            self.await_("interfaces go", lambda: not interfaces(run.pid))

    def test_probes_reach_pods_from_here_and_from_beside_them(self):
        serve = ("import http.server as h\n"
                 "h.HTTPServer(('0.0.0.0', 5000), h.SimpleHTTPRequestHandler).serve_forever()\n")
        ask = ("import socket, urllib.request\n"
               "urllib.request.urlopen('http://127.0.0.1:5000/')\n"
               "open('asked-' + socket.gethostname(), 'w')\n")
        (self.cwd / "ask.py").write_text(ask)
        probes = """
              startupProbe: {tcpSocket: {port: 5000}, periodSeconds: 1, failureThreshold: 15}
              livenessProbe: {httpGet: {path: /, port: 5000}, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 10}
              readinessProbe: {exec: {command: [python3, ask.py]}, periodSeconds: 1, timeoutSeconds: 10}"""
        (self.cwd / "serve.py").write_text(serve)
        command = ("python3 serve.py 2>served-$(hostname) & "
                   "for i in $(seq 300); do [ -e asked-$(hostname) ] && grep -q 255.1.*GET served-$(hostname) && exit 0; "
                   "sleep 0.1; done; exit 1")
        out = self.run_jobset(command=command, container=probes)
        for name in ("js-leader-0-0", "js-worker-0-0", "js-worker-1-0"):
            served = (self.cwd / f"served-{name}").read_text()
            # The kubelet's part is played by this machine, whose address in the network it is.
            self.assertRegex(served, r"(?m)^1\d+\.\d+\.255\.1 .*GET / HTTP", out)
            self.assertRegex(served, r"(?m)^127\.0\.0\.1 .*GET / HTTP", out)

    def test_a_container_that_restarts_keeps_its_address(self):
        out = self.run_jobset("--backoff", "10ms", policy="OnFailure",
                              command='echo here: $(ip -4 -o addr show eth0 | grep -o "inet [0-9.]*"); '
                                      '[ -e again-$(hostname) ] || { touch again-$(hostname); exit 1; }')
        seen = [line.split("here: ")[1] for line in out.splitlines() if "here: " in line]
        self.assertEqual((len(seen), len(set(seen))), (6, 3), out)

    def test_pods_have_no_way_out_but_to_this_machine(self):
        with socket.create_server(("0.0.0.0", 0)) as server:
            port = server.getsockname()[1]
            ask = ("import os, socket\n"
                   "socket.create_connection((os.environ['HOST_IP'], %d), 5)\n"
                   "try: socket.create_connection(('192.0.2.55', 80), 5)\n"
                   "except OSError as e: print('way out:', e.strerror)\n" % port)
            (self.cwd / "ask.py").write_text(ask)
            out = self.run_jobset(command="exec python3 ask.py")
        self.assertEqual(out.count("way out: Network is unreachable"), 3, out)

    def test_a_pod_with_host_network_has_this_machines(self):
        out = self.run_jobset(command='echo sees $(ls -l /proc/self/ns/net | sed "s/.*net:/net:/") at $POD_IP',
                              leader="            hostNetwork: true")
        here = os.readlink("/proc/self/ns/net")
        self.assertEqual(out.count(here), 1, out)
        self.assertRegex(out, r"leader-0-0-\w+/main: sees net:\[\d+\] at 1\d+\.\d+\.255\.1\n")

    def test_by_request_pods_of_plain_jobs_have_them_too(self):
        job = HELLO.replace("spec: {template", "spec: {parallelism: 2, completions: 2, completionMode: Indexed, template")
        program = ("import socket, sys, time, os; s = socket.create_server(('0.0.0.0', 5000)); own = socket.gethostbyname("
                   "socket.gethostname()); socket.create_connection((own, 5000)); print('own', own); time.sleep(1)")
        (self.cwd / "own.py").write_text(program)
        done = self.reprieve("run", "--logs", "--network", "pod", self.write(job.replace('["true"]', "[python3, own.py]")))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        owns = {line.split("own ")[1] for line in done.stdout.splitlines() if "/main: own 1" in line}
        self.assertEqual(len(owns), 2, done.stdout)
        self.assertNotIn("127.0.0.1", owns)


class ThisMachines(Network):
    LOOK = 'echo sees $(readlink /proc/self/ns/net) at $POD_IP'

    def check_shared(self, out):
        self.assertEqual(out.count(os.readlink("/proc/self/ns/net") + " at 127."), 3, out)

    def test_pods_that_declare_no_port_share_it(self):
        out = self.run_jobset(command=self.LOOK, port="")
        self.check_shared(out)
        self.assertNotIn("Network:", out)

    def test_so_do_all_by_request(self):
        out = self.run_jobset("--network", "host", command=self.LOOK)
        self.check_shared(out)
        self.assertNotIn("Network:", out)

    def test_verbose_says_what_it_is(self):
        out = self.run_jobset("-v", "--network", "host", command=self.LOOK)
        self.assertEqual(out.count("Network: pods share this machine's network"), 1, out)

    def test_where_no_others_are_to_be_had_that_is_said_once(self):
        out = self.run_jobset("--plain-processes", "--network", "auto", command=self.LOOK)
        self.check_shared(out)
        self.assertEqual(out.count("Network: several pods of these manifests declare containerPort 5000, but pods can't "
                                   "have networks of their own here (containers are plain processes here)"), 1, out)

    def test_what_was_asked_for_and_cannot_be_is_refused(self):
        done = self.reprieve("run", "--plain-processes", "--network", "pod", self.write(HELLO))
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertEqual(done.stderr, "reprieve: pods can't have networks of their own here: containers are plain processes "
                                      "here; leave out --network pod to run on this machine's\n")

    def test_an_ordinary_user_has_this_machines(self):
        self.let_nobody_in()
        arguments = dict(cwd=self.cwd, text=True, capture_output=True, timeout=60, **AS_NOBODY)
        done = subprocess.run([binary(), "run", "--logs", "--state", "own", self.write(jobset(self.LOOK))], **arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.check_shared(done.stdout)
        why = "only root may connect" if nobody_mounts() else "containers are plain processes"
        said = f"but pods can't have networks of their own here ({why}"
        self.assertEqual(done.stdout.count(said), 1, done.stdout)
        done = subprocess.run([binary(), "run", "--network", "pod", "--state", "own", "job.yaml"], **arguments)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)

    def test_another_word_is_bad_input(self):
        self.assertEqual(self.reprieve("run", "--network", "bridge", self.write(HELLO)).returncode, 2)


if __name__ == "__main__":
    main()
