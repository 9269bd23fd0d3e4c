// The store of the API servers that tools/check-versions asks. Usage: etcd FOLDER CLIENT_URL PEER_URL
package main

import (
	"fmt"
	"net/url"
	"os"

	"go.etcd.io/etcd/server/v3/embed"
)

func parsed(text string) []url.URL {
	out, err := url.Parse(text)
	must(err)
	return []url.URL{*out}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	config := embed.NewConfig()
	config.Dir = os.Args[1]
	config.ListenClientUrls, config.AdvertiseClientUrls = parsed(os.Args[2]), parsed(os.Args[2])
	config.ListenPeerUrls, config.AdvertisePeerUrls = parsed(os.Args[3]), parsed(os.Args[3])
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	etcd, err := embed.StartEtcd(config)
	must(err)
	must(<-etcd.Err())
}
