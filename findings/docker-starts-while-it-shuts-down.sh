#!/usr/bin/env bash
# Guess: an engine that shuts down starts nothing more, or stops what it starts with the rest. `systemctl restart docker`
#   ends each container by its stop signal, its grace, and SIGKILL.
# Really: it takes no new connections at once, but answers on those that are open until the last container has ended (ten
#   seconds or more, if one does not heed SIGTERM). A start is asked for there, as by any client that keeps its connection,
#   and is answered with success. What starts then is not stopped with the rest: it runs on after Docker has gone, with
#   nobody who waits for it, for good after `systemctl stop docker`. Once Docker is back,
#   it is stopped.
# Version: docker.io 20.10.24+dfsg1-1+deb12u1+b6, containerd 1.6.20~ds1-1+deb12u3, runc 1.1.5+ds1-1+deb12u1 (Debian 12)
# Source: dockerd closes its listeners first, then stops the containers that it lists, then serves no more; it ends what it
#   finds running when it begins, unless live-restore is on
# Why it matters: a training that was started in those seconds looks healthy, writes on while the machine is maintained, and
#   ends when Docker is back, for no reason of its own. After a start look whether the engine still takes a new connection;
#   count the end of what ran while one was lost as the engine's.
set -euo pipefail
tmp=$(mktemp -d)
engine=
end() {
  # What it has left runs under shims of its own.
  [[ -z $engine ]] || kill "$engine" && wait "$engine"
  pkill -9 -f "$tmp/run" && sleep 0.5
  umount "$tmp/run/netns/default"
  rm -rf "$tmp"
} >/dev/null 2>&1
trap 'end || true' EXIT
cd "$tmp"
cannot() { echo "can't be run here: $1" >&2; exit 2; }

[[ $(id -u) -eq 0 ]] || cannot "needs root"
command -v python3 >/dev/null || cannot "needs python3"
pins=(docker.io=20.10.24+dfsg1-1+deb12u1+b6 containerd=1.6.20~ds1-1+deb12u3 runc=1.1.5+ds1-1+deb12u1)
{ apt-get download "${pins[@]}" busybox-static libdevmapper1.02.1 libseccomp2 && for each in *.deb; do dpkg-deb -x "$each" .; done; } >log 2>&1 ||
  { tail -3 log; cannot "the Debian packages can't be fetched"; }
export PATH=$tmp/usr/sbin:$tmp/usr/bin:$PATH LD_LIBRARY_PATH=$(echo "$tmp"/usr/lib/*-linux-gnu):$(echo "$tmp"/lib/*-linux-gnu)

serve() {
  dockerd --host "unix://$tmp/s.sock" --data-root "$tmp/root" --exec-root "$tmp/run" --pidfile "$tmp/pid" \
    --storage-driver vfs --bridge none --iptables=false --ip6tables=false >>engine.log 2>&1 &
  engine=$!
  for _ in $(seq 200); do [[ ! -S s.sock ]] || return 0; kill -0 "$engine" 2>/dev/null || break; sleep 0.1; done
  tail -3 engine.log
  cannot "dockerd does not start"
}
mkdir -p shared files/bin
for name in sh sleep touch; do cp bin/busybox "files/bin/$name"; done
tar -C files -cf image.tar .
serve

cat >client.py <<'PYTHON'
import http.client, json, os, signal, socket, sys, time

class Engine(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect("s.sock")

    def ask(self, method, path, body=None):
        text = json.dumps(body) if isinstance(body, dict) else body
        self.request(method, "/v1.41" + path, text, {"Content-Type": "application/json"} if isinstance(body, dict) else {})
        answer = self.getresponse()
        return answer.status, answer.read()

def state(name):
    return json.loads(Engine("engine").ask("GET", f"/containers/{name}/json")[1])["State"]

if sys.argv[1] == "state":
    print("once it is back:", state("late")["Status"])
    sys.exit()
open_one = Engine("engine")
with open("image.tar", "rb") as image:
    made = open_one.ask("POST", "/images/create?fromSrc=-&repo=probe", image.read())
for name, trap in (("slow", "''"), ("late", "'touch /shared/asked-to-stop; exit'")):
    made = open_one.ask("POST", f"/containers/create?name={name}", {
        "Image": "probe", "Cmd": ["/bin/sh", "-c", f"trap {trap} TERM; while true; do touch /shared/{name}; /bin/sleep 0.2; done"],
        "HostConfig": {"NetworkMode": "host", "Binds": [os.getcwd() + "/shared:/shared"]}})
    if made[0] != 201:
        sys.exit(f"can't be run here: no container is made: {made[1][-200:]}")
if open_one.ask("POST", "/containers/slow/start")[0] != 204:
    sys.exit("can't be run here: no container starts")
while not os.path.exists("shared/slow"):
    time.sleep(0.1)
os.kill(int(sys.argv[1]), signal.SIGTERM)
while os.path.exists("s.sock"):
    time.sleep(0.05)
try:
    Engine("engine").ask("GET", "/_ping")
    print("a new connection while it shuts down: taken")
except OSError:
    print("a new connection while it shuts down: refused")
print("a start on an open one:", open_one.ask("POST", "/containers/late/start")[0])
PYTHON

# Whether the container goes on: it touches its file all the time.
goes_on() { rm -f "shared/$1"; sleep 1; if [[ -e shared/$1 ]]; then echo runs; else echo "has ended"; fi; }
python3 client.py "$engine" >seen || { [[ $? -eq 1 ]] && exit 2; }
wait "$engine" || true
engine=
stop() { if [[ -e shared/asked-to-stop ]]; then echo "was asked to stop"; else echo "was not asked to stop"; fi; }
echo "once it has gone: what was running $(goes_on slow), what it started then $(goes_on late), and $(stop)" >>seen
serve
for _ in $(seq 100); do [[ ! -e shared/asked-to-stop ]] || break; sleep 0.1; done
sleep 1
python3 client.py state >>seen
echo "it $(stop)" >>seen
cat seen

diff - seen <<'END' || { echo "changed: expected the lines marked <"; exit 1; }
a new connection while it shuts down: refused
a start on an open one: 204
once it has gone: what was running has ended, what it started then runs, and was not asked to stop
once it is back: exited
it was asked to stop
END
