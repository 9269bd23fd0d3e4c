#!/usr/bin/env python3
"""The command line itself: verbs, flags, exit codes, and what becomes of output that nobody reads.

Usage: verbs_test.py REPRIEVE [TEST...]
"""
import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from harness import Reprieve, binary, job, main
from machine import mark, needs_mounts


class Verbs(Reprieve):
    def succeeds(self, *args):
        done = self.reprieve(*args)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def test_help_is_there_as_a_verb_and_as_a_flag(self):
        self.assertEqual(self.succeeds("help"), self.succeeds("--help"))
        self.assertEqual(self.succeeds("help", "run"), self.succeeds("run", "--help"))
        self.assertTrue(self.succeeds("help", "clean").startswith("Example"))

    def test_help_fits_a_terminal_of_80_columns(self):
        for verb in ("help", "run", "validate", "explain", "clean", "agent", "completion", "version"):
            text = self.succeeds(verb, "--help") + self.succeeds("help", verb)
            self.assertEqual([line for line in text.splitlines() if len(line) > 80], [], verb)

    def test_help_of_an_unknown_verb_names_the_nearest(self):
        done = self.reprieve("help", "valdate")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("Did you mean validate?", done.stderr)

    def test_the_version_is_there_as_a_verb_and_as_a_flag(self):
        self.assertRegex(self.succeeds("version"), r"^reprieve \d+\.\d+\.\d+\n$")
        self.assertEqual(self.succeeds("version"), self.succeeds("--version"))

    def test_an_unknown_verb_names_the_nearest(self):
        done = self.reprieve("vresion")
        self.assertEqual(done.returncode, 2)
        self.assertIn("Did you mean version?", done.stderr)

    def test_a_flag_without_a_file_says_what_is_missing(self):
        for verb in ("run", "validate"):
            done = self.reprieve(verb, "--color", "never")
            self.assertEqual(done.returncode, 2)
            self.assertIn("FILE is required", done.stderr)
            self.assertIn(f"See reprieve {verb} --help.", done.stderr)

    def test_files_are_given_by_flag_as_with_kubectl(self):
        for name in "abc":
            self.write(job(name, "true"), f"{name}.yaml")
        self.succeeds("validate", "-f", "a.yaml", "-f", "b.yaml", "c.yaml")
        self.succeeds("validate", "--filename=a.yaml", "c.yaml")
        done = self.reprieve("run", "-f", "a.yaml", "b.yaml", "-f", "c.yaml")
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in "abc":
            self.assertIn(f"Job {name} completed", done.stdout)
        done = self.reprieve("run", "-f", "-", stdin=job("piped", "true"))
        self.assertIn("Job piped completed", done.stdout)
        self.assertEqual(self.reprieve("validate", "-f", "absent.yaml").returncode, 2)


