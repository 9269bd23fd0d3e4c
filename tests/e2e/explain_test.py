"""`reprieve explain`: objects of a cluster, and the journal of a run, as the chain of verdicts."""
import json

from harness import Reprieve, main

UID = "11111111-1111-4111-8111-111111111111"


def pod(name, ended, code, conditions="", more=""):
    return f"""
- apiVersion: v1
  kind: Pod
  metadata:
    name: {name}
    namespace: default
    uid: uid-of-{name}
    ownerReferences: [{{apiVersion: batch/v1, kind: Job, name: train, uid: {UID}, controller: true}}]
    managedFields: [{{manager: kubelet, operation: Update, fieldsType: FieldsV1, fieldsV1: {{"f:status": {{}}}}}}]
  spec:
    restartPolicy: Never
    containers: [{{name: main, image: trainer, env: [{{name: TOKEN, value: hunter2}}]}}]
  status:
    phase: Failed
    fieldOfTomorrow: 1
    conditions: [{conditions}]
    containerStatuses:
    - {{name: main, state: {{terminated: {{exitCode: {code}, finishedAt: "{ended}"}}}}}}{more}"""


def dump(*pods, failed=2, end=""):
    """As kubectl prints it: items before kind."""
    return f"""apiVersion: v1
items:
- apiVersion: batch/v1
  kind: Job
  metadata: {{name: train, namespace: default, uid: {UID}, creationTimestamp: "2026-11-22T12:00:00Z"}}
  spec:
    backoffLimit: 3
    podFailurePolicy:
      rules:
      - action: Ignore
        onPodConditions: [{{type: DisruptionTarget, status: "True"}}]
      - action: FailJob
        onExitCodes: {{operator: In, values: [42]}}
    template: {{spec: {{restartPolicy: Never, containers: [{{name: main, image: trainer}}]}}}}
  status:
    startTime: "2026-11-22T12:00:00Z"
    failed: {failed}
    conditions: [{end}]{"".join(pods)}
- apiVersion: v1
  kind: Secret
  metadata: {{name: token, namespace: default}}
  data: {{password: aHVudGVyMg==}}
kind: List
metadata: {{resourceVersion: ""}}
"""


MESSAGE = "Container main for pod default/train-c failed with exit code 42 matching FailJob rule at index 1"
ENDED = f"""{{type: Failed, status: "True", lastTransitionTime: "2026-11-22T12:03:01Z", reason: PodFailurePolicy, message: {MESSAGE}}}"""
FAILED = dump(
    pod("train-a", "2026-11-22T12:01:00Z", 1),
    pod("train-b", "2026-11-22T12:02:00Z", 143, '{type: DisruptionTarget, status: "True", reason: EvictionByEvictionAPI}'),
    pod("train-c", "2026-11-22T12:03:00Z", 42),
    end=ENDED,
)


class ObjectsOfACluster(Reprieve):
    def test_the_chain_is_told_oldest_first(self):
        done = self.reprieve("explain", "-", stdin=FAILED)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, """Now is 2026-11-22T12:03:01Z, the newest time in the objects; --at sets another.

Job train failed after 3m1s: PodFailurePolicy
  2 failures counted · 1 ignored
  backoffLimit 3, 2 used

  12:01:00  train-a exited 1 in container main
            → retry 1 of 3 in 10s
  12:02:00  train-b has condition DisruptionTarget (EvictionByEvictionAPI)
            → rule 1 Ignore (<stdin>:10)
            → not counted, retry in 20s
  12:03:00  train-c exited 42 in container main
            → rule 2 FailJob (<stdin>:12)
            → Job train failed: PodFailurePolicy
""")

    def test_json_has_every_verdict(self):
        done = self.reprieve("explain", self.write(FAILED, "dump.yaml"), "-o", "json", "--at", "2026-11-22T12:10:00Z")
        told = json.loads(done.stdout)
        self.assertEqual((done.returncode, told["now"], told["nowFrom"]), (0, "2026-11-22T12:10:00Z", "flag"))
        [job] = told["subjects"]
        self.assertEqual([entry["verdict"]["action"] for entry in job["chain"]], ["Count", "Ignore", "FailJob"])
        self.assertEqual([entry["verdict"].get("rule", {}).get("index") for entry in job["chain"]], [None, 0, 1])

    def test_secrets_and_the_environment_are_never_printed(self):
        broken = FAILED.replace("password: aHVudGVyMg==", "password: aHVudGVyMg==]")
        wrong = FAILED.replace("value: hunter2", "value: [hunter2]")
        for text in (FAILED, broken, wrong):
            for output in ("text", "json"):
                done = self.reprieve("explain", "-", "-o", output, "--all", stdin=text)
                self.assertEqual(done.returncode, 0 if text is FAILED else 2)
                for secret in ("aHVudGVyMg", "hunter2"):
                    self.assertNotIn(secret, done.stdout + done.stderr)

    def test_a_dump_that_is_cut_off_is_refused_wherever_the_cut_is(self):
        lines = FAILED.splitlines(keepends=True)
        for count in range(4, len(lines) - 2):
            done = self.reprieve("explain", "-", stdin="".join(lines[:count]))
            self.assertEqual((done.returncode, done.stdout), (2, ""), f"cut after line {count}")
            self.assertRegex(done.stderr, r"^<stdin>:\d+:\d+: ", f"cut after line {count}")

    def test_an_object_that_is_not_what_it_says_is_one_error_at_its_line(self):
        text = FAILED.replace("backoffLimit: 3", "backoffLimit: three")
        done = self.reprieve("explain", "-", stdin=text)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r'^<stdin>:7:\d+: Job "train" can\'t be read: ')

    def test_nothing_to_explain_says_what_to_get(self):
        done = self.reprieve("explain", "-", stdin="{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {a: Yg==}}")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no JobSet, Job or Pod among the objects (1 Secret)", done.stderr)

    def test_many_failures_alike_are_told_by_the_first_and_the_last(self):
        pods = [pod(f"train-{i:02}", f"2026-11-22T12:{i:02}:00Z", 1) for i in range(30)]
        text = dump(*pods, failed=30).replace("backoffLimit: 3", "backoffLimit: 99")
        short = self.reprieve("explain", "-", stdin=text).stdout
        self.assertIn("… 28 more failures alike; --all shows them", short)
        self.assertEqual((short.count(" exited 1 in "), self.reprieve("explain", "-", "--all", stdin=text).stdout.count(" exited 1 in ")), (2, 30))


if __name__ == "__main__":
    main()
