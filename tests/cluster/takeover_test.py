"""From upstream's JobSet controller to ours and back, in the middle of a restart: all that counts is in the objects, and the
Lease is the same."""
import json
import pathlib
import tarfile

from suite import OnTheCluster, Programs, jobset
from upstream import Upstream

RECORDINGS = pathlib.Path(__file__).resolve().parent.parent / "oracle" / "recordings.tar.xz"
REPLICAS = 10
# A Lease of 15 s is over, and the next has looked.
SUCCESSION = 40


class FromUpstream(OnTheCluster):
    def setUp(self):
        super().setUp()
        if not Programs.upstream:
            self.skipTest("upstream's JobSet controller has not been built (--upstream)")
        self.upstream = None

    def tearDown(self):
        if getattr(self, "upstream", None):
            self.upstream.process.kill()
            self.upstream.process.wait()
            self.upstream.unregister()
        super().tearDown()

    def begin_upstream(self, qps):
        self.upstream = Upstream(Programs.upstream, self.cluster, self.cluster.folder / f"{self.id()}-upstream.log", qps)
        self.wait_for(self.upstream.serves, "upstream's webhooks")

    def end_upstream(self):
        """As a machine that fails: it gives nothing up."""
        self.upstream.process.kill()
        self.upstream.process.wait()
        self.upstream.unregister()

    def attempts(self):
        return sorted(found["metadata"]["labels"]["jobset.sigs.k8s.io/restart-attempt"] for found in self.client.all("jobs")
                      if not found["metadata"].get("deletionTimestamp"))

    def in_the_middle(self):
        """Some Jobs are of the second attempt, and not all."""
        attempts = self.attempts()
        return self.restarts("train") == 1 and "1" in attempts and attempts != ["1"] * REPLICAS

    def fail_one(self):
        self.exit_codes["train-w-3-0"] = 1
        self.wait_for(lambda: self.restarts("train") == 1, "the restart")
        self.exit_codes.clear()

    def assert_goes_on(self):
        self.wait_for(lambda: self.attempts() == ["1"] * REPLICAS and self.running_pods(REPLICAS), "the second attempt", 120)
        self.assertEqual(self.restarts("train"), 1)
        uids = {found["metadata"]["uid"] for found in self.client.all("jobs")}
        self.exit_codes["train-w"] = 0
        ended = self.await_condition("jobsets", "train", "Completed", 120)
        self.assertEqual((ended["reason"], self.restarts("train")), ("AllJobsCompleted", 1))
        self.assertEqual(uids, {found["metadata"]["uid"] for found in self.client.all("jobs")})

    def test_ours_finishes_the_restart_that_upstream_began(self):
        self.begin_upstream(qps=4)
        self.wait_for(self.upstream.leads, "upstream's leadership", SUCCESSION)
        ours = self.start()
        self.says(ours, "waits for the Lease")
        self.client.create("jobsets", jobset("train", replicas=REPLICAS, failurePolicy={"maxRestarts": 2}))
        self.wait_for(lambda: self.running_pods(REPLICAS), "the pods", 120)
        self.fail_one()
        self.wait_for(self.in_the_middle, "the restart's middle", 120)
        self.assertEqual(self.writes_of(ours), [])
        self.end_upstream()
        half = self.attempts()
        self.says(ours, "leads from now on", SUCCESSION)
        self.assertNotEqual(half, ["1"] * REPLICAS)
        self.assert_goes_on()

    def test_upstream_finishes_the_restart_that_ours_began(self):
        ours = self.start("--qps", "8", "--burst", "4")
        self.says(ours, "leads from now on", SUCCESSION)
        self.begin_upstream(qps=500)
        self.client.create("jobsets", jobset("train", replicas=REPLICAS, failurePolicy={"maxRestarts": 2}))
        self.wait_for(lambda: self.running_pods(REPLICAS), "the pods", 120)
        self.fail_one()
        self.wait_for(self.in_the_middle, "the restart's middle", 120)
        ours.kill()
        ours.wait()
        self.wait_for(self.upstream.leads, "upstream's leadership", SUCCESSION)
        self.assert_goes_on()


class FromRecordedObjects(OnTheCluster):
    """Objects as upstream leaves them when it dies right after it has counted a restart: the status says so, and nothing
    has been deleted yet."""

    def recorded_restart(self):
        """A recorded history of which a step restarts the JobSet: its manifest, and the statuses around it."""
        with tarfile.open(RECORDINGS) as archive:
            member = next(each for each in archive.getmembers() if each.name.endswith("1.36/jobsets.jsonl"))
            for line in map(json.loads, archive.extractfile(member)):
                spec = line["jobset"]["spec"]
                if line.get("gates") or set(spec) - {"replicatedJobs", "failurePolicy"} or \
                        any(action.get("kind") for step in line["steps"] for action in step["do"]):
                    continue
                for before, after in zip(line["steps"], line["steps"][1:]):
                    status = after["then"]["jobset"].get("status", {})
                    if status.get("restarts") == 1 and len(after["then"]["jobs"]) >= 2 and \
                            before["then"]["jobset"]["status"].get("restarts", 0) == 0 and \
                            all(job.get("new") for job in after["then"]["jobs"].values()) and \
                            "terminalState" not in status:
                        return line["jobset"], before["then"], after["then"]
        self.fail("no recording restarts a JobSet")

    def test_a_restart_that_is_counted_and_not_begun_is_carried_out_once(self):
        manifest, before, after = self.recorded_restart()
        first = self.start()
        self.client.create("jobsets", manifest)
        names = set(before["jobs"])
        self.wait_for(lambda: {found["metadata"]["name"] for found in self.client.all("jobs")} == names, "the Jobs")
        first.kill()
        first.wait()
        former = {found["metadata"]["uid"] for found in self.client.all("jobs")}
        status = after["jobset"]["status"]
        for condition in status.get("conditions", []):
            condition["lastTransitionTime"] = "2026-11-30T00:00:00Z"
        self.client.set_status("jobsets", manifest["metadata"]["name"], status)
        self.start("--leader-elect=false")

        def all_new():
            jobs = self.client.all("jobs")
            return {found["metadata"]["name"] for found in jobs} == set(after["jobs"]) and \
                not former & {found["metadata"]["uid"] for found in jobs} and \
                all(found["metadata"]["labels"]["jobset.sigs.k8s.io/restart-attempt"] == "1" for found in jobs)
        self.wait_for(all_new, "the second attempt")
        self.assertEqual(self.restarts(manifest["metadata"]["name"]), 1)
