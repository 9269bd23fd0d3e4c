#!/usr/bin/env python3
"""Pods in images on a network of the run's own, by a Podman and a Docker of the test's own: addresses, names, one port in every pod,
what is left of a killed run, an engine that can't make networks.

Usage: image_network_test.py REPRIEVE [TEST...]
"""
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from engine import Docker, Podman, busybox, why_no_network, why_none
from harness import Reprieve, binary, main
from images_test import IMAGE, Images

# Listens on 0.0.0.0 as all others do, asks each of NAMES who it is, and ends when all three have met.
MEET = ("while true; do echo I am $(hostname) | nc -l -p 5000; done & "
        "for name in $NAMES; do "
        "until said=$(nc -w 2 $name 5000 </dev/null 2>/dev/null) && [ -n \"$said\" ]; do sleep 0.2; done; "
        "echo met $name: $said; done; echo at $POD_IP of $(ip -4 -o addr show eth0 | grep -o 'inet [0-9.]*'); "
        "touch /host/met-$(hostname); until [ $(ls /host | grep -c met-) = 3 ] && [ -e /host/go ]; do sleep 0.1; done; "
        "kill %1; exit 0")


def jobset(command, directory, rest="", name="js"):
    """A leader and two workers that run `command` in sh."""
    def group(group_name, replicas):
        return f"""
  - name: {group_name}
    replicas: {replicas}
    template:
      spec:
        backoffLimit: 0
        template:
          spec:
            restartPolicy: Never
            terminationGracePeriodSeconds: 1
            volumes: [{{name: host, hostPath: {{path: {directory}}}}}]
            containers:
            - name: main
              image: {IMAGE}
              command: [sh, -c, {json.dumps(command)}]
              ports: [{{containerPort: 5000}}]
              volumeMounts: [{{name: host, mountPath: /host}}]
{rest}
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
  replicatedJobs:{group("leader", 1)}{group("worker", 2)}"""


class OnANetwork(Images):
    @classmethod
    def setUpClass(cls):
        if why_no_network(cls.KIND):
            raise unittest.SkipTest(why_no_network(cls.KIND))
        super().setUpClass()

    def tearDown(self):
        if self.engine.process.poll() is None:
            self.assertEqual(self.networks(), [], "networks are left behind")
        super().tearDown()

    def networks(self):
        return [each["Name"] for each in self.engine.ask("GET", "/networks")[1] if each["Name"].startswith("reprieve-")]


class Pods(OnANetwork):
    def test_a_leader_and_workers_listen_on_one_port_and_meet_by_name(self):
        (self.cwd / "go").touch()
        out = self.run_in_images("--logs", self.write(jobset(MEET, self.cwd)))
        self.assertIn("Network: several pods of these manifests declare containerPort 5000: each pod of a JobSet has an "
                      f"address of its own on a network of {self.KIND.__name__}", out)
        for name in ("js-leader-0-0", "js-worker-0-0", "js-worker-1-0"):
            self.assertEqual(out.count(f"/main: met {name}.js: I am {name}\n"), 3, out)
        self.assertEqual(len(set(re.findall(r"/main: at ((?:100|10)\.\S+) of inet \1\n", out))), 3, out)

    def test_pods_without_names_have_addresses_by_request_and_reach_this_machine(self):
        manifest = self.manifest("echo $(ip -4 -o addr show eth0 | grep -o 'inet [0-9.]*') is $POD_IP; nc -w 5 $HOST_IP $PORT </dev/null",
                                 container="""        env:
        - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: HOST_IP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}""")
        peers = []

        def serve(server):
            client, peer = server.accept()
            peers.append(peer[0])
            client.close()
        with socket.create_server(("0.0.0.0", 0)) as server:
            server.settimeout(100)
            thread = threading.Thread(target=serve, args=[server])
            thread.start()
            text = (self.cwd / manifest).read_text().replace("$PORT", str(server.getsockname()[1]))
            out = self.run_in_images("--logs", "--network", "pod", self.write(text))
            thread.join()
        self.assertRegex(out, rf"/main: inet {peers[0]} is {peers[0]}\n")

    def test_probes_reach_pods_at_their_addresses(self):
        probes = """
              startupProbe: {tcpSocket: {port: 5000}, periodSeconds: 1, failureThreshold: 30}
              readinessProbe: {tcpSocket: {port: 5000}, periodSeconds: 1}"""
        command = "while true; do nc -l -p 5000 </dev/null && touch /host/asked-$(hostname); done & " \
                  "until [ $(ls /host | grep -c asked-) = 3 ]; do sleep 0.1; done; kill %1; exit 0"
        self.run_in_images(self.write(jobset(command, self.cwd, probes)))
        self.assertEqual(len(list(self.cwd.glob("asked-*"))), 3)

    def test_a_restarted_jobset_has_its_addresses_again(self):
        (self.cwd / "go").touch()
        command = ("echo at $(ip -4 -o addr show eth0 | grep -o 'inet [0-9.]*'); "
                   "[ -e /host/again-$(hostname) ] || { touch /host/again-$(hostname); [ $(hostname) = js-leader-0-0 ] && "
                   "until [ $(ls /host | grep -c again-) = 3 ]; do sleep 0.1; done; exit 1; }")
        text = jobset(command, self.cwd).replace("spec:\n  replicatedJobs", "spec:\n  failurePolicy: {maxRestarts: 3}\n  replicatedJobs")
        out = self.run_in_images("--logs", self.write(text))
        seen = re.findall(r"/main: at inet (\S+)\n", out)
        self.assertGreaterEqual(len(seen), 6, out)
        self.assertEqual(len(set(seen)), 3, out)

    def test_a_pod_with_host_network_has_this_machines(self):
        here = os.readlink("/proc/self/ns/net")
        self.assertIn(here, self.run_in_images("--logs", "--network", "pod", self.manifest(
            "readlink /proc/self/ns/net", pod="      hostNetwork: true")))
        self.assertNotIn(here, self.run_in_images("--logs", "--network", "pod", self.manifest("readlink /proc/self/ns/net")))

    def test_programs_of_this_machine_beside_them_share_its_network(self):
        here = self.write(json.dumps({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "here"},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "this-machine", "command": ["true"]}]}}),
            "here.yaml")
        out = self.run_in_images("--network", "pod", self.manifest("true"), here, code=3)
        self.assertIn("pods can't have networks of their own here: some pods run in images and others are programs of this "
                      "machine, and no network connects both; leave out --network pod", out)


