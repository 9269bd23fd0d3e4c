// reprieve manifests: what is installed into a cluster, printed for kubectl.
#include "kube/manifests.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "admission/definition.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/verb.h"
#include "cli/verb_options.h"
#include "document/yaml_write.h"

namespace reprieve::cli {
namespace {

class ManifestsVerb final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    VerbOptions verb(app, "manifests", "Print what a cluster needs for `reprieve controller`");
    verb.Footer(
        "Examples:\n"
        "  reprieve manifests crd | kubectl apply --server-side -f -\n"
        "  reprieve manifests deployment rbac --image registry/reprieve:1 | kubectl apply -f -\n\n"
        "crd          the CustomResourceDefinition of JobSets\n"
        "rbac         ServiceAccount, roles and their bindings\n"
        "webhooks     their Service and configurations; rbac and deployment are then of one that serves them\n"
        "deployment   Namespace, Deployment and PodDisruptionBudget");
    verb.Add("WHAT", what_, "crd, rbac, deployment, webhooks")
        .Required()
        .OneOf({"crd", "rbac", "deployment", "webhooks"});
    verb.Add("-n,--namespace", options_.only_namespace,
             "The controller may touch objects of this namespace only (default: all)")
        .Value("NAME");
    verb.Add("--install-namespace", options_.install_namespace, "Where it runs (default jobset-system)").Value("NAME");
    verb.Add("--image", options_.image, "Its image (default reprieve:latest)").Value("IMAGE");
    verb.AddFlag("--shadow", options_.shadow, "Of one that only looks, beside the cluster's own controllers");
    verb.AddFlag("--webhooks", options_.webhooks, "Of one that serves the webhooks: rights, port and flag");
    verb.AddFlag(
        "--manage-jobs", options_.manage_jobs,
        Cat("A webhook, too, that gives it the Jobs of namespaces labelled ", kube::kManageJobsLabel, "=true"));
    verb.Add("--replicas", options_.replicas, "How many; one works, the others wait (default 2)")
        .Value("N")
        .Between(1, 16);
  }

  int Run() override {
    std::vector<document::Value> out;
    options_.webhooks = options_.webhooks || std::count(what_.begin(), what_.end(), "webhooks") > 0;
    for (const std::string& what : what_) {
      if (what == "crd") out.push_back(admission::JobSetDefinition());
      if (what == "rbac") Append(kube::RbacManifests(options_), out);
      if (what == "webhooks") Append(kube::WebhookManifests(options_), out);
      if (what == "deployment") Append(kube::DeploymentManifests(options_), out);
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
      std::fputs((i == 0 ? "" : "---\n"), stdout);
      std::fputs(document::WriteYaml(out[i]).c_str(), stdout);
    }
    return kCompleted;
  }

 private:
  static void Append(std::vector<document::Value> from, std::vector<document::Value>& to) {
    for (document::Value& value : from) to.push_back(std::move(value));
  }

  std::vector<std::string> what_;
  kube::ManifestOptions options_;
};

}  // namespace

std::unique_ptr<Verb> MakeManifests() {
  return std::make_unique<ManifestsVerb>();
}

}  // namespace reprieve::cli
