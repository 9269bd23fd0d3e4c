#include "kube/cluster_world.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

#include "document/json.h"
#include "kube/testing.h"

namespace reprieve::kube {
namespace {

using document::ParseJson;
using document::Value;
using net::testing::Peer;
using net::testing::RunUntil;
using testing::Asked;
using testing::FakeServer;

Value Parse(const std::string& text) {
  return *ParseJson(text);
}

// One of Reprieve's, in the namespace n.
Value Job(std::string_view spec, std::string_view status) {
  return Parse(Cat(R"({"metadata":{"name":"j","namespace":"n","uid":"uid-j","resourceVersion":"5","generation":1},)",
                   R"("spec":{"managedBy":"reprieve.dev/job-controller","parallelism":1,"backoffLimit":6,)",
                   R"("selector":{"matchLabels":{"of":"j"}},"template":{"metadata":{"labels":{"of":"j"}},)",
                   R"("spec":{"restartPolicy":"Never","containers":[{"name":"main","image":"i"}]}},)", spec,
                   R"(},"status":)", status, "}"));
}

Value Pod(std::string_view phase, int version, bool tracked) {
  return Parse(Cat(R"({"metadata":{"name":"p","namespace":"n","uid":"uid-p","labels":{"of":"j"},"resourceVersion":")",
                   version, R"(",)", tracked ? R"("finalizers":["batch.kubernetes.io/job-tracking"],)" : "",
                   R"("ownerReferences":[{"apiVersion":"batch/v1","kind":"Job","name":"j","uid":"uid-j",)",
                   R"("controller":true}]},"spec":{"nodeName":"n1","containers":[{"name":"main"}]},)",
                   R"("status":{"phase":")", phase, R"("}})"));
}

// An API server of one Job and one pod, of which a test says what its lists have and when its watches end.
class FakeCluster {
 public:
  explicit FakeCluster(Value job) : job_(std::move(job)) {}
  ~FakeCluster() { Close(); }

  // Each list of pods that is asked for has the next of these; the last serves all further ones.
  std::deque<std::vector<Value>> pod_lists;
  // Whoever holds the Lease at first does so for a second.
  std::string holder;

  std::unique_ptr<Rest> MakeRest(net::Loop& loop) { return server_.MakeRest(loop); }
  std::vector<Asked> asked() const { return server_.asked(); }
  // Of a method to a path.
  std::vector<Asked> AskedFor(std::string_view method, std::string_view path) const {
    std::vector<Asked> out;
    for (const Asked& each : asked()) {
      if (each.method == method && each.target.substr(0, each.target.find('?')) == path) out.push_back(each);
    }
    return out;
  }
  // The watch of pods, which has not shown what has just been written: the server has forgotten its version.
  void ForgetPods() {
    Tell("pods", R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old resource version"}})");
  }
  void Close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  static void Chunk(Peer& peer, const std::string& text) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx", text.size() + 1);
    peer.Write(Cat(size, "\r\n", text, "\n\r\n"));
  }
  static std::string Event(std::string_view type, const Value& object) {
    return Cat(R"({"type":")", type, R"(","object":)", document::WriteJson(object), "}");
  }

  void Tell(const std::string& kind, std::string line) {
    const std::scoped_lock lock(mutex_);
    lines_[kind].push_back(std::move(line));
    changed_.notify_all();
  }

  void Serve(const Asked& asked, Peer& peer) {
    if (asked.target.find("/leases") != std::string::npos) return ServeLease(asked, peer);
    if (asked.target.find("watch=1") != std::string::npos) return ServeWatch(asked, peer);
    const std::string version = Cat(++version_);
    if (asked.method == "PUT") {
      Value status = std::move(Parse(asked.body).At("status"));
      const std::scoped_lock lock(mutex_);
      job_.At("metadata").Set("resourceVersion", Value::String(version));
      job_.Set("status", std::move(status));
      lines_["jobs"].push_back(Event("MODIFIED", job_));
      changed_.notify_all();
    }
    peer.Answer(Cat(R"({"metadata":{"name":"p","resourceVersion":")", version, R"("}})"));
    if (asked.method == "DELETE") ForgetPods();
  }

  void ServeLease(const Asked& asked, Peer& peer) {
    const std::scoped_lock lock(mutex_);
    if (asked.method != "GET") {
      holder = Parse(asked.body)["spec"]["holderIdentity"].AsText();
      return peer.Answer(asked.body);
    }
    peer.Answer(Cat(R"({"metadata":{"resourceVersion":"1"},"spec":{"holderIdentity":")", holder,
                    R"(","leaseDurationSeconds":1}})"));
  }

  void ServeWatch(const Asked& asked, Peer& peer) {
    const std::string path = asked.target.substr(0, asked.target.find('?'));
    const std::string kind = path.substr(path.rfind('/') + 1);
    peer.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    if (asked.target.find("sendInitialEvents") != std::string::npos) {
      for (const Value& object : ListOf(kind)) Chunk(peer, Event("ADDED", object));
      Chunk(peer, Cat(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":")", version_.load(),
                      R"(","annotations":{"k8s.io/initial-events-end":"true"}}}})"));
    }
    while (true) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return closed_ || !lines_[kind].empty(); });
      if (closed_) return;
      const std::string line = std::move(lines_[kind].front());
      lines_[kind].pop_front();
      lock.unlock();
      Chunk(peer, line);
      if (line.find("\"ERROR\"") != std::string::npos) return peer.Write("0\r\n\r\n");
    }
  }

  std::vector<Value> ListOf(const std::string& kind) {
    const std::scoped_lock lock(mutex_);
    if (kind == "jobs") return {job_};
    if (kind != "pods") return {};
    const std::vector<Value> out = pod_lists.front();
    if (pod_lists.size() > 1) pod_lists.pop_front();
    return out;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::deque<std::string>> lines_;  // what each kind's watch is still to send
  Value job_;
  bool closed_ = false;
  std::atomic<int> version_ = 20;
  FakeServer server_{[this](const Asked& asked, Peer& peer) { Serve(asked, peer); }};
};