class Killed(OnANetwork):
    def test_what_a_killed_run_left_is_removed_by_clean(self):
        with subprocess.Popen(self.start("--logs", self.write(jobset(MEET, self.cwd))), cwd=self.cwd, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
            self.await_text(run, "/main: at ")
            run.send_signal(signal.SIGKILL)
            run.stdout.read()
        self.assertEqual(len(self.networks()), 1)
        name = self.networks()[0]
        clean = ["clean", "--engine", self.engine.socket]
        self.assertIn(f"would remove  network {name} of {self.KIND.__name__}", self.reprieve(*clean, "--dry-run").stdout)
        done = self.reprieve(*clean)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"removed  network {name} of {self.KIND.__name__}", done.stdout)
        self.assertEqual(self.networks(), [])


class DockerPods(Pods):
    KIND = Docker


class DockerKilled(Killed):
    KIND = Docker


class WithoutWhatItNeeds(Reprieve):
    def test_an_engine_that_can_not_connect_a_container_is_said_before_anything_starts(self):
        """Its iptables is a program that fails."""
        if why_none(Podman):
            self.skipTest(why_none(Podman))
        with tempfile.TemporaryDirectory() as directory:
            class Poor(Podman):
                def environment(self):
                    return {**super().environment(), "PATH": directory + ":" + super().environment()["PATH"]}
            for name in ("iptables", "ip6tables", "iptables-nft", "iptables-legacy"):
                with open(f"{directory}/{name}", "w") as file:
                    file.write("#!/bin/sh\necho no iptables here >&2\nexit 3\n")
                subprocess.run(["chmod", "755", f"{directory}/{name}"], check=True)
            engine = Poor()
            try:
                engine.load(IMAGE, busybox(), {"Env": ["PATH=/bin"]})
                self.write(f"""
apiVersion: v1
kind: Pod
metadata: {{name: one}}
spec: {{restartPolicy: Never, containers: [{{name: main, image: '{IMAGE}', command: [touch, /tmp/x]}}]}}
""")
                done = self.reprieve("run", "--runtime", "docker", "--engine", engine.socket, "--network", "pod", "job.yaml")
                self.assertEqual((done.returncode, done.stdout), (3, ""), done.stderr)
                self.assertRegex(done.stderr, r"pods can't have networks of their own here: Podman \S+ at \S+ starts no container "
                                              r"on a network of its own: .*; Podman needs netavark or containernetworking-plugins")
                self.assertEqual(engine.containers(), [])
            finally:
                engine.close()


if __name__ == "__main__":
    main()
