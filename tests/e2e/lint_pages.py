"""The pages of `reprieve lint`: their manifests, and where the bad ones say that their finding is."""
import re

from harness import HERE

PAGES = sorted((HERE.parent.parent / "docs" / "lint").glob("RP*.md"))
BLOCK = re.compile(r"^## (Bad|Good)\n.*?^```yaml\n(.*?)^```", re.M | re.S)


def manifests(page):
    """{"Bad": text, "Good": text}"""
    return dict(BLOCK.findall(page.read_text()))


def marked_line(code, text):
    """The line of the bad manifest that ends with the comment # CODE."""
    (line,) = [number for number, each in enumerate(text.splitlines(), 1) if each.endswith(f"# {code}")]
    return line


def arguments(page):
    """What the page says it is linted with."""
    said = re.search(r"linted\s+with\s+`([^`]*)`", page.read_text())
    return said[1].split() if said else []