class Completion(Reprieve):
    def flags(self, verb):
        text = self.reprieve(verb, "--help").stdout
        return {word.strip(",.:;") for word in text.split() if word.startswith("--") and len(word) > 2}

    def test_every_verb_and_flag_is_completed_in_every_shell(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.reprieve("completion", shell).stdout
            for verb in ("run", "validate", "explain", "clean", "agent", "completion", "help", "version"):
                self.assertIn(verb, script)
            for flag in ("filename", "dry-run", "node-resource", "older-than", "log-max-size", "log-max-files"):
                self.assertIn(flag, script)

    @unittest.skipUnless(shutil.which("bash"), "there is no bash on this machine")
    def test_bash_completes_verbs_flags_values_and_the_verbs_that_help_knows(self):
        (self.cwd / "completion").write_text(self.reprieve("completion", "bash").stdout)
        (self.cwd / "train.yaml").write_text("")

        def complete(*words):
            script = (f"source ./completion; COMP_WORDS=({' '.join(repr(w) for w in words)}); "
                      f"COMP_CWORD={len(words) - 1}; _reprieve; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
            return subprocess.run(["bash", "-c", script], cwd=self.cwd, text=True, capture_output=True).stdout.split()
        self.assertEqual(complete("reprieve", "cl"), ["clean"])
        self.assertEqual(complete("reprieve", "run", "--dry"), ["--dry-run"])
        self.assertEqual(complete("reprieve", "run", "--output", "j"), ["json"])
        self.assertEqual(complete("reprieve", "run", "-o", "j"), ["json"])
        self.assertEqual(complete("reprieve", "completion", "f"), ["fish"])
        self.assertEqual(complete("reprieve", "help", "val"), ["validate"])
        # Of files the shell knows more than we do.
        self.assertEqual(complete("reprieve", "run", "tr"), [])

    def test_the_scripts_are_understood_by_their_shells(self):
        for shell in ("bash", "zsh", "fish"):
            if not shutil.which(shell):
                print(f"skipped: there is no {shell} on this machine")
                continue
            script = self.write(self.reprieve("completion", shell).stdout, f"completion.{shell}")
            done = subprocess.run([shell, "-n", script], cwd=self.cwd, text=True, capture_output=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""), shell)


class DryRun(Reprieve):
    def dry_run(self, *args, **kwargs):
        before = sorted(self.cwd.iterdir())
        done = self.reprieve("run", "--dry-run", *args, **kwargs)
        self.assertEqual(sorted(self.cwd.iterdir()), before, "a dry run has written something")
        return done

    def test_it_says_what_would_run_and_starts_nothing(self):
        text = job("train", "touch ran", spec="  completions: 5\n  parallelism: 2") + """---
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: group}
spec:
  replicatedJobs:
  - name: workers
    replicas: 3
    template:
      spec:
        parallelism: 2
        completions: 2
        template:
          spec:
            restartPolicy: Never
            containers: [{name: main, image: none, command: [touch, ran]}]
"""
        done = self.dry_run(self.write(text))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"Job train +5 pods, 2 at a time +job.yaml:2")
        self.assertRegex(done.stdout, r"JobSet group +6 pods +job.yaml:18")
        self.assertIn("nothing was started", done.stdout)
        self.assertFalse((self.cwd / "ran").exists())

    def test_json_has_one_object_for_each(self):
        done = self.dry_run("-o", "json", self.write(job("train", "true", spec="  completions: 5\n  parallelism: 2")))
        events = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(events), 1, done.stdout)
        event = events[0]
        self.assertEqual({key: event[key] for key in ("type", "namespace", "job", "pods", "podsAtOnce", "file", "line")},
                         {"type": "wouldRun", "namespace": "default", "job": "train", "pods": 5, "podsAtOnce": 2,
                          "file": "job.yaml", "line": 2})

    def test_bad_input_is_refused_as_by_run(self):
        for text in (job("x", "true", spec="  parallelism: 0"), job("x", "true", spec="  completions: -1")):
            name = self.write(text)
            dry, real = self.dry_run(name), self.reprieve("run", name)
            self.assertEqual((dry.returncode, dry.stdout, dry.stderr), (2, "", real.stderr))
            self.assertEqual(real.returncode, 2)

    def test_a_state_folder_that_cannot_be_used_is_found(self):
        (self.cwd / "plain").write_text("")
        done = self.dry_run("--state", "plain", self.write(job("x", "true")))
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertEqual(self.reprieve("run", "--state", "plain", "job.yaml").returncode, 3)
        self.assertIn("plain", done.stderr)

    def test_a_metrics_file_that_cannot_be_written_is_found(self):
        done = self.dry_run("--metrics-file", "absent/metrics", self.write(job("x", "true")))
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertEqual(self.reprieve("run", "--metrics-file", "absent/metrics", "job.yaml").returncode, 2)


