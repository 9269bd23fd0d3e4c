"""The pages of HTML that --report writes: looked at by a real browser where there is one."""
import html.parser
import os
import shutil
import subprocess
import unittest

from harness import EXAMPLES, Reprieve, job, main

WIDTHS = (1280, 400)


def browser():
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if found := shutil.which(name):
            return found
    return os.environ.get("REPRIEVE_BROWSER")


class Reader(html.parser.HTMLParser):
    """All elements are closed, and nothing but the page's own styles is asked for."""
    VOID = {"meta", "link"}

    def __init__(self):
        super().__init__()
        self.open, self.tags = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"


class Pages(Reprieve):
    def check(self, name):
        text = (self.cwd / name).read_text()
        reader = Reader()
        reader.feed(text)
        self.assertEqual(reader.open, [])
        for tag, attributes in reader.tags:
            self.assertNotIn(tag, ("script", "img", "iframe", "object"))
            self.assertFalse([key for key in attributes if key.startswith("on")])
            self.assertTrue(attributes.get("href", "data:,").startswith("data:"))
        self.look(name)
        return text

    def look(self, name):
        found = browser()
        if found is None:
            print("no browser is here: the page was read, not looked at", end=" ", flush=True)
            return
        for width in WIDTHS:
            picture = self.cwd / f"{name}-{width}.png"
            done = subprocess.run([found, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0",
                                   f"--window-size={width},1600", f"--screenshot={picture}", f"file://{self.cwd / name}"],
                                  text=True, capture_output=True, timeout=120)
            self.assertTrue(picture.exists(), done.stderr)
            self.assertNotIn("CONSOLE", done.stderr)

    def test_simulate(self):
        done = self.reprieve("simulate", str(EXAMPLES / "scenarios" / "gang.yaml"), "--runs", "6", "--report", "r.html")
        self.assertEqual(done.returncode, 0, done.stderr)
        text = self.check("r.html")
        for part in ("goodput", "Waste by cause", "Time to finish", "What decided"):
            self.assertIn(part, text)

    def test_run_and_explain(self):
        self.write(job("evil", "exit 3", spec="  backoffLimit: 0"))
        done = self.reprieve("run", "--report", "run.html", "job.yaml")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("exited 3 in container main", self.check("run.html"))
        done = self.reprieve("explain", "--report", "explain.html")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Job evil failed", self.check("explain.html"))

    def test_what_a_manifest_says_is_no_markup(self):
        self.write("""apiVersion: v1
kind: List
items:
- apiVersion: batch/v1
  kind: Job
  metadata: {name: "<script>alert(1)</script>", namespace: default, uid: u1, creationTimestamp: "2026-11-22T12:00:00Z"}
  spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: x}]}}}
  status: {failed: 1, conditions: [{type: Failed, status: "True", reason: BackoffLimitExceeded, message: "<img src=x onerror=alert(2)>", lastTransitionTime: "2026-11-22T12:01:00Z"}]}
""", "dump.yaml")
        done = self.reprieve("explain", "dump.yaml", "--report", "evil.html")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("&lt;script&gt;", self.check("evil.html"))

    def test_a_page_that_can_not_be_written_is_said(self):
        done = self.reprieve("simulate", str(EXAMPLES / "scenarios" / "gang.yaml"), "--runs", "1", "--report", "no/such/folder.html")
        self.assertEqual(done.returncode, 3)
        self.assertIn("can't be written", done.stderr)


if __name__ == "__main__":
    main()
