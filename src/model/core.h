// core/v1: Pod, and what a pod takes its settings from. Fields that Reprieve does not interpret stay in `rest`.
//
// Source: core/v1 as in model/schema/fields.tsv; spec/job.md 4. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/shared_string.h"
#include "base/shared_vector.h"
#include "base/slots.h"
#include "model/meta.h"

namespace reprieve::core {

using meta::Value;  // for who includes this. NOLINT(misc-unused-using-decls)
using model::kAlwaysWritten;

enum class PodPhase : std::uint8_t { kPending, kRunning, kSucceeded, kFailed, kUnknown };
std::string_view NameOf(PodPhase phase);
void FromName(std::string_view name, PodPhase& out);

enum class RestartPolicy : std::uint8_t { kAlways, kOnFailure, kNever };
std::string_view NameOf(RestartPolicy policy);
void FromName(std::string_view name, RestartPolicy& out);

inline constexpr std::string_view kReadyCondition = "Ready";
inline constexpr std::string_view kDisruptionTargetCondition = "DisruptionTarget";

struct ObjectFieldSelector {
  using BoundTag = void;
  std::string api_version;
  std::string field_path;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("apiVersion", &ObjectFieldSelector::api_version);
    v.Field("fieldPath", &ObjectFieldSelector::field_path, kAlwaysWritten);
  }
};

struct ResourceFieldSelector {
  using BoundTag = void;
  std::string container_name;
  std::string resource;
  std::string divisor;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("containerName", &ResourceFieldSelector::container_name);
    v.Field("resource", &ResourceFieldSelector::resource, kAlwaysWritten);
    v.Field("divisor", &ResourceFieldSelector::divisor);
  }
};

// A key of a ConfigMap or of a Secret.
struct KeySelector {
  using BoundTag = void;
  std::string name;
  std::string key;
  std::optional<bool> optional;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("name", &KeySelector::name);
    v.Field("key", &KeySelector::key, kAlwaysWritten);
    v.Field("optional", &KeySelector::optional);
  }
};

struct EnvVarSource {
  using BoundTag = void;
  std::optional<ObjectFieldSelector> field_ref;
  std::optional<ResourceFieldSelector> resource_field_ref;
  std::optional<KeySelector> config_map_key_ref;
  std::optional<KeySelector> secret_key_ref;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("fieldRef", &EnvVarSource::field_ref);
    v.Field("resourceFieldRef", &EnvVarSource::resource_field_ref);
    v.Field("configMapKeyRef", &EnvVarSource::config_map_key_ref);
    v.Field("secretKeyRef", &EnvVarSource::secret_key_ref);
  }
};

struct EnvVar {
  using BoundTag = void;
  std::string name;
  std::string value;
  std::optional<EnvVarSource> value_from;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("name", &EnvVar::name, kAlwaysWritten);
    v.Field("value", &EnvVar::value);
    v.Field("valueFrom", &EnvVar::value_from);
  }
};

// A whole ConfigMap or Secret.
struct SourceReference {
  using BoundTag = void;
  std::string name;
  std::optional<bool> optional;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("name", &SourceReference::name);
    v.Field("optional", &SourceReference::optional);
  }
};

struct EnvFromSource {
  using BoundTag = void;
  std::string prefix;
  std::optional<SourceReference> config_map_ref;
  std::optional<SourceReference> secret_ref;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("prefix", &EnvFromSource::prefix);
    v.Field("configMapRef", &EnvFromSource::config_map_ref);
    v.Field("secretRef", &EnvFromSource::secret_ref);
  }
};

struct ResourceRequirements {
  using BoundTag = void;
  std::map<std::string, std::string> limits;    // quantities as text
  std::map<std::string, std::string> requests;  // quantities as text
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("limits", &ResourceRequirements::limits);
    v.Field("requests", &ResourceRequirements::requests);
  }
};

struct VolumeMount {
  using BoundTag = void;
  std::string name;
  bool read_only = false;
  std::string mount_path;
  std::string sub_path;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("name", &VolumeMount::name, kAlwaysWritten);
    v.Field("readOnly", &VolumeMount::read_only);
    v.Field("mountPath", &VolumeMount::mount_path, kAlwaysWritten);
    v.Field("subPath", &VolumeMount::sub_path);
  }
};

