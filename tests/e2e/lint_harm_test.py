#!/usr/bin/env python3
"""The harm that the pages of `reprieve lint` claim: their bad manifests are run, and the good ones beside them.

Not here: what only a cluster does (a node that is lost but not removed, deleted evidence), hours of back-off, fields that
a version drops.

Usage: lint_harm_test.py REPRIEVE [TEST...]
"""
import json
import re

from harness import Reprieve, main
from lint_pages import PAGES, manifests

BY_CODE = {page.stem: page for page in PAGES}
EVICT = "pod %s is evicted at 0.3s"


def attempts(*codes, only_index=None):
    """A program that ends its first runs with these codes and later ones with 0; "hang CODE": when it gets SIGTERM.

    Each pod of a stable name counts its own runs, and pods without one count theirs together.
    """
    cases = []
    for number, code in enumerate(codes, 1):
        if isinstance(code, int):
            cases.append(f"{number}) exit {code} ;;")
        elif code == "hang 137":  # SIGTERM is ignored
            cases.append(f"{number}) trap : TERM; while :; do sleep 0.05; done ;;")
        else:
            cases.append(f"{number}) trap 'exit {code.split()[1]}' TERM; while :; do sleep 0.05; done ;;")
    guard = f'[ "$JOB_COMPLETION_INDEX" = {only_index} ] || exit 0; ' if only_index is not None else ""
    return (f'{guard}f=@DIR@/runs-${{JOB_COMPLETION_INDEX:+$(hostname)}}; n=$(cat $f 2>/dev/null); n=$((${{n:-0}} + 1)); '
            f'echo $n > $f; case $n in {" ".join(cases)} esac; exit 0')


