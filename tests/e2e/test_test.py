"""reprieve test: policy tests with the real binary."""
import json
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as xml

from harness import EXAMPLES, HERE, Reprieve, binary, main

TRAIN = """apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: train}
spec:
  failurePolicy:
    maxRestarts: 3
    rules:
    - action: FailJobSet
      onJobFailureReasons: [PodFailurePolicy]
    - action: RestartJobSetAndIgnoreMaxRestarts
      onJobFailureReasons: [BackoffLimitExceeded]
  replicatedJobs:
  - name: leader
    template:
      spec:
        completionMode: Indexed
        completions: 1
        parallelism: 1
        backoffLimit: 0
        podFailurePolicy:
          rules:
          - action: FailJob
            onExitCodes: {operator: NotIn, values: [143]}
        template:
          spec:
            restartPolicy: Never
            containers: [{name: main, image: x, command: [python, train.py]}]
"""
CASES = """kind: PolicyTest
manifests: [train.yaml]
cases:
- name: a preempted leader is forgiven
  when: [pod leader-0-0 is preempted at 10s]
  expect: [JobSet train completes]
- name: 'a bug <in> the "leader" # ends it'
  when: [pod leader-0-0 exits 42 at 10s]
  expect: [JobSet train fails by 30s because FailJobSet, no pod starts after 12s]
"""