struct ContainerPort {
  using BoundTag = void;
  std::string name;
  std::int32_t container_port = 0;
  std::string protocol;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("name", &ContainerPort::name);
    v.Field("containerPort", &ContainerPort::container_port, kAlwaysWritten);
    v.Field("protocol", &ContainerPort::protocol);
  }
};

struct ExecAction {
  using BoundTag = void;
  std::vector<std::string> command;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("command", &ExecAction::command);
  }
};

struct HttpHeader {
  using BoundTag = void;
  std::string name;
  std::string value;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("name", &HttpHeader::name, kAlwaysWritten);
    v.Field("value", &HttpHeader::value, kAlwaysWritten);
  }
};

struct HttpGetAction {
  using BoundTag = void;
  std::string path;
  document::Value port;  // a number, or the name of a port of the container
  std::string host;
  std::string scheme;
  std::vector<HttpHeader> http_headers;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("path", &HttpGetAction::path);
    v.Field("port", &HttpGetAction::port, kAlwaysWritten);
    v.Field("host", &HttpGetAction::host);
    v.Field("scheme", &HttpGetAction::scheme);
    v.Field("httpHeaders", &HttpGetAction::http_headers);
  }
};

struct TcpSocketAction {
  using BoundTag = void;
  document::Value port;  // a number, or the name of a port of the container
  std::string host;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("port", &TcpSocketAction::port, kAlwaysWritten);
    v.Field("host", &TcpSocketAction::host);
  }
};

// One action is set (or grpc, in `rest`).
struct Probe {
  using BoundTag = void;
  std::optional<ExecAction> exec;
  std::optional<HttpGetAction> http_get;
  std::optional<TcpSocketAction> tcp_socket;
  std::int32_t initial_delay_seconds = 0;
  std::int32_t timeout_seconds = 0;
  std::int32_t period_seconds = 0;
  std::int32_t success_threshold = 0;
  std::int32_t failure_threshold = 0;
  std::optional<std::int64_t> termination_grace_period_seconds;  // absent: the pod's
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("exec", &Probe::exec);
    v.Field("httpGet", &Probe::http_get);
    v.Field("tcpSocket", &Probe::tcp_socket);
    v.Field("initialDelaySeconds", &Probe::initial_delay_seconds);
    v.Field("timeoutSeconds", &Probe::timeout_seconds);
    v.Field("periodSeconds", &Probe::period_seconds);
    v.Field("successThreshold", &Probe::success_threshold);
    v.Field("failureThreshold", &Probe::failure_threshold);
    v.Field("terminationGracePeriodSeconds", &Probe::termination_grace_period_seconds);
  }
};

struct Container {
  using BoundTag = void;
  SharedString name;
  SharedString image;
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::string working_dir;
  std::vector<ContainerPort> ports;
  std::vector<EnvFromSource> env_from;
  std::vector<EnvVar> env;
  ResourceRequirements resources;
  std::optional<RestartPolicy> restart_policy;  // Always on an init container: a sidecar
  std::vector<VolumeMount> volume_mounts;
  std::optional<Probe> liveness_probe;
  std::optional<Probe> readiness_probe;
  std::optional<Probe> startup_probe;
  std::string termination_message_path;
  std::string image_pull_policy;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("name", &Container::name, kAlwaysWritten);
    v.Field("image", &Container::image);
    v.Field("command", &Container::command);
    v.Field("args", &Container::args);
    v.Field("workingDir", &Container::working_dir);
    v.Field("ports", &Container::ports);
    v.Field("envFrom", &Container::env_from);
    v.Field("env", &Container::env);
    v.Field("resources", &Container::resources, kAlwaysWritten);
    v.Field("restartPolicy", &Container::restart_policy);
    v.Field("volumeMounts", &Container::volume_mounts);
    v.Field("livenessProbe", &Container::liveness_probe);
    v.Field("readinessProbe", &Container::readiness_probe);
    v.Field("startupProbe", &Container::startup_probe);
    v.Field("terminationMessagePath", &Container::termination_message_path);
    v.Field("imagePullPolicy", &Container::image_pull_policy);
  }
  bool IsSidecar() const { return restart_policy == RestartPolicy::kAlways; }
};

