"""run.py REPRIEVE CONTROLPLANE [--upstream JOBSET] [WORD...]: all tests here, or those whose names have one of the words.
`./dev test cluster` builds what it needs."""
import argparse
import pathlib
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from suite import Programs  # noqa: E402


class Result(unittest.TestResult):
    """A line for each test, as ctest has it."""

    def __init__(self):
        super().__init__()
        self.passed, self.count, self.begun = 0, 0, 0.0

    def startTest(self, test):
        super().startTest(test)
        self.count += 1
        self.begun = time.monotonic()

    def line(self, test, what):
        took = time.monotonic() - self.begun
        module, _, name = test.id().partition(".")
        print(f"{self.count:3} {module.removesuffix('_test')}/{name.split('.')[-1].removeprefix('test_')} ".ljust(100, "."),
              f"{what} {took:5.1f} s", flush=True)

    def addSuccess(self, test):
        self.passed += 1
        self.line(test, "passed ")

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.line(test, "FAILED ")
        print(self.failures[-1][1], flush=True)

    def addError(self, test, error):
        super().addError(test, error)
        self.begun = self.begun or time.monotonic()
        self.line(test, "FAILED ")
        print(self.errors[-1][1], flush=True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.line(test, "skipped")
        print(f"    {reason}", flush=True)


def chosen(suite, words):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from chosen(test, words)
        elif not words or any(word in test.id() for word in words):
            yield test


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reprieve", type=pathlib.Path)
    parser.add_argument("controlplane", type=pathlib.Path)
    parser.add_argument("--upstream", type=pathlib.Path, help="upstream's JobSet controller, for the tests that have both")
    parser.add_argument("words", nargs="*")
    options = parser.parse_intermixed_args()
    Programs.reprieve, Programs.controlplane = str(options.reprieve.resolve()), str(options.controlplane.resolve())
    Programs.upstream = str(options.upstream.resolve()) if options.upstream else ""
    Programs.helm = str(options.controlplane.resolve().parent / "helm")
    found = unittest.defaultTestLoader.discover(str(HERE), pattern="*_test.py")
    result = Result()
    begun = time.monotonic()
    try:
        unittest.TestSuite(chosen(found, options.words)).run(result)
    finally:
        if Programs.cluster is not None:
            Programs.cluster.close()
    failed = len(result.failures) + len(result.errors)
    skipped = f", {len(result.skipped)} skipped" if result.skipped else ""
    print(f"\n{result.passed} passed, {failed} failed{skipped} in {time.monotonic() - begun:.0f} s")
    return 0 if failed == 0 and result.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
