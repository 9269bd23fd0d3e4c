"""What the network of a cluster does for the API server: leads it to Services, where the webhooks are. The API server asks for
each connection by a CONNECT on a Unix socket (its egress selector for `cluster`); the address is that of a Service, and the
connection goes to one of the ready endpoints that its EndpointSlices name."""
import http.client
import random
import socket
import threading

from client import ApiError

EGRESS = """apiVersion: apiserver.k8s.io/v1beta1
kind: EgressSelectorConfiguration
egressSelections:
- name: cluster
  connection: {{proxyProtocol: HTTPConnect, transport: {{uds: {{udsName: {path}}}}}}}
"""


def pump(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
    except OSError:
        pass  # one of the two has ended
    for each in (one, other):
        try:
            each.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class ServiceNetwork:
    """`reach[address](port)` connects to an endpoint of that address; others are processes of this machine, on loopback."""

    def __init__(self, folder):
        self.client = None
        self.reach = {}
        path = folder / "services.socket"
        self.config = folder / "egress.yaml"
        self.config.write_text(EGRESS.format(path=path))
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(path))
        self.listening.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()

    def accept(self):
        while True:
            try:
                asking, _ = self.listening.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self.serve, args=(asking,), daemon=True).start()

    def serve(self, asking):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = asking.recv(1)
            if not byte:
                return asking.close()
            head += byte
        address, _, port = head.split()[1].decode().rpartition(":")
        try:
            outside = self.connect(address, int(port))
        except (OSError, ApiError, http.client.HTTPException) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            asking.sendall(f"HTTP/1.1 502 {reason}\r\n\r\n".encode())
            return asking.close()
        asking.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        threading.Thread(target=pump, args=(asking, outside), daemon=True).start()
        pump(outside, asking)

    def connect(self, address, port):
        """`address`: a Service's, or the name by which the API server knows it."""
        service = next((found for found in self.client.all("services", "") if self.is_at(found, address)), None)
        if service is None:
            raise OSError(f"no Service is at {address}")
        metadata = service["metadata"]
        slices = self.client.all("endpointslices", metadata["namespace"],
                                 labelSelector=f"kubernetes.io/service-name={metadata['name']}")
        names = {each.get("name", "") for each in service["spec"]["ports"] if each["port"] == port}
        ready = [(at, each["port"]) for found in slices for each in found.get("ports") or () if each.get("name", "") in names
                 for endpoint in found.get("endpoints") or () if endpoint["conditions"].get("ready")
                 for at in endpoint["addresses"]]
        if not ready:
            raise OSError(f"Service {metadata['name']} has no ready endpoint")
        at, port = random.choice(ready)
        if at in self.reach:
            return self.reach[at](port)
        made = socket.create_connection(("127.0.0.1", port), 5)
        made.settimeout(None)
        return made

    @staticmethod
    def is_at(service, address):
        metadata = service["metadata"]
        return address in (service["spec"].get("clusterIP"), f"{metadata['name']}.{metadata['namespace']}.svc")