struct KeyToPath {
  using BoundTag = void;
  std::string key;
  std::string path;
  std::optional<std::int32_t> mode;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("key", &KeyToPath::key, kAlwaysWritten);
    v.Field("path", &KeyToPath::path, kAlwaysWritten);
    v.Field("mode", &KeyToPath::mode);
  }
};

struct ConfigMapVolumeSource {
  using BoundTag = void;
  std::string name;
  std::vector<KeyToPath> items;
  std::optional<std::int32_t> default_mode;
  std::optional<bool> optional;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("name", &ConfigMapVolumeSource::name);
    v.Field("items", &ConfigMapVolumeSource::items);
    v.Field("defaultMode", &ConfigMapVolumeSource::default_mode);
    v.Field("optional", &ConfigMapVolumeSource::optional);
  }
};

struct SecretVolumeSource {
  using BoundTag = void;
  std::string secret_name;
  std::vector<KeyToPath> items;
  std::optional<std::int32_t> default_mode;
  std::optional<bool> optional;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("secretName", &SecretVolumeSource::secret_name);
    v.Field("items", &SecretVolumeSource::items);
    v.Field("defaultMode", &SecretVolumeSource::default_mode);
    v.Field("optional", &SecretVolumeSource::optional);
  }
};

struct HostPathVolumeSource {
  using BoundTag = void;
  std::string path;
  std::string type;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("path", &HostPathVolumeSource::path, kAlwaysWritten);
    v.Field("type", &HostPathVolumeSource::type, kAlwaysWritten);
  }
};

struct EmptyDirVolumeSource {
  using BoundTag = void;
  std::string medium;
  std::string size_limit;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("medium", &EmptyDirVolumeSource::medium);
    v.Field("sizeLimit", &EmptyDirVolumeSource::size_limit);
  }
};

struct ClaimVolumeSource {
  using BoundTag = void;
  std::string claim_name;
  bool read_only = false;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("claimName", &ClaimVolumeSource::claim_name, kAlwaysWritten);
    v.Field("readOnly", &ClaimVolumeSource::read_only);
  }
};

struct Volume {
  using BoundTag = void;
  std::string name;
  std::optional<ClaimVolumeSource> claim;
  std::optional<HostPathVolumeSource> host_path;
  std::optional<EmptyDirVolumeSource> empty_dir;
  std::optional<ConfigMapVolumeSource> config_map;
  std::optional<SecretVolumeSource> secret;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("name", &Volume::name, kAlwaysWritten);
    v.Field("hostPath", &Volume::host_path);
    v.Field("emptyDir", &Volume::empty_dir);
    v.Field("persistentVolumeClaim", &Volume::claim);
    v.Field("configMap", &Volume::config_map);
    v.Field("secret", &Volume::secret);
  }
};

struct Toleration {
  using BoundTag = void;
  std::string key;
  std::string op;
  std::string value;
  std::string effect;
  std::optional<std::int64_t> toleration_seconds;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("key", &Toleration::key);
    v.Field("operator", &Toleration::op);
    v.Field("value", &Toleration::value);
    v.Field("effect", &Toleration::effect);
    v.Field("tolerationSeconds", &Toleration::toleration_seconds);
  }
};

struct PodSpec {
  using BoundTag = void;
  std::vector<Volume> volumes;
  std::vector<Container> init_containers;
  std::vector<Container> containers;
  RestartPolicy restart_policy = RestartPolicy::kAlways;
  std::optional<std::int64_t> termination_grace_period_seconds;
  std::optional<std::int64_t> active_deadline_seconds;
  std::map<std::string, std::string> node_selector;
  std::string service_account_name;
  std::string node_name;  // as submitted; where a pod is bound stands in Pod::node_name
  std::string hostname;   // as submitted; a pod's own stands in Pod::hostname
  std::string subdomain;  // the headless Service that publishes its name
  std::vector<Toleration> tolerations;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("volumes", &PodSpec::volumes);
    v.Field("initContainers", &PodSpec::init_containers);
    v.Field("containers", &PodSpec::containers, kAlwaysWritten);
    v.Field("restartPolicy", &PodSpec::restart_policy);
    v.Field("terminationGracePeriodSeconds", &PodSpec::termination_grace_period_seconds);
    v.Field("activeDeadlineSeconds", &PodSpec::active_deadline_seconds);
    v.Field("nodeSelector", &PodSpec::node_selector);
    v.Field("serviceAccountName", &PodSpec::service_account_name);
    v.Field("nodeName", &PodSpec::node_name);
    v.Field("hostname", &PodSpec::hostname);
    v.Field("subdomain", &PodSpec::subdomain);
    v.Field("tolerations", &PodSpec::tolerations);
  }
};

