#!/usr/bin/env bash
# Guess: what Podman's service says of a container is what the OCI runtime says. A service that goes (an update of the
#   package, the OOM killer) just after it has had a container started, and is back a second later, shows it as
#   running, then as exited with its exit code.
# Really: it had not noted the start yet. The container runs, and to Podman it was never started (`initialized`, or
#   `created` in Docker's API): starting it is refused as long as it runs, and its exit code is told to nobody: waiting
#   for it gives 0. Once it has ended, starting it succeeds, and runs the program a second time.
# Version: podman 4.3.1+ds1-8+deb12u1+b3, conmon 2.1.6+ds1-1, runc 1.1.5+ds1-1+deb12u1 (Debian 12)
# Source: libpod's checkExitFile, which looks for the end of what is running, stopping or paused by its own notes, of no other
# Why it matters: a client that asks again after a connection was cut in a start, as one does, runs a step of a training
#   twice, perhaps after it had succeeded. After a cut start compare State.Pid with /proc before you start it again.
set -euo pipefail
tmp=$(mktemp -d)
service=
local=("$tmp/usr/bin/podman" --root "$tmp/root" --runroot "$tmp/runroot" --tmpdir "$tmp/run" --storage-driver vfs)
end() {
  [[ -z $service ]] || kill -9 "$service" || true
  "${local[@]}" rm --all --force --time 0 >/dev/null || true
  rm -rf "$tmp"
} 2>/dev/null
trap end EXIT
cd "$tmp"
cannot() { echo "can't be run here: $1" >&2; exit 2; }

[[ $(id -u) -eq 0 ]] || cannot "needs root"
pins=(podman=4.3.1+ds1-8+deb12u1+b3 conmon=2.1.6+ds1-1 runc=1.1.5+ds1-1+deb12u1)
{ apt-get download "${pins[@]}" busybox-static libgpgme11 libassuan0 libseccomp2 libsubid4 libdevmapper1.02.1 \
  golang-github-containers-common golang-github-containers-image && for each in *.deb; do dpkg-deb -x "$each" .; done; } >log 2>&1 ||
  { tail -3 log; cannot "the Debian packages can't be fetched"; }

# The OCI runtime, but that it ends whoever had it start a container, as soon as it has, if the file `cut` is there.
cat >runtime <<SH
#!/bin/sh
case " \$* " in
*" start "*) "$tmp/usr/sbin/runc" "\$@"; status=\$?; rm "$tmp/cut" 2>/dev/null && kill -9 \$PPID; exit \$status ;;
esac
exec "$tmp/usr/sbin/runc" "\$@"
SH
chmod +x runtime
cat >containers.conf <<CONF
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
conmon_path = ["$tmp/usr/bin/conmon"]
runtime = "probe"
[engine.runtimes]
probe = ["$tmp/runtime"]
[network]
network_config_dir = "$tmp/networks"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
seccomp_profile = "$tmp/usr/share/containers/seccomp.json"
CONF
mkdir -p shared files/bin
for name in sh sleep; do cp bin/busybox "files/bin/$name"; done
export CONTAINERS_CONF=$tmp/containers.conf LD_LIBRARY_PATH=$(echo "$tmp"/usr/lib/*-linux-gnu):$(echo "$tmp"/lib/*-linux-gnu)
tar -C files -c . | "${local[@]}" import --signature-policy "$tmp/etc/containers/policy.json" - probe >log 2>&1 || { tail -3 log; cannot "Podman takes no image here"; }

serve() {
  "${local[@]}" system service --time 0 "unix://$tmp/s.sock" >>service.log 2>&1 &
  service=$!
  for _ in $(seq 100); do remote version >/dev/null 2>&1 && return; sleep 0.1; done
  tail -3 service.log
  cannot "Podman's service does not start"
}
remote() { "$tmp/usr/bin/podman" --remote --url "unix://$tmp/s.sock" "$@"; }
state() { remote container inspect train --format '{{.State.Status}}'; }
start() { if remote start train >log 2>&1; then echo started; else echo refused; fi; }
runs() { grep -c began shared/seen || true; }
await() { for _ in $(seq 100); do [[ $(grep -c "$1" shared/seen) -lt $2 ]] || return 0; sleep 0.1; done; cannot "the container does not run"; }

serve
# For 5 s at first, then to its end at once.
remote create --name train --network host --volume "$tmp/shared:/shared" probe /bin/sh -c \
  'echo began >>/shared/seen; [ -e /shared/short ] || /bin/sleep 5; echo ended >>/shared/seen; exit 7' >log 2>&1 ||
  { tail -3 log; cannot "Podman makes no container here"; }
touch cut shared/seen
remote start train >log 2>&1 && { cat log; cannot "the service outlived the start"; }
await began 1
serve
{
  echo "while it runs: $(state), a start is $(start), runs $(runs)"
  touch shared/short
  await ended 1
  sleep 1
  echo "after its end with 7: $(state), waiting gives $(remote wait train 2>&1 | tail -1)"
  echo "another start is $(start)"
  await ended 2
  echo "runs $(runs), exit code $(remote wait train)"
} | tee seen

diff - seen <<'END' || { echo "changed: expected the lines marked <"; exit 1; }
while it runs: initialized, a start is refused, runs 1
after its end with 7: created, waiting gives 0
another start is started
runs 2, exit code 7
END
