"""What tests of the webhooks share: they are installed, and their Service leads to a process on this machine."""
from client import ApiError
from cluster import free_port
from suite import NAMESPACE, OnTheCluster, jobset, printed

SECRET, SERVICE = "jobset-webhook-server-cert", "jobset-webhook-service"
CONFIGURATIONS = (("mutatingwebhookconfigurations", "jobset-mutating-webhook-configuration"),
                  ("validatingwebhookconfigurations", "jobset-validating-webhook-configuration"))
ENDPOINT = "webhooks-of-a-process"
# Of no machine: the network of Services leads to a process instead.
ADDRESS = "10.244.1.1"


def install_webhooks(cluster, port, *flags):
    """What `reprieve manifests webhooks` prints; the Service's endpoint is a process that listens on that port."""
    client = cluster.client
    cluster.apply(printed("webhooks", *flags))
    # It selects no pods: nobody else writes its endpoints.
    client.patch("services", SERVICE, {"spec": {"selector": None}}, NAMESPACE)
    client.create("endpointslices", {
        "metadata": {"name": ENDPOINT, "labels": {"kubernetes.io/service-name": SERVICE}}, "addressType": "IPv4",
        "endpoints": [{"addresses": [ADDRESS], "conditions": {"ready": True}}],
        "ports": [{"port": port, "protocol": "TCP", "name": ""}]}, NAMESPACE)


def remove_webhooks(client):
    for resource, name, namespace in ((*CONFIGURATIONS[0], ""), (*CONFIGURATIONS[1], ""), ("endpointslices", ENDPOINT, NAMESPACE),
                                      ("services", SERVICE, NAMESPACE), ("secrets", SECRET, NAMESPACE)):
        try:
            client.delete(resource, name, namespace)
        except ApiError as error:
            if error.code != 404:
                raise


def trusted(client):
    """The authority of the Secret, once all webhooks have it."""
    secret = client.get("secrets", SECRET, NAMESPACE)
    bundles = {hook["clientConfig"].get("caBundle") for resource, name in CONFIGURATIONS
               for hook in client.get(resource, name, "")["webhooks"]}
    return secret and bundles == {secret["data"].get("ca.crt")} and secret["data"]["ca.crt"]


def admits(client):
    """The API server reaches the webhooks, as it has read the configurations, too."""
    try:
        return client.ask("POST", client.path("jobsets", NAMESPACE), jobset("probe"), dryRun="All")
    except ApiError as error:
        if "failed calling webhook" not in str(error):
            raise
    return None


class Webhooks(OnTheCluster):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.cluster.apply(printed("rbac", "--webhooks"))
        install_webhooks(self.cluster, self.port, "--manage-jobs")

    def tearDown(self):
        remove_webhooks(self.client)
        super().tearDown()

    def begin(self, *arguments):
        return self.start("--webhooks", "--webhook-listen", f"127.0.0.1:{self.port}", "--leader-elect=false", *arguments)

    def serve(self, *arguments):
        process = self.begin(*arguments)
        self.says(process, "everything is listed")
        self.wait_for(lambda: trusted(self.client) and admits(self.client), "an answer of the webhooks")
        return process

    def forget(self, secret=None):
        """As if nobody had made a certificate yet, or this one."""
        self.ignoring_404(lambda: self.client.delete("secrets", SECRET, NAMESPACE))
        for resource, name in CONFIGURATIONS:
            hooks = self.client.get(resource, name, "")["webhooks"]
            for hook in hooks:
                hook["clientConfig"].pop("caBundle", None)
            self.client.patch(resource, name, {"webhooks": hooks}, "")
        if secret is not None:
            self.client.create("secrets", {"metadata": {"name": SECRET}, "data": secret}, NAMESPACE)

    def refused(self, what):
        with self.assertRaises(ApiError) as caught:
            what()
        return caught.exception