struct PodTemplateSpec {
  using BoundTag = void;
  meta::ObjectMeta metadata;
  std::shared_ptr<const PodSpec> spec;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("metadata", &PodTemplateSpec::metadata, kAlwaysWritten);
    v.Field("spec", &PodTemplateSpec::spec, kAlwaysWritten);
  }
};

struct ContainerStateWaiting {
  using BoundTag = void;
  SharedString reason;
  SharedString message;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("reason", &ContainerStateWaiting::reason);
    v.Field("message", &ContainerStateWaiting::message);
  }
};

struct ContainerStateRunning {
  using BoundTag = void;
  std::optional<Time> started_at;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("startedAt", &ContainerStateRunning::started_at);
  }
};

struct ContainerStateTerminated {
  using BoundTag = void;
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
  SharedString reason;
  SharedString message;
  std::optional<Time> started_at;
  std::optional<Time> finished_at;
  SharedString container_id;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("exitCode", &ContainerStateTerminated::exit_code, kAlwaysWritten);
    v.Field("signal", &ContainerStateTerminated::signal);
    v.Field("reason", &ContainerStateTerminated::reason);
    v.Field("message", &ContainerStateTerminated::message);
    v.Field("startedAt", &ContainerStateTerminated::started_at);
    v.Field("finishedAt", &ContainerStateTerminated::finished_at);
    v.Field("containerID", &ContainerStateTerminated::container_id);
  }
};

// At most one is set; none means waiting.
struct ContainerState {
  using BoundTag = void;
  model::Boxed<ContainerStateWaiting> waiting;
  std::optional<ContainerStateRunning> running;
  model::Boxed<ContainerStateTerminated> terminated;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("waiting", &ContainerState::waiting);
    v.Field("running", &ContainerState::running);
    v.Field("terminated", &ContainerState::terminated);
  }
};

struct ContainerStatus {
  using BoundTag = void;
  SharedString name;
  ContainerState state;
  model::Boxed<ContainerState> last_state;  // how it ended last, if it was restarted
  bool ready = false;
  std::optional<bool> started;
  std::int32_t restart_count = 0;
  SharedString image;
  SharedString image_id;
  SharedString container_id;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("name", &ContainerStatus::name, kAlwaysWritten);
    v.Field("state", &ContainerStatus::state, kAlwaysWritten);
    v.Field("lastState", &ContainerStatus::last_state, kAlwaysWritten);
    v.Field("ready", &ContainerStatus::ready, kAlwaysWritten);
    v.Field("restartCount", &ContainerStatus::restart_count, kAlwaysWritten);
    v.Field("image", &ContainerStatus::image, kAlwaysWritten);
    v.Field("imageID", &ContainerStatus::image_id, kAlwaysWritten);
    v.Field("containerID", &ContainerStatus::container_id);
    v.Field("started", &ContainerStatus::started);
  }
  // Null pointer if it never ended before.
  const ContainerStateTerminated* LastTermination() const {
    return last_state && last_state->terminated ? &*last_state->terminated : nullptr;
  }
};

struct PodCondition {
  using BoundTag = void;
  SharedString type;
  SharedString status;  // True, False, Unknown
  std::optional<Time> last_transition_time;
  SharedString reason;
  SharedString message;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("type", &PodCondition::type, kAlwaysWritten);
    v.Field("status", &PodCondition::status, kAlwaysWritten);
    v.Field("lastTransitionTime", &PodCondition::last_transition_time);
    v.Field("reason", &PodCondition::reason);
    v.Field("message", &PodCondition::message);
  }
};