class Policies(Reprieve):
    def setUp(self):
        super().setUp()
        self.write(TRAIN, "train.yaml")
        self.write(CASES, "train-test.yaml")

    def test_a_case_that_fails_says_what_was_so_and_how_it_came(self):
        done = self.reprieve("test", "train-test.yaml")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stderr, "")
        self.assertIn("  FAIL  a preempted leader is forgiven\n", done.stdout)
        self.assertIn("        train-test.yaml:6\n          expected  JobSet train completes\n"
                      "          actual    JobSet train fails at 41s because FailJobSetFailurePolicyAction\n", done.stdout)
        self.assertRegex(done.stdout, r"    41s  train-leader-0-0-\w+ exited 137 in container main → rule 1 FailJob "
                                      r"\(train.yaml:22\) → Job train-leader-0 failed: PodFailurePolicy → "
                                      r"JobSet train: rule 1 FailJobSet \(train.yaml:8\)")
        self.assertTrue(done.stdout.endswith("\n2 cases: 1 passed, 1 failed\n"), done.stdout)

    def test_the_same_run_has_the_same_bytes(self):
        self.assertEqual(self.reprieve("test", "train-test.yaml").stdout, self.reprieve("test", "train-test.yaml").stdout)

    def test_filter(self):
        done = self.reprieve("test", "--filter", "bug", "train-test.yaml")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("1 case: 1 passed, 0 failed", done.stdout)
        none = self.reprieve("test", "--filter", "nothing", "train-test.yaml")
        self.assertEqual(none.returncode, 2)
        self.assertIn("no case has 'nothing' in its name", none.stderr)

    def test_json(self):
        done = self.reprieve("test", "-o", "json", "train-test.yaml")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([line["type"] for line in lines], ["case", "case", "summary"])
        self.assertFalse(lines[0]["passed"])
        self.assertEqual(lines[0]["failures"][0]["line"], 6)
        self.assertEqual(lines[2], {"type": "summary", "cases": 2, "passed": 1, "failed": 1})

    def test_junit(self):
        done = self.reprieve("test", "-o", "junit", "train-test.yaml")
        root = xml.fromstring(done.stdout)
        self.assertEqual((root.tag, root.get("tests"), root.get("failures")), ("testsuites", "2", "1"))
        cases = root.findall("./testsuite/testcase")
        self.assertEqual(cases[1].get("name"), 'a bug <in> the "leader" # ends it')
        self.assertIn("expected JobSet train completes", cases[0].find("failure").get("message"))
        self.assertIsNone(cases[1].find("failure"))

    def test_tap_is_read_by_prove(self):
        done = self.reprieve("test", "-o", "tap", "train-test.yaml")
        self.assertTrue(done.stdout.startswith("TAP version 13\n1..2\nnot ok 1 - train-test.yaml: a preempted leader"), done.stdout)
        self.assertIn('\nok 2 - train-test.yaml: a bug <in> the "leader" \\# ends it\n', done.stdout)
        if shutil.which("prove") is None:
            self.skipTest("prove (Debian package perl) is not here")
        script = self.cwd / "policy.t"
        script.write_text(f"#!/bin/sh\n{binary()} test -o tap --filter bug train-test.yaml\n")
        script.chmod(0o755)
        proved = subprocess.run(["prove", "--exec", "sh", "policy.t"], cwd=self.cwd, text=True, capture_output=True)
        self.assertIn("All tests successful", proved.stdout, proved.stdout + proved.stderr)

    def test_what_init_writes_passes(self):
        written = self.reprieve("test", "--init", "train.yaml")
        self.assertEqual(written.returncode, 0, written.stderr)
        self.assertIn("- name: \"rule 1 of leader: exit code 1\"", written.stdout)
        self.assertIn("- name: a node is lost", written.stdout)
        self.write(written.stdout, "first-test.yaml")
        done = self.reprieve("test", "first-test.yaml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_coverage_names_what_no_case_exercises(self):
        done = self.reprieve("test", "--coverage", "train-test.yaml")
        self.assertIn(" rules and limits were exercised; not these:", done.stdout)
        self.assertIn("  rule 2 of JobSet train  train.yaml:10\n", done.stdout)
        self.assertNotIn("  rule 1 of JobSet train", done.stdout.split("not these:")[1])

    def test_an_event_without_effect_fails_its_case(self):
        self.write("kind: PolicyTest\nmanifests: [train.yaml]\ncases:\n- name: too late\n"
                   "  when: [pod leader-0-0 exits 1 at 2h]\n  expect: [JobSet train completes]\n", "late.yaml")
        done = self.reprieve("test", "late.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("actual    no effect: no pod leader-0-0", done.stdout)

    def test_what_is_wrong_is_shown_at_its_word(self):
        self.write("kind: PolicyTest\nmanifests: [train.yaml]\ncases:\n- name: x\n  when: [node n9 is lost at 1s, pod ledger-0-0 exits 1 at 1s]\n"
                   "  expect: [JobSet tain completes, JobSet train explodes]\n", "wrong.yaml")
        done = self.reprieve("test", "wrong.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertIn("wrong.yaml:6:48: cases[0].expect[1]", done.stderr)
        self.assertIn("expected completes, fails, does not end, is gone or is suspended", done.stderr)
        self.write("kind: PolicyTest\nmanifests: [train.yaml]\ncases:\n- name: x\n  when: [node n9 is lost at 1s, pod ledger-0-0 exits 1 at 1s]\n"
                   "  expect: [JobSet tain completes]\n", "wrong.yaml")
        done = self.reprieve("test", "wrong.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no node n9; nodes are n1 to n4", done.stderr)
        self.assertIn("no pod of these manifests is called ledger-0-0", done.stderr)
        self.assertIn("Did you mean leader-0-0?", done.stderr)
        self.assertIn("nothing of these manifests is called tain", done.stderr)
        self.assertIn("Did you mean train?", done.stderr)
        for file, text in (("nothing.yaml", ""), ("train.yaml", TRAIN)):
            self.write(text, file)
            self.assertEqual(self.reprieve("test", file).returncode, 2)
        self.assertIn("holds no PolicyTest", self.reprieve("test", "train.yaml").stderr)
        self.assertEqual(self.reprieve("test").returncode, 2)
        self.assertEqual(self.reprieve("test", "absent.yaml").returncode, 2)

    def test_an_event_that_only_a_simulation_can_show_is_refused_by_run(self):
        done = self.reprieve("run", "--inject", "pod leader-0-0 never starts", "train.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertIn("`reprieve test` can show it", done.stderr)

    def test_watch_runs_again_when_a_file_changes(self):
        with subprocess.Popen([binary(), "test", "--watch", "train-test.yaml"], cwd=self.cwd, text=True,
                              stdout=subprocess.PIPE) as process:
            def until(text):
                for line in process.stdout:
                    if text in line:
                        return
                self.fail(f"never said {text}")
            until("2 cases: 1 passed, 1 failed")
            self.write(TRAIN.replace("[143]", "[137, 143]"), "train.yaml")
            until("2 cases: 2 passed, 0 failed")
            process.terminate()


class OurOwn(Reprieve):
    """The policy tests of the project: of its examples, and of what policies mean."""

    def test_examples(self):
        done = self.reprieve("test", str(EXAMPLES / "tests"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_policies(self):
        done = self.reprieve("test", str(HERE.parent / "policy" / "jobs-test.yaml"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    main()