class NodeResources(Reprieve):
    GPUS = "        resources: {limits: {nvidia.com/gpu: 4}}"

    def test_a_gpu_job_is_rehearsed_without_gpus(self):
        text = job("train", 'echo "gpus=[${CUDA_VISIBLE_DEVICES-unset}]"', spec="  completions: 2\n  parallelism: 2",
                   container=self.GPUS)
        done = self.reprieve("run", self.write(text))
        self.assertEqual(done.returncode, 2, done.stdout)
        done = self.reprieve("run", "--logs", "--node-resource", "n1:nvidia.com/gpu=8", "job.yaml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("gpus=[]"), 2, done.stdout)
        self.assertIn("CUDA_VISIBLE_DEVICES", done.stdout)

    def test_nodes_are_matched_by_pattern_and_the_later_rule_wins(self):
        text = job("train", "true", spec="  completions: 2\n  parallelism: 2", container=self.GPUS)
        done, events = self.events("--nodes", "2", "--node-resource", "n?:nvidia.com/gpu=4", "--node-resource",
                                   "n1:nvidia.com/gpu=0", self.write(text))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual({e["node"] for e in events if e["type"] == "pod" and e["phase"] == "Running"}, {"n2"})

    def test_what_is_wrong_with_a_rule_is_said(self):
        name = self.write(job("x", "true"))
        for rule, expected in (("nonsense", "NODE:KEY=VALUE"), ("n7:cpu=1", "there is no node n7"),
                               ("n1:cpu=lots", "not a quantity"), ("n1:nvidia.com/gpu=0.5", "whole number"),
                               ("n1:cpu=-1", "negative"), ("n1:gpu=8", "Did you mean nvidia.com/gpu?")):
            done = self.reprieve("run", "--node-resource", rule, name)
            self.assertEqual(done.returncode, 2, rule)
            self.assertIn(expected, done.stderr)


class WrongInputAsJson(Reprieve):
    def errors(self, *args, **kwargs):
        done = self.reprieve("run", *args, **kwargs)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stderr, "")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_errors_of_manifests_are_objects_with_their_place(self):
        name = self.write(job("x", "true", spec="  completions: -1\n  backofLimit: 3"))
        errors = self.errors("-o", "json", name)
        self.assertEqual([e["type"] for e in errors], ["error"] * 2)
        by_field = {e["field"]: e for e in errors}
        self.assertEqual(by_field["spec.backofLimit"]["file"], "job.yaml")
        self.assertEqual(by_field["spec.backofLimit"]["line"], 7)
        self.assertIn("Did you mean backoffLimit?", by_field["spec.backofLimit"]["advice"])
        self.assertTrue(by_field["spec.completions"]["message"])
        # `validate` prints the same.
        validated = self.reprieve("validate", "-o", "json", name)
        self.assertEqual(validated.stdout.splitlines(), [json.dumps(e, separators=(",", ":"), ensure_ascii=False) for e in errors])

    def test_errors_of_flags_are_objects(self):
        name = self.write(job("x", "true"))
        for args in (["--inject", "node n9 is drained at 1s"], ["--image", "nonsense"], ["--node-label", "nonsense"],
                     ["--nodes", "many"], ["--noodes", "3"]):
            errors = self.errors("-o", "json", *args, name)
            self.assertEqual(len(errors), 1, args)
            self.assertEqual(errors[0]["type"], "error")
            self.assertTrue(errors[0]["message"], args)
        self.assertIn("--nodes", self.errors("--output=json", "--noodes", "3", name)[0]["advice"])
        self.assertIn("FILE is required", self.errors("--output", "json")[0]["message"])

    def test_a_run_that_is_not_possible_here_is_an_object_too(self):
        (self.cwd / "plain").write_text("")
        done = self.reprieve("run", "-ojson", "--state", "plain", self.write(job("x", "true")))
        self.assertEqual((done.returncode, done.stderr), (3, ""))
        self.assertEqual(json.loads(done.stdout)["type"], "error")