class Harm(Reprieve):
    def play(self, code, which, program, *args, ttl=None):
        """What `run` says of that manifest of the page, with this program and perhaps another TTL in it."""
        text = manifests(BY_CODE[code])[which]
        if ttl is not None:
            text = re.sub(r"(ttlSecondsAfterFinished:) \d+", rf"\1 {ttl}", text)
        folder = self.cwd / which
        folder.mkdir()
        command = json.dumps(["sh", "-c", program.replace("@DIR@", str(folder))])
        text = text.replace("command: [python3, train.py]", f"command: {command}")
        text = re.sub(r"^( *)restartPolicy: (Never|OnFailure)\b.*$", r"\g<0>\n\1terminationGracePeriodSeconds: 1", text,
                      flags=re.M)
        # A sidecar's own restartPolicy is no place for a grace period.
        text = re.sub(r"(restartPolicy: Always)\n *terminationGracePeriodSeconds: 1", r"\1", text)
        (folder / "job.yaml").write_text(text)
        done = self.reprieve("run", "--backoff", "20ms", "--state", f"{which}/state", *args, f"{which}/job.yaml")
        return done.stdout + done.stderr

    def compare(self, code, program, bad, good, *args):
        """The bad manifest's run says `bad`, and the good one's `good`: regular expressions."""
        self.assertRegex(self.play(code, "Bad", program, *args), bad)
        self.assertRegex(self.play(code, "Good", program, *args), good)

    def test_rp001_an_earlier_rule_fails_the_job_that_a_later_one_would_retry(self):
        self.compare("RP001", attempts(42), "exited 42 .* rule 2 FailJob", "exited 42 .* rule 2 Ignore(.|\n)*completed")

    def test_rp002_of_one_code_the_rule_is_never_asked(self):
        self.compare("RP002", attempts(2), "exited 2 .* rule 2 FailJob", "exited 2 .* rule 3 Ignore(.|\n)*completed")

    def test_rp003_a_misspelt_condition_lets_the_disruption_count(self):
        self.compare("RP003", attempts("hang 143"), "retry 1 of 6", "rule 1 Ignore .* not counted",
                     "--inject", EVICT % "train")

    def test_rp004_the_limit_ends_the_job_before_any_rule_matters(self):
        self.compare("RP004", attempts(1), "failed: BackoffLimitExceeded", "retry 1 of 4(.|\n)*completed")

    def test_rp005_the_first_disruption_ends_the_job(self):
        self.compare("RP005", attempts("hang 137"), "exited 137 .* rule 1 FailJob .* failed: PodFailurePolicy",
                     "rule 1 Ignore .* not counted(.|\n)*completed", "--inject", EVICT % "train")

    def test_rp006_a_program_that_exits_1_when_stopped_ends_the_job(self):
        self.compare("RP006", attempts("hang 1"), "exited 1 .* rule 1 FailJob .* failed: PodFailurePolicy",
                     "rule 1 Ignore .* not counted(.|\n)*completed", "--inject", EVICT % "train")

    def test_rp007_out_of_memory_is_retried_without_counting(self):
        kills = [137] * 8
        self.compare("RP007", attempts(*kills), "completed(.|\n)*ignored 8", "failed: BackoffLimitExceeded")

    def test_rp008_the_code_that_is_seen_matches_nothing(self):
        self.compare("RP008", attempts(255), "exited 255 .* retry 1 of 6", "exited 255 .* rule 2 FailJob")

    def test_rp009_the_sidecar_that_is_stopped_ends_the_job(self):
        self.compare("RP009", f"sleep 0.3; {attempts(1)}", "exited 143 in container proxy → rule 2 FailJob",
                     "exited 1 .* retry 1 of 6(.|\n)*completed", "--image", "proxy=sleep 1000")

    def test_rp010_the_disruption_of_the_forgotten_job_costs_a_restart(self):
        self.compare("RP010", attempts("hang 143"), "no rule, RestartJobSet .* 1 of 3 used", "rule 1 RestartJobSetAndIgnoreMaxRestarts .* not counted",
                     "--inject", EVICT % "workers-0-0")

    def test_rp011_one_pod_is_retried_while_the_others_wait(self):
        program = attempts(1, only_index=0)
        self.compare("RP011", program, "retry 1 of 4", "restart 1 of JobSet train, 1 of 3 used")

    def test_rp012_the_rule_that_restarts_fails_the_jobset(self):
        program = attempts(1, only_index=0)
        self.compare("RP012", program, "ReachedMaxRestarts", "1 of 3 used(.|\n)*completed")

    def test_rp013_a_pattern_that_does_not_compile_matches_nothing(self):
        program = attempts(1, only_index=0)
        self.compare("RP013", program, "rule 2 RestartJobSetAndIgnoreMaxRestarts", "rule 1 FailJobSet")

    def test_rp014_a_pattern_that_no_message_has_matches_nothing(self):
        program = attempts(12, only_index=0)
        self.compare("RP014", program, "rule 2 RestartJobSetAndIgnoreMaxRestarts", "rule 1 FailJobSet")

    def test_rp015_exit_code_1_takes_12_too(self):
        program = attempts(12, only_index=0)
        self.compare("RP015", program, "rule 1 FailJobSet", "rule 2 RestartJobSetAndIgnoreMaxRestarts")

    def test_rp016_more_restarts_than_max_restarts(self):
        program = attempts(1, 1, 1, 1, 1, only_index=0)
        self.compare("RP016", program, "JobSet train completed", "ReachedMaxRestarts")

    def test_rp019_the_job_ends_before_an_index_has_used_its_retries(self):
        program = attempts(1, 1, 1, 1, 1, only_index=0)
        self.compare("RP019", program, "failed: BackoffLimitExceeded", "failed: FailedIndexes")

    def test_rp020_containers_restart_and_no_index_fails(self):
        program = attempts(1, 1, 1, 1, 1, 1, only_index=0)
        self.compare("RP020", program, "Job train completed", "failed: FailedIndexes")

    def test_rp028_the_finished_job_runs_again(self):
        # A TTL of a minute would take the test a minute.
        program = 'case $(hostname) in *-load-*) exit 0 ;; *) sleep 2 ;; esac'
        again = "train-load-0-0-.* succeeded(.|\n)*train-load-0-0-.* succeeded"
        self.assertRegex(self.play("RP028", "Bad", program, ttl="0"), again)
        self.assertNotRegex(self.play("RP028", "Good", program, ttl="0"), again)

    def replaced(self, code, which, program, *args):
        """A page whose program is part of a script."""
        page = manifests(BY_CODE[code])
        text = page[which].replace("python3 train.py", program).replace("/logs/train.log", "/dev/null")
        text = text.replace("restartPolicy: Never", "restartPolicy: Never\n      terminationGracePeriodSeconds: 1")
        self.write(text, f"{which}.yaml")
        done = self.reprieve("run", "--backoff", "20ms", "--state", which, *args, f"{which}.yaml")
        return done.stdout + done.stderr

    def test_rp023_the_program_fails_and_the_pod_succeeds(self):
        self.assertRegex(self.replaced("RP023", "Bad", "false"), "Job train completed")
        self.assertRegex(self.replaced("RP023", "Good", "false"), "failed: BackoffLimitExceeded")

    def test_rp024_the_script_runs_on_until_it_is_killed(self):
        evict = ("--inject", EVICT % "train")
        # The grace period is a second, and the program would run for two. On a busy machine it has only just begun when
        # the pod is evicted.
        self.assertRegex(self.replaced("RP024", "Bad", "sleep 2", *evict), r"wasted 1(\.\d)?s")
        self.assertRegex(self.replaced("RP024", "Good", "sleep 2", *evict), r"wasted \d{3}ms")


if __name__ == "__main__":
    main()
