#include "kube/manifests.h"

#include <initializer_list>
#include <string_view>
#include <utility>

#include "kube/cluster_world.h"
#include "kube/webhook_certificates.h"
#include "model/jobset.h"

namespace reprieve::kube {
namespace {

using document::Value;

constexpr std::string_view kName = "reprieve-controller";
constexpr std::int64_t kWebhookPort = 9443;

Value Text(std::string_view text) {
  return Value::String(std::string(text));
}

Value Texts(std::initializer_list<std::string_view> texts) {
  Value out = Value::MakeArray();
  for (const std::string_view text : texts) out.Append(Text(text));
  return out;
}

Value Object(std::initializer_list<std::pair<std::string_view, Value>> members) {
  Value out = Value::MakeObject();
  for (const auto& [key, value] : members) out.Set(key, value);
  return out;
}

Value Labels() {
  return Object({{"app.kubernetes.io/name", Text(kName)}});
}

Value Manifest(std::string_view api_version, std::string_view kind, std::string_view name,
               const std::string& name_space = "") {
  Value metadata = Object({{"name", Text(name)}});
  if (!name_space.empty()) metadata.Set("namespace", Text(name_space));
  metadata.Set("labels", Labels());
  return Object({{"apiVersion", Text(api_version)}, {"kind", Text(kind)}, {"metadata", std::move(metadata)}});
}

Value Rule(std::string_view group, std::initializer_list<std::string_view> resources,
           std::initializer_list<std::string_view> verbs) {
  return Object({{"apiGroups", Texts({group})}, {"resources", Texts(resources)}, {"verbs", Texts(verbs)}});
}

// What the controllers ask for. Nodes, for exclusive placement, can be read by a ClusterRole alone.
Value WorkRules(bool cluster_wide) {
  Value rules = Value::MakeArray();
  rules.Append(Rule("jobset.x-k8s.io", {"jobsets"}, {"list", "watch", "delete"}));
  rules.Append(Rule("jobset.x-k8s.io", {"jobsets/status", "jobsets/finalizers"}, {"update"}));
  rules.Append(Rule("batch", {"jobs"}, {"list", "watch", "create", "update", "patch", "delete"}));
  rules.Append(Rule("batch", {"jobs/status", "jobs/finalizers"}, {"update"}));
  rules.Append(Rule("", {"pods"}, {"list", "watch", "create", "patch", "delete"}));
  rules.Append(Rule("", {"pods/status"}, {"patch"}));
  rules.Append(Rule("", {"services", "persistentvolumeclaims"}, {"list", "watch", "create"}));
  if (cluster_wide) rules.Append(Rule("", {"nodes"}, {"list", "watch"}));
  rules.Append(Rule("", {"events"}, {"create", "patch"}));
  rules.Append(Rule("events.k8s.io", {"events"}, {"create", "patch"}));
  return rules;
}

// Of a shadow, which writes nothing.
Value ShadowRules(bool cluster_wide) {
  Value rules = Value::MakeArray();
  rules.Append(Rule("jobset.x-k8s.io", {"jobsets"}, {"list", "watch"}));
  rules.Append(Rule("batch", {"jobs"}, {"list", "watch"}));
  rules.Append(Rule("", {"pods", "services", "persistentvolumeclaims"}, {"list", "watch"}));
  if (cluster_wide) rules.Append(Rule("", {"nodes"}, {"list", "watch"}));
  return rules;
}

Value NamedRule(std::string_view group, std::initializer_list<std::string_view> resources,
                std::initializer_list<std::string_view> names, std::initializer_list<std::string_view> verbs) {
  Value rule = Rule(group, resources, verbs);
  rule.Set("resourceNames", Texts(names));
  return rule;
}

Value Binding(std::string_view kind, std::string_view role_kind, std::string_view name, const std::string& name_space,
              const ManifestOptions& options) {
  Value out = Manifest("rbac.authorization.k8s.io/v1", kind, name, name_space);
  out.Set("roleRef",
          Object({{"apiGroup", Text("rbac.authorization.k8s.io")}, {"kind", Text(role_kind)}, {"name", Text(name)}}));
  Value subject =
      Object({{"kind", Text("ServiceAccount")}, {"name", Text(kName)}, {"namespace", Text(options.install_namespace)}});
  out.Set("subjects", Value::MakeArray()).Append(std::move(subject));
  return out;
}

Value HttpProbe(std::string_view path) {
  return Object({{"httpGet", Object({{"path", Text(path)}, {"port", Text("probes")}})}});
}

Value Container(const ManifestOptions& options) {
  Value arguments = Texts({"controller"});
  if (options.shadow) arguments.Append(Text("--shadow"));
  if (options.webhooks) arguments.Append(Text("--webhooks"));
  if (!options.only_namespace.empty()) arguments.Append(Text("--namespace=" + options.only_namespace));
  Value ports = Value::MakeArray();
  ports.Append(Object({{"containerPort", Value::Int(8081)}, {"name", Text("probes")}}));
  if (options.webhooks) {
    ports.Append(Object({{"containerPort", Value::Int(kWebhookPort)}, {"name", Text("webhooks")}}));
  }
  return Object({
      {"name", Text("controller")},
      {"image", Text(options.image)},
      {"args", std::move(arguments)},
      {"ports", std::move(ports)},
      {"livenessProbe", HttpProbe("/healthz")},
      {"readinessProbe", HttpProbe("/readyz")},
      {"resources", Object({{"requests", Object({{"cpu", Text("50m")}, {"memory", Text("32Mi")}})},
                            {"limits", Object({{"memory", Text("512Mi")}})}})},
      {"securityContext", Object({{"allowPrivilegeEscalation", Value::Bool(false)},
                                  {"readOnlyRootFilesystem", Value::Bool(true)},
                                  {"capabilities", Object({{"drop", Texts({"ALL"})}})}})},
  });
}

}  // namespace

std::vector<Value> RbacManifests(const ManifestOptions& options) {
  const bool cluster_wide = options.only_namespace.empty();
  const std::string_view role = cluster_wide ? "ClusterRole" : "Role";
  std::vector<Value> out;
  out.push_back(Manifest("v1", "ServiceAccount", kName, options.install_namespace));
  out.push_back(Manifest("rbac.authorization.k8s.io/v1", role, kName, options.only_namespace));
  out.back().Set("rules", options.shadow ? ShadowRules(cluster_wide) : WorkRules(cluster_wide));
  out.push_back(
      Binding(cluster_wide ? "ClusterRoleBinding" : "RoleBinding", role, kName, options.only_namespace, options));
  if (options.shadow) return out;
  // Who may create a Lease may create any; to renew, this one is enough.
  constexpr std::string_view kLeaseRole = "reprieve-controller-lease";
  out.push_back(Manifest("rbac.authorization.k8s.io/v1", "Role", kLeaseRole, options.install_namespace));
  Value& rules = out.back().Set("rules", Value::MakeArray());
  rules.Append(Rule("coordination.k8s.io", {"leases"}, {"create"}));
  rules.Append(NamedRule("coordination.k8s.io", {"leases"}, {kLeaseName}, {"get", "update"}));
  if (options.webhooks) {
    rules.Append(Rule("", {"secrets"}, {"create"}));
    rules.Append(NamedRule("", {"secrets"}, {kWebhookSecret}, {"get", "update"}));
  }
  out.push_back(Binding("RoleBinding", "Role", kLeaseRole, options.install_namespace, options));
  if (!options.webhooks) return out;
  constexpr std::string_view kWebhookRole = "reprieve-controller-webhooks";
  out.push_back(Manifest("rbac.authorization.k8s.io/v1", "ClusterRole", kWebhookRole));
  Value& webhook_rules = out.back().Set("rules", Value::MakeArray());
  constexpr std::string_view kRegistration = "admissionregistration.k8s.io";
  webhook_rules.Append(
      NamedRule(kRegistration, {"mutatingwebhookconfigurations"}, {kMutatingConfiguration}, {"get", "update"}));
  webhook_rules.Append(
      NamedRule(kRegistration, {"validatingwebhookconfigurations"}, {kValidatingConfiguration}, {"get", "update"}));
  // A new JobSet's claims are compared with those that are there.
  webhook_rules.Append(Rule("", {"persistentvolumeclaims"}, {"get"}));
  out.push_back(Binding("ClusterRoleBinding", "ClusterRole", kWebhookRole, "", options));
  return out;
}

namespace {

struct Hook {
  std::string_view name, path, group, version, resource;
  bool updates;
};
constexpr Hook kMutateJobSet = {
    "mjobset.kb.io", "/mutate-jobset-x-k8s-io-v1alpha2-jobset", "jobset.x-k8s.io", "v1alpha2", "jobsets", false};
constexpr Hook kValidateJobSet = {
    "vjobset.kb.io", "/validate-jobset-x-k8s-io-v1alpha2-jobset", "jobset.x-k8s.io", "v1alpha2", "jobsets", true};
constexpr Hook kMutatePod = {"mpod.kb.io", "/mutate--v1-pod", "", "v1", "pods", false};
constexpr Hook kValidatePod = {"vpod.kb.io", "/validate--v1-pod", "", "v1", "pods", false};
constexpr Hook kMutateJob = {"mjob.reprieve.dev", "/mutate-batch-v1-job", "batch", "v1", "jobs", false};

Value Webhook(const Hook& hook, const ManifestOptions& options) {
  Value rule = Object({{"apiGroups", Texts({hook.group})},
                       {"apiVersions", Texts({hook.version})},
                       {"operations", hook.updates ? Texts({"CREATE", "UPDATE"}) : Texts({"CREATE"})},
                       {"resources", Texts({hook.resource})}});
  Value service = Object(
      {{"name", Text(kWebhookService)}, {"namespace", Text(options.install_namespace)}, {"path", Text(hook.path)}});
  Value rules = Value::MakeArray();
  rules.Append(std::move(rule));
  return Object({{"name", Text(hook.name)},
                 {"admissionReviewVersions", Texts({"v1"})},
                 {"clientConfig", Object({{"service", std::move(service)}})},
                 {"failurePolicy", Text("Fail")},
                 {"sideEffects", Text("None")},
                 {"rules", std::move(rules)}});
}

// Only pods of JobSets: a controller that is away stops no other pod.
Value PodWebhook(const Hook& hook, const ManifestOptions& options) {
  Value out = Webhook(hook, options);
  Value expressions = Value::MakeArray();
  expressions.Append(Object({{"key", Text(jobset::kJobSetName)}, {"operator", Text("Exists")}}));
  out.Set("objectSelector", Object({{"matchExpressions", std::move(expressions)}}));
  return out;
}

}  // namespace

std::vector<Value> WebhookManifests(const ManifestOptions& options) {
  std::vector<Value> out;
  Value port = Object({{"port", Value::Int(443)}, {"protocol", Text("TCP")}, {"targetPort", Value::Int(kWebhookPort)}});
  Value ports = Value::MakeArray();
  ports.Append(std::move(port));
  out.push_back(Manifest("v1", "Service", kWebhookService, options.install_namespace));
  out.back().Set("spec", Object({{"ports", std::move(ports)}, {"selector", Labels()}}));

  out.push_back(Manifest("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", kMutatingConfiguration));
  Value& mutating = out.back().Set("webhooks", Value::MakeArray());
  mutating.Append(Webhook(kMutateJobSet, options));
  mutating.Append(PodWebhook(kMutatePod, options));
  if (options.manage_jobs) {
    mutating.Append(Webhook(kMutateJob, options));
    mutating.items().back().Set("namespaceSelector",
                                Object({{"matchLabels", Object({{kManageJobsLabel, Text("true")}})}}));
  }
  out.push_back(
      Manifest("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", kValidatingConfiguration));
  Value& validating = out.back().Set("webhooks", Value::MakeArray());
  validating.Append(Webhook(kValidateJobSet, options));
  validating.Append(PodWebhook(kValidatePod, options));
  return out;
}

std::vector<Value> DeploymentManifests(const ManifestOptions& options) {
  std::vector<Value> out;
  out.push_back(Manifest("v1", "Namespace", options.install_namespace));
  Value deployment = Manifest("apps/v1", "Deployment", kName, options.install_namespace);
  Value containers = Value::MakeArray();
  containers.Append(Container(options));
  Value pod_spec = Object({
      {"serviceAccountName", Text(kName)},
      {"terminationGracePeriodSeconds", Value::Int(15)},
      {"securityContext", Object({{"runAsNonRoot", Value::Bool(true)},
                                  {"runAsUser", Value::Int(65532)},
                                  {"seccompProfile", Object({{"type", Text("RuntimeDefault")}})}})},
      {"containers", std::move(containers)},
  });
  deployment.Set(
      "spec", Object({
                  {"replicas", Value::Int(options.replicas)},
                  {"selector", Object({{"matchLabels", Labels()}})},
                  {"template", Object({{"metadata", Object({{"labels", Labels()}})}, {"spec", std::move(pod_spec)}})},
              }));
  out.push_back(std::move(deployment));
  Value budget = Manifest("policy/v1", "PodDisruptionBudget", kName, options.install_namespace);
  budget.Set("spec", Object({{"maxUnavailable", Value::Int(1)}, {"selector", Object({{"matchLabels", Labels()}})}}));
  out.push_back(std::move(budget));
  return out;
}

}  // namespace reprieve::kube