class UnreadOutput(Reprieve):
    def start(self, *args, command=f"sleep {mark()}; true"):
        manifest = self.write(job("sleeps", command))
        process = subprocess.Popen([binary(), "run", "--runtime", "sandbox", *args, manifest], cwd=self.cwd, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertIn("sleeps", process.stdout.readline())
        return process

    def assert_nothing_left(self):
        self.assert_gone(mark())
        self.assertEqual(list((self.cwd / "reprieve-state" / "volumes").iterdir()), [])

    def test_a_reader_that_goes_away_ends_the_run_as_sigpipe_would(self):
        for output in ("text", "json"):
            process = self.start("-o", output)
            process.stdout.close()
            errors = process.communicate(timeout=20)[1]
            self.assertEqual(process.returncode, -signal.SIGPIPE, errors)
            self.assertIn("ending 1 pod", errors)
            self.assert_nothing_left()

    def test_one_that_prints_a_lot_ends_the_same_way(self):
        process = self.start("--logs", command=f"yes {mark()}; true")
        process.stdout.close()
        errors = process.communicate(timeout=20)[1]
        self.assertEqual(process.returncode, -signal.SIGPIPE, errors)
        self.assert_nothing_left()

    def test_a_shell_sees_141(self):
        self.write(job("two", "sleep 600; true"))
        script = f"'{binary()}' run job.yaml | head -1; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", script], cwd=self.cwd, text=True, capture_output=True, timeout=30)
        self.assertEqual(done.stdout.splitlines()[-1], "141", done.stdout + done.stderr)

    def test_a_full_device_is_named_and_the_jobs_own_exit_code_kept(self):
        for command, code in (("true", 0), ("exit 1", 1)):
            name = self.write(job("x", command, spec="  backoffLimit: 0"))
            with open("/dev/full", "w") as full:
                done = subprocess.run([binary(), "run", name], cwd=self.cwd, stdout=full, stderr=subprocess.PIPE,
                                      text=True, timeout=60)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertEqual(done.stderr.count("No space left on device"), 1, done.stderr)

    def test_what_says_nothing_but_its_output_fails_without_it(self):
        for args in (["validate", self.write("kind: Job")], ["version"], ["completion", "bash"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([binary(), *args], cwd=self.cwd, stdout=full, stderr=subprocess.PIPE, text=True,
                                      timeout=60)
            self.assertNotEqual(done.returncode, 0, args)
            self.assertIn("No space left on device", done.stderr)


class LogRotation(Reprieve):
    def logs(self):
        return sorted(p.name for p in (self.cwd / "reprieve-state" / "logs").glob("*/main/*"))

    def test_the_limits_are_flags(self):
        text = job("x", "for i in $(seq 1 20000); do echo a line of some length, number $i; done")
        done = self.reprieve("run", "--log-max-size", "8Ki", "--log-max-files", "3", self.write(text))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(set(self.logs()) <= {"0.log", "0.log.1", "0.log.2"}, self.logs())
        self.assertIn("0.log.2", self.logs())

    def test_usually_ten_mebibytes_are_one_file(self):
        text = job("x", "head -c 3000000 /dev/zero | tr '\\0' a | fold -w 999")
        self.assertEqual(self.reprieve("run", self.write(text)).returncode, 0)
        self.assertEqual(self.logs(), ["0.log"])

    def test_limits_that_are_none_are_refused(self):
        name = self.write(job("x", "true"))
        for flag, value in (("--log-max-size", "many"), ("--log-max-size", "0"), ("--log-max-files", "1"),
                            ("--log-max-files", "x")):
            done = self.reprieve("run", flag, value, name)
            self.assertEqual(done.returncode, 2, (flag, value))
            self.assertIn(flag, done.stderr)


class Clean(Reprieve):
    def setUp(self):
        super().setUp()
        self.state = self.cwd / "reprieve-state"

    def log(self, pod, age_days, text="2026-01-01T00:00:00.0Z stdout F hello\n"):
        """A pod's log that is so old."""
        folder = self.state / "logs" / f"default_{pod}"
        (folder / "main").mkdir(parents=True)
        (folder / "main" / "0.log").write_text(text)
        then = time.time() - age_days * 86400
        for path in (folder / "main" / "0.log", folder / "main", folder):
            os.utime(path, (then, then))
        return folder

    def clean(self, *args, code=0):
        done = self.reprieve("clean", *args)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_old_logs_go_and_new_ones_stay(self):
        old, new = self.log("old-abcde", 8), self.log("new-abcde", 6)
        output = self.clean()
        self.assertFalse(old.exists())
        self.assertTrue(new.exists())
        self.assertIn("default_old-abcde", output)
        self.assertNotIn("default_new-abcde", output)
        self.assertRegex(output, r"Removed 1 log folder \([\d.]+ \w+\)")

    def test_the_age_is_a_flag(self):
        old, new = self.log("old-abcde", 3), self.log("new-abcde", 1)
        self.clean("--older-than", "2d")
        self.assertEqual((old.exists(), new.exists()), (False, True))
        self.clean("--older-than", "12h")
        self.assertFalse(new.exists())
        self.assertIn("--older-than", self.clean("--older-than", "week", code=2))

    def test_a_dry_run_removes_nothing(self):
        old = self.log("old-abcde", 8)
        output = self.clean("--dry-run")
        self.assertTrue(old.exists())
        self.assertIn("default_old-abcde", output)
        self.assertIn("Would remove 1 log folder", output)

    def test_what_is_no_log_of_ours_stays(self):
        photos = self.state / "logs" / "photos"
        photos.mkdir(parents=True)
        (photos / "0.log").write_text("")
        planted = self.log("planted-abcde", 8)
        (planted / "notes.txt").write_text("mine")
        outside = self.cwd / "outside"
        outside.mkdir()
        (outside / "0.log").write_text("kept")
        linked = self.log("linked-abcde", 8)
        shutil.rmtree(linked / "main")
        (linked / "main").symlink_to(outside)
        (self.state / "logs" / "default_x-abcde").symlink_to(outside)
        claim = self.state / "claims" / "default" / "data"
        claim.mkdir(parents=True)
        self.clean("--older-than", "0s")
        for path in (photos / "0.log", planted / "notes.txt", outside / "0.log", claim):
            self.assertTrue(path.exists(), path)

    def test_a_folder_that_is_not_there(self):
        self.assertIn("nothing to remove", self.clean())
        self.assertIn("absent", self.clean("--state", "absent", code=2))
        self.assertIn("--state", self.clean("--state", "", code=2))

    @needs_mounts
    def test_volumes_of_a_run_that_was_killed_go_and_those_of_one_that_lives_stay(self):
        volume = "      volumes: [{name: v, emptyDir: {}}]"
        mount = "        volumeMounts: [{name: v, mountPath: /tmp/v}]"
        processes = []
        for name in ("killed", "lives"):
            manifest = self.write(job(name, "echo here; echo data > /tmp/v/file; sleep 600; true", pod=volume,
                                      container=mount), f"{name}.yaml")
            process = subprocess.Popen([binary(), "run", "--logs", manifest], cwd=self.cwd, text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            processes.append(process)
            while "here" not in process.stdout.readline():
                self.assertIsNone(process.poll())
        killed, lives = processes
        try:
            volumes = self.state / "volumes"
            both = {p for p in volumes.iterdir() if p.is_dir()}  # each has its lock beside it
            self.assertEqual(len(both), 2)
            killed.kill()
            killed.wait()
            self.log("old-abcde", 8)
            output = self.clean("--older-than", "0s")
            left = {p for p in volumes.iterdir() if p.is_dir()}
            self.assertEqual(len(left), 1, output)
            # Its files and its log are as they were.
            self.assertTrue([p for p in left.pop().rglob("file")], output)
            logs = {p.name.rsplit("-", 1)[0] for p in (self.state / "logs").iterdir()}
            self.assertIn("default_lives", logs)
            self.assertNotIn("default_old", logs)
            lives.send_signal(signal.SIGINT)
            lives.communicate(timeout=60)
            self.clean("--older-than", "0s")
            self.assertEqual(list((self.state / "logs").iterdir()), [])
        finally:
            for process in processes:
                process.kill()
                process.communicate()


if __name__ == "__main__":
    main()
