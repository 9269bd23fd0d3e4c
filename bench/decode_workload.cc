// decode: what a watch of pods costs the controller on a cluster: 100,000 pods of 1,000 Jobs, as an API server sends
// them, into its cache; beside the same texts only parsed into trees.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "document/json.h"
#include "kube/cache.h"
#include "kube/decode.h"
#include "workloads.h"

namespace reprieve::bench {
namespace {

constexpr int kJobs = 1000;
constexpr int kPodsOfEach = 100;
constexpr double kOfTrees = 0.25;
constexpr double kBytesPerPod = 480;

// About 3 KiB, of which managedFields and the spec are most, as in a cluster.
std::string Pod(int job, int index) {
  const std::string owner = Cat("b7a0c1d2-0000-4000-8000-", 100000000000 + job);
  const std::string name = Cat("held-", job, "-", index, "-", static_cast<char>('a' + index % 20), "x4f", job % 10);
  return Cat(
      R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":")", name, R"(","generateName":"held-)", job, "-", index,
      R"(-","namespace":"default","uid":"c0ffee00-0000-4000-9000-)", 100000000000 + job * 1000 + index,
      R"(","resourceVersion":")", 1000 + job * 100 + index,
      R"(","generation":1,"creationTimestamp":"2026-11-30T10:00:00Z","labels":{"batch.kubernetes.io/controller-uid":")",
      owner, R"(","batch.kubernetes.io/job-completion-index":")", index, R"(","batch.kubernetes.io/job-name":"held-)",
      job, R"(","controller-uid":")", owner, R"(","job-name":"held-)", job,
      R"("},"annotations":{"batch.kubernetes.io/job-completion-index":")", index,
      R"("},"ownerReferences":[{"apiVersion":"batch/v1","kind":"Job","name":"held-)", job, R"(","uid":")", owner,
      R"(","controller":true,"blockOwnerDeletion":true}],"finalizers":["batch.kubernetes.io/job-tracking"],"managedFields":[)"
      R"({"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-11-30T10:00:00Z","fieldsType":)"
      R"("FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{".":{},"f:batch.kubernetes.io/job-completion-index":{}},)"
      R"("f:finalizers":{".":{},"v:\"batch.kubernetes.io/job-tracking\"":{}},"f:generateName":{},"f:labels":{".":{},)"
      R"("f:batch.kubernetes.io/controller-uid":{},"f:batch.kubernetes.io/job-completion-index":{},)"
      R"("f:batch.kubernetes.io/job-name":{},"f:controller-uid":{},"f:job-name":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\")",
      owner,
      R"(\"}":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"main\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},)"
      R"("f:resources":{},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},)"
      R"("f:enableServiceLinks":{},"f:hostname":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},)"
      R"("f:terminationGracePeriodSeconds":{}}}}]},"spec":{"volumes":[{"name":"kube-api-access-x4f9z","projected":{"sources":[)"
      R"({"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"name":"kube-root-ca.crt","items":[)"
      R"({"key":"ca.crt","path":"ca.crt"}]}},{"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1",)"
      R"("fieldPath":"metadata.namespace"}}]}}],"defaultMode":420}}],"containers":[{"name":"main","image":"trainer","env":[)"
      R"({"name":"JOB_COMPLETION_INDEX","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":)"
      R"("metadata.labels['batch.kubernetes.io/job-completion-index']"}}}],"resources":{},"volumeMounts":[{"name":)"
      R"("kube-api-access-x4f9z","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],)"
      R"("terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"Always"}],)"
      R"("restartPolicy":"Never","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default",)"
      R"("serviceAccount":"default","nodeName":"node-)",
      job % 50, R"(","securityContext":{},"hostname":"held-)", job, "-", index,
      R"(","schedulerName":"default-scheduler","tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists",)"
      R"("effect":"NoExecute","tolerationSeconds":300},{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":)"
      R"("NoExecute","tolerationSeconds":300}],"priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"},)"
      R"("status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":)"
      R"("2026-11-30T10:)",
      10 + job / 60 % 50, ":", 10 + job % 50,
      R"(Z"}],"hostIP":"10.0.0.1","podIP":"10.1.2.3","qosClass":"BestEffort"}})");
}

double Resident() {
  long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    long all = 0;
    if (std::fscanf(file, "%ld %ld", &all, &pages) != 2) pages = 0;
    std::fclose(file);
  }
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// Calls `take` with each pod; of the processor time only its own counts.
template <class Take>
double EachPod(const Take& take) {
  double spent = 0;
  std::vector<std::string> texts;
  for (int job = 0; job < kJobs; ++job) {
    texts.clear();
    for (int index = 0; index < kPodsOfEach; ++index) texts.push_back(Pod(job, index));
    const double begin = ProcessorTime();
    for (const std::string& text : texts) take(text);
    spent += ProcessorTime() - begin;
  }
  return spent;
}

}  // namespace

std::vector<Figure> DecodePods(const std::string&) {
  const double trees = EachPod([](const std::string& text) {
    const auto parsed = document::ParseJson(text);
    REPRIEVE_CHECK(parsed.ok(), "a pod is JSON");
  });
  kube::Decoder decoder;
  kube::Cache<core::Pod> cache([&](document::JsonCursor& in) { return decoder.Pod(in); }, [] {});
  const double before = Resident();
  const double typed = EachPod([&](const std::string& text) {
    document::JsonCursor in(text);
    cache.Changed(in);
  });
  const double held = (Resident() - before) / kJobs / kPodsOfEach;
  REPRIEVE_CHECK(cache.size() == std::size_t{kJobs} * kPodsOfEach, "all pods are known");
  return {AtMost("decode/100000", typed, "s of processor time", "parsing into trees", trees, kOfTrees),
          AtMost("decode/100000", held, "bytes per pod", "the target", kBytesPerPod, 1)};
}

}  // namespace reprieve::bench