struct PodStatus {
  using BoundTag = void;
  PodPhase phase = PodPhase::kPending;
  SharedVector<PodCondition> conditions;
  SharedString message;
  SharedString reason;
  SharedString host_ip;
  SharedString pod_ip;
  model::Compact<Time> start_time;
  SharedVector<ContainerStatus> init_container_statuses;
  SharedVector<ContainerStatus> container_statuses;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("phase", &PodStatus::phase);
    v.Field("conditions", &PodStatus::conditions);
    v.Field("message", &PodStatus::message);
    v.Field("reason", &PodStatus::reason);
    v.Field("hostIP", &PodStatus::host_ip);
    v.Field("podIP", &PodStatus::pod_ip);
    v.Field("startTime", &PodStatus::start_time);
    v.Field("initContainerStatuses", &PodStatus::init_container_statuses);
    v.Field("containerStatuses", &PodStatus::container_statuses);
  }
  // Null pointer if there is none.
  const PodCondition* FindCondition(std::string_view type) const;
  // Adds or replaces by type.
  void SetCondition(PodCondition condition);
};

struct Pod {
  meta::ObjectMeta metadata;
  std::shared_ptr<const PodSpec> spec;  // shared by all pods of one template
  SharedString node_name;               // where it is bound; empty: nowhere yet
  meta::NameBeginning hostname;         // overrides spec->hostname where not empty
  PodStatus status;
  // Differs whenever the status may differ, but for a version four billion later; 0: nobody keeps it, and nothing
  // follows from it.
  std::uint32_t status_version = 0;
  // No other pod of the same holder (a store, a watch's cache) has it at the same time.
  Slot slot = kNoSlot;

  bool IsTerminal() const { return status.phase == PodPhase::kSucceeded || status.phase == PodPhase::kFailed; }
  bool IsActive() const { return !IsTerminal() && !metadata.deleting(); }
  bool IsReady() const;
  std::string_view Hostname() const { return hostname.In(metadata.name); }
};
// Of a million pods each byte counts: this is a whole block of the allocator, and the next is a quarter larger.
static_assert(sizeof(Pod) <= 256);

// With apiVersion and kind.
void FromValue(const document::Value& value, Pod& out);
document::Value ToValue(const Pod& pod);

// What gives pods names: a headless one (clusterIP None) publishes the address of each pod that its selector matches.
struct ServiceSpec {
  using BoundTag = void;
  std::string cluster_ip;
  std::map<std::string, std::string> selector;
  bool publish_not_ready_addresses = false;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("selector", &ServiceSpec::selector);
    v.Field("clusterIP", &ServiceSpec::cluster_ip);
    v.Field("publishNotReadyAddresses", &ServiceSpec::publish_not_ready_addresses);
  }
};
struct Service {
  meta::ObjectMeta metadata;
  ServiceSpec spec;
  bool headless() const { return spec.cluster_ip == "None"; }
  // Without a selector none.
  bool Selects(const meta::Labels& labels) const;
};
void FromValue(const document::Value& value, Service& out);
// What the server fills in for a Service without a cluster address.
void DefaultHeadlessService(Service& service);
document::Value ToValue(const Service& service);

// A machine, or a part of one, that pods are bound to. Its labels say where it stands.
struct Node {
  meta::ObjectMeta metadata;
};

// Storage that outlives pods.
struct PersistentVolumeClaim {
  meta::ObjectMeta metadata;
  document::Value spec;
};
void FromValue(const document::Value& value, PersistentVolumeClaim& out);
document::Value ToValue(const PersistentVolumeClaim& claim);

// Settings and secrets that pods take from the same manifests.
struct ConfigMap {
  meta::ObjectMeta metadata;
  std::map<std::string, std::string> data;  // `binaryData` decoded as well
};
struct Secret {
  meta::ObjectMeta metadata;
  std::map<std::string, std::string> data;  // decoded from base64; `stringData` wins
};
void FromValue(const document::Value& value, ConfigMap& out);
void FromValue(const document::Value& value, Secret& out);

}  // namespace reprieve::core