ClusterWorldOptions Options() {
  ClusterWorldOptions out;
  out.namespace_ = "n";
  out.backoff = std::chrono::milliseconds(10);
  out.instance = "test";
  out.verdict_events = false;
  out.log = [](Level, const std::string&) {};
  out.lost = [](const std::string& why) { ADD_FAILURE() << why; };
  return out;
}

constexpr const char* kStatus = "/apis/batch/v1/namespaces/n/jobs/j/status";
constexpr const char* kPods = "/api/v1/namespaces/n/pods";

// The version of a list counts as seen: of what was deleted meanwhile nothing newer is left to show it.
TEST(ClusterWorld, GoesOnAfterAListThatHidesWhatItHasDeleted) {
  FakeCluster cluster(Job(R"("suspend":true)", R"({"active":1,"ready":0,"startTime":"2026-11-30T10:00:00Z"})"));
  cluster.pod_lists = {{Pod("Running", 6, true)}, {}};
  net::Loop loop;
  const std::unique_ptr<Rest> rest = cluster.MakeRest(loop);
  ClusterWorld world(*rest, Options());
  world.Start();
  const auto terminating = [&](std::int64_t wanted) {
    const std::vector<Asked> statuses = cluster.AskedFor("PUT", kStatus);
    return !statuses.empty() && Parse(statuses.back().body)["status"]["terminating"].AsInt() == wanted;
  };
  EXPECT_TRUE(RunUntil(loop, [&] { return terminating(1); }));
  EXPECT_TRUE(RunUntil(loop, [&] { return terminating(0); }));
  cluster.Close();
}

// A watch that has been dead since before shows a pod that the former leader has counted as if it were still to count.
TEST(ClusterWorld, WhoTakesOverListsThePodsOnceMore) {
  FakeCluster cluster(Job(R"("completions":2)", R"({"succeeded":1,"startTime":"2026-11-30T10:00:00Z"})"));
  cluster.pod_lists = {{Pod("Succeeded", 6, true)}, {Pod("Succeeded", 7, false)}};
  cluster.holder = "former";
  net::Loop loop;
  const std::unique_ptr<Rest> rest = cluster.MakeRest(loop);
  ClusterWorldOptions options = Options();
  options.leader.emplace();
  options.leader->name = "lease";
  options.leader->namespace_ = "n";
  options.leader->identity = "test";
  options.leader->retry_period = std::chrono::milliseconds(20);
  ClusterWorld world(*rest, options);
  world.Start();
  // It goes on with the second of two pods.
  EXPECT_TRUE(RunUntil(loop, [&] { return !cluster.AskedFor("POST", kPods).empty(); }));
  EXPECT_EQ(cluster.AskedFor("PATCH", Cat(kPods, "/p")).size(), 0U);
  for (const Asked& status : cluster.AskedFor("PUT", kStatus)) {
    EXPECT_EQ(status.body.find("uid-p"), std::string::npos) << status.body;
  }
  cluster.Close();
}

}  // namespace
}  // namespace reprieve::kube
