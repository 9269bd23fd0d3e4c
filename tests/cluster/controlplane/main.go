// controlplane is the control plane of a real Kubernetes in one program, one part per subcommand: the store, the API
// server and the controllers, each as its own process. tests/cluster/cluster.py starts them on loopback.
package main

import (
	"fmt"
	"net/url"
	"os"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	"k8s.io/kubernetes/pkg/controller/job"
)

// store FOLDER CLIENT-URL PEER-URL. Tests outlive no crash of the machine, so nothing waits for the disk.
func store(folder, client, peer string) error {
	config := embed.NewConfig()
	config.Dir, config.LogLevel, config.UnsafeNoFsync = folder, "error", true
	for _, each := range []struct {
		text string
		into []*[]url.URL
	}{
		{client, []*[]url.URL{&config.ListenClientUrls, &config.AdvertiseClientUrls}},
		{peer, []*[]url.URL{&config.ListenPeerUrls, &config.AdvertisePeerUrls}},
	} {
		parsed, err := url.Parse(each.text)
		if err != nil {
			return err
		}
		for _, list := range each.into {
			*list = []url.URL{*parsed}
		}
	}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	return <-etcd.Err()
}

// shorten makes all waits of the Job controller that short, as those of the recordings were (tests/oracle), so that a
// history of failures is quiet in milliseconds.
func shorten(text string) error {
	wait, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	job.SyncJobBatchPeriod, job.DefaultJobPodFailureBackOff, job.MaxJobPodFailureBackOff = wait, wait, 2*wait
	job.DefaultJobApiBackOff, job.MaxJobApiBackOff = wait, 10*wait
	return nil
}

func run(arguments []string) (int, error) {
	if len(arguments) == 0 {
		return 2, fmt.Errorf("usage: controlplane store|apiserver|controllers ARGUMENTS")
	}
	os.Args = arguments
	switch arguments[0] {
	case "store":
		if len(arguments) != 4 {
			return 2, fmt.Errorf("usage: controlplane store FOLDER CLIENT-URL PEER-URL")
		}
		return 1, store(arguments[1], arguments[2], arguments[3])
	case "apiserver":
		return cli.Run(apiserver.NewAPIServerCommand()), nil
	case "controllers":
		if text := os.Getenv("SHORT_WAITS"); text != "" {
			if err := shorten(text); err != nil {
				return 2, err
			}
		}
		return cli.Run(controllers.NewControllerManagerCommand()), nil
	}
	return 2, fmt.Errorf("controlplane has no part %q", arguments[0])
}

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}
