#!/usr/bin/env bash
# Guess: `podman run --rm --pod new:NAME` makes a container in a pod of its own, and leaves nothing: --rm removes what the
#   command has made, once the program has ended.
# Really: --rm removes the container. The pod stays, and its infra container runs on in it: with the pod's network, its ports
#   and its cgroup. The next run with that name is refused. A loop over 500 names leaves 500 processes.
# Version: podman 4.3.1+ds1-8+deb12u1+b3, conmon 2.1.6+ds1-1, runc 1.1.5+ds1-1+deb12u1 (Debian 12)
# Source: podman-run(1), which says of --rm that it removes the container, and of --pod new: that it makes a pod; seen below
# Why it matters: whoever tries a step of a Job that way, as its pod would run it, keeps its ports and names in use after it
#   has succeeded. `podman pod rm --force NAME` is part of the command.
set -euo pipefail
tmp=$(mktemp -d)
local=("$tmp/usr/bin/podman" --root "$tmp/root" --runroot "$tmp/runroot" --tmpdir "$tmp/run" --storage-driver vfs)
end() {
  "${local[@]}" pod rm --all --force --time 0 >/dev/null || true
  rm -rf "$tmp"
} 2>/dev/null
trap end EXIT
cd "$tmp"
cannot() { echo "can't be run here: $1" >&2; exit 2; }

[[ $(id -u) -eq 0 ]] || cannot "needs root"
pins=(podman=4.3.1+ds1-8+deb12u1+b3 conmon=2.1.6+ds1-1 runc=1.1.5+ds1-1+deb12u1)
{ apt-get download "${pins[@]}" busybox-static catatonit libgpgme11 libassuan0 libseccomp2 libsubid4 libdevmapper1.02.1 \
  golang-github-containers-common golang-github-containers-image && for each in *.deb; do dpkg-deb -x "$each" .; done; } >log 2>&1 ||
  { tail -3 log; cannot "the Debian packages can't be fetched"; }

cat >containers.conf <<CONF
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
conmon_path = ["$tmp/usr/bin/conmon"]
helper_binaries_dir = ["$tmp/usr/bin"]
runtime = "own"
[engine.runtimes]
own = ["$tmp/usr/sbin/runc"]
[network]
network_config_dir = "$tmp/networks"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
seccomp_profile = "$tmp/usr/share/containers/seccomp.json"
CONF
mkdir -p files/bin
cp bin/busybox files/bin/true
export CONTAINERS_CONF=$tmp/containers.conf LD_LIBRARY_PATH=$(echo "$tmp"/usr/lib/*-linux-gnu):$(echo "$tmp"/lib/*-linux-gnu)
tar -C files -c . | "${local[@]}" import --signature-policy "$tmp/etc/containers/policy.json" - step >log 2>&1 || { tail -3 log; cannot "Podman takes no image here"; }

run() { "${local[@]}" run --rm --network host --pod new:train step /bin/true >log 2>&1; }
run || { tail -3 log; cannot "Podman runs no container here"; }
{
  echo "of the program: $("${local[@]}" ps --all --noheading --filter ancestor=step | wc -l) containers"
  echo "pods: $("${local[@]}" pod ps --noheading --format '{{.Name}} {{.NumberOfContainers}}')"
  infra=$("${local[@]}" pod inspect train --format '{{.InfraContainerID}}')
  echo "its infra container: $("${local[@]}" container inspect "$infra" --format '{{.State.Status}}')"
  echo "once more: $(if run; then echo runs; else grep -o 'pod already exists' log; fi)"
} | tee seen

diff - seen <<'END' || { echo "changed: expected the lines marked <"; exit 1; }
of the program: 0 containers
pods: train 1
its infra container: running
once more: pod already exists
END
