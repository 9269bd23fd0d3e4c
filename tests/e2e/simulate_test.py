"""reprieve simulate: scenarios with the real binary."""
import csv
import io
import json
import signal
import subprocess
import unittest

from harness import EXAMPLES, Reprieve, binary, main

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
  - name: workers
    template:
      spec:
        completionMode: Indexed
        completions: 4
        parallelism: 4
        backoffLimit: 0
        podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: NotIn, values: [143]}}]}
        template: {spec: {restartPolicy: Never, containers: [{name: main, image: x}]}}
"""
SCENARIO = """apiVersion: reprieve.dev/v1alpha1
kind: Scenario
manifests: [train.yaml]
cluster: {pools: [{name: gpu, nodes: 4, spares: 1, price: 30}], startAfter: 30s}
failures:
- name: hardware
  rate: 100 per 1000 node-days
  causes:
  - {name: drained, share: 0.7, event: node is drained, repair: 1h}
  - {name: lost, share: 0.3, event: node is lost, repair: 4h}
work: [{duration: 20d, checkpoint: {every: 1h, takes: 30s}, restart: 2m}]
horizon: 60d
runs: 8
"""


class Scenarios(Reprieve):
    def setUp(self):
        super().setUp()
        self.write(TRAIN, "train.yaml")
        self.write(SCENARIO, "s.yaml")

    def test_the_summary_says_what_it_costs_and_why(self):
        done = self.reprieve("simulate", "s.yaml")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^Simulated on 4 nodes and 1 spare, 8 runs from seed 1\n")
        self.assertRegex(done.stdout, r"ends +\d of 8 runs complete .* failed: JobSet train: FailJobSetFailurePolicyAction")
        self.assertRegex(done.stdout, r"  goodput +[\d.]+ ±[\d.]+ % of the paid node time is useful\n")
        self.assertRegex(done.stdout, r"\n  wasted by cause +node-hours +share +interruptions +lost +waiting +restart\n")

    def test_same_seed_same_bytes_on_any_number_of_workers(self):
        one = self.reprieve("simulate", "s.yaml", "-o", "json", "--workers", "1")
        self.assertEqual(one.stdout, self.reprieve("simulate", "s.yaml", "-o", "json", "--workers", "3").stdout)
        self.assertNotEqual(one.stdout, self.reprieve("simulate", "s.yaml", "-o", "json", "--seed", "9").stdout)

    def test_json_and_csv(self):
        lines = [json.loads(line) for line in self.reprieve("simulate", "s.yaml", "-o", "json").stdout.splitlines()]
        self.assertEqual([line["type"] for line in lines], ["run"] * 8 + ["summary"])
        self.assertEqual([line["seed"] for line in lines[:-1]], list(range(1, 9)))
        self.assertFalse(lines[-1]["partial"])
        completed = sum(all(each["end"] == "completed" for each in line["objects"]) for line in lines[:-1])
        self.assertEqual(lines[-1]["completed"], completed)
        rows = list(csv.DictReader(io.StringIO(self.reprieve("simulate", "s.yaml", "-o", "csv").stdout)))
        self.assertEqual(len(rows), 8)
        self.assertEqual(sum(row["end"] == "completed" for row in rows), completed)
        mean = sum(float(row["goodput"]) for row in rows) / 8
        self.assertAlmostEqual(lines[-1]["goodput"]["mean"], mean, places=9)

    def test_compare_says_which_policy_is_better(self):
        self.write(TRAIN.replace("NotIn, values: [143]", "In, values: [42]"), "mended.yaml")
        done = self.reprieve("simulate", "s.yaml", "--compare", "train.yaml", "--compare", "mended.yaml")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"mended.yaml wins: more of its runs complete \((more than )?[\d.]+ % sure\)\n$")
        same = self.reprieve("simulate", "s.yaml", "--compare", "train.yaml", "--compare", "train.yaml")
        self.assertIn("Neither is better for sure", same.stdout)

    def test_sweep_tries_every_combination(self):
        done = self.reprieve("simulate", "s.yaml", "--runs", "2", "--sweep", "maxRestarts=0,100", "--sweep", "checkpoint=30m,2h")
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("maxRestarts=0, checkpoint=30m", "maxRestarts=100, checkpoint=2h"):
            self.assertIn(f"  {name}", done.stdout)
        self.assertIn("  best: ", done.stdout)
        for wrong in ("maxRestart=1", "maxRestarts", "checkpoint=", "checkpoint=0s", "maxRestarts=-1"):
            self.assertEqual(self.reprieve("simulate", "s.yaml", "--sweep", wrong).returncode, 2, wrong)

    def test_what_init_writes_runs(self):
        written = self.reprieve("simulate", "--init", "train.yaml")
        self.assertEqual(written.returncode, 0, written.stderr)
        self.write(written.stdout, "first.yaml")
        done = self.reprieve("simulate", "first.yaml", "--runs", "2")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_failure_log_gives_a_rate(self):
        self.write("node,up,down\na,0s,10d\na,11d,30d\nb,0s,\nc,5d,9d\n", "log.csv")
        done = self.reprieve("simulate", "--fit", "log.csv")
        self.assertEqual(done.returncode, 0, done.stderr)
        # (10 + 19 + 4 + 30) days over 3 failures.
        self.assertIn("exponential  mean 21d ", done.stdout)
        self.write("node,up,down\na,5d,1d\n", "log.csv")
        wrong = self.reprieve("simulate", "--fit", "log.csv")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("log.csv:2: a node fails after it began to work", wrong.stderr)

    def test_what_is_impossible_is_said_at_its_line(self):
        for change, place, message in (
                (("nodes: 4", "nodes: 0"), "s.yaml:4:", "expected a whole number from 1"),
                (("share: 0.7", "share: 0.9"), "s.yaml:9:", "the shares must add up to 1"),
                (("rate: 100", "rate: -1"), "s.yaml:7:", "expected a number above 0"),
                (("node is drained", "node is draned"), "s.yaml:9:", "did you mean drained?"),
                (("nodes: 4, spares: 1", "nodes: 2, spares: 1"), "s.yaml:4:", "the work needs places for 4 pods at once, the cluster has 3"),
                (("horizon: 60d", "horizon: 6000d"), "s.yaml:12:", "expected a duration up to 3650d"),
                (("[train.yaml]", "[absent.yaml]"), "absent.yaml", "can't be opened"),
                (("{duration", "{of: other, duration"), "s.yaml:11:", "no Job and no JobSet is called other")):
            self.write(SCENARIO.replace(*change), "s.yaml")
            done = self.reprieve("simulate", "s.yaml")
            self.assertEqual(done.returncode, 2, change)
            self.assertIn(place, done.stderr)
            self.assertIn(message, done.stderr)
        self.assertEqual(self.reprieve("simulate", "train.yaml").returncode, 2)
        self.assertEqual(self.reprieve("simulate").returncode, 2)

    def test_ctrl_c_prints_what_is_known(self):
        # Long enough to be interrupted, and with a first run that ends soon.
        self.write(SCENARIO.replace("runs: 8", "runs: 100000"), "s.yaml")
        with subprocess.Popen([binary(), "simulate", "s.yaml", "-o", "json"], cwd=self.cwd, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            try:
                process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                pass
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        summary = json.loads(out.splitlines()[-1])
        self.assertTrue(summary["partial"])
        self.assertGreater(summary["runs"], 0)

    def test_the_example(self):
        done = self.reprieve("simulate", str(EXAMPLES / "scenarios" / "gang.yaml"), "--runs", "4")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    main()
