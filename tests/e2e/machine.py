"""What this machine allows, found out without Reprieve: a test is skipped for the machine's sake, never for Reprieve's."""
import glob
import mmap
import os
import pathlib
import subprocess
import sys
import unittest

AS_NOBODY = dict(user=65534, group=65534, extra_groups=[])  # for subprocess
# Podman's usual filter lets an ordinary user mount, but set no host name: containers are plain processes there.
_NAMESPACES = ("--mount", "--uts", "--ipc", "hostname", "probe")


def works(*command, **arguments):
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=20, **arguments).returncode == 0
    except OSError:
        return False


def _ordinary_user_mounts(**arguments):
    return works("unshare", "--user", "--map-root-user", *_NAMESPACES, **arguments)


def nobody_mounts():
    """Whether containers of another, ordinary user have mounts of their own; asked by root."""
    return _ordinary_user_mounts(**AS_NOBODY)


def _connects_networks():
    """Whether namespaces of their own may be joined to this machine's network."""
    one, other = (f"rpt{os.getpid()}{end}" for end in "ab")
    if not works("unshare", "--net", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"):
        return False
    if not works("ip", "link", "add", one, "type", "veth", "peer", "name", other):
        return False
    return works("ip", "link", "delete", one)


ROOT = os.geteuid() == 0
MOUNTS_AS_ROOT = ROOT and works("unshare", *_NAMESPACES)
MOUNTS = MOUNTS_AS_ROOT or _ordinary_user_mounts()
HOSTS = os.path.exists("/etc/hosts")
LIBRARY = any(glob.glob(f"{folder}/libnss_wrapper.so") for folder in ("/usr/lib/*", "/usr/lib", "/usr/lib64"))
NETWORKS = MOUNTS_AS_ROOT and _connects_networks()

needs_mounts = unittest.skipUnless(MOUNTS, "this machine allows no mounts of a container's own: containers are plain processes")
needs_names = unittest.skipUnless(
    MOUNTS and HOSTS or LIBRARY,
    "pods have no names here: this machine has no /etc/hosts, or allows no mounts, and libnss_wrapper.so is not installed")
needs_names_library = unittest.skipUnless(LIBRARY, "libnss_wrapper.so is not installed: plain processes find no names")
needs_networks = unittest.skipUnless(NETWORKS, "this machine allows no networks of pods' own")


def _has_ubsan():
    with open(sys.argv[1], "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as program:
        return program.find(b"__ubsan_vptr_type_cache") >= 0


# UBSan looks whether an object's memory can be read through a pipe: without a descriptor for that it reports an error.
needs_no_ubsan = unittest.skipIf(len(sys.argv) > 1 and os.path.isfile(sys.argv[1]) and _has_ubsan(),
                                 "UBSan's check of vptrs needs descriptors of its own")
needs_root = unittest.skipUnless(ROOT, "needs root, to become somebody else")


def mark(number=0):
    """So many seconds to sleep, as no other test program on this machine asks for: by it processes are found."""
    return str(2 * 10**9 + 10 * os.getpid() + number)


def processes_with(argument):
    """Who has the word as an argument, or as a part of one."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if argument.encode() in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found
