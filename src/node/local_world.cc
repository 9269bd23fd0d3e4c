#include "node/local_world.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "kubelet/names_library.h"
#include "runtime/file.h"
#include "runtime/mount_plan.h"
#include "runtime/no_links.h"

namespace reprieve::node {
namespace {

std::uint64_t RandomSeed() {
  std::uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed) {
    seed = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  }
  return seed;
}

// Creates a folder below `parent` that only this user can enter, and removes those of engines that were killed.
Result<runtime::EngineFolder> MakePrivateFolder(const std::string& parent, Janitor& janitor) {
  std::error_code failed;
  const std::string real = std::filesystem::canonical(parent, failed);
  if (failed) return Error{Cat("directory ", parent, " cannot be used: ", failed.message())};
  for (runtime::EngineFolder& abandoned : runtime::EngineFolder::TakeAbandoned(real)) {
    janitor.Remove(std::move(abandoned));
  }
  return runtime::EngineFolder::Make(real);
}

// What is mounted below one of these folders.
void AddMountsBelow(const std::vector<std::string>& folders, std::vector<std::string>& out) {
  const std::string mounts = runtime::ReadFile("/proc/self/mountinfo");
  for (const std::string_view line : Split(mounts, '\n')) {
    const auto fields = Split(line, ' ');
    if (fields.size() < 5) continue;
    for (const std::string& folder : folders) {
      if (!folder.empty() && fields[4].starts_with(folder)) out.push_back(Cat("mount ", fields[4]));
    }
  }
}

std::string CurrentDirectory() {
  std::error_code failed;
  const std::string out = std::filesystem::current_path(failed);
  return failed ? std::string("/") : out;
}

// Where this program is; empty if unknown.
std::string ProgramDirectory() {
  std::error_code failed;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? std::string() : program.parent_path().string();
}

}  // namespace

LocalWorld::LocalWorld(LocalWorldOptions options)
    : options_(std::move(options)),
      probe_(options_.probe),
      store_(clock_, options_.seed ? *options_.seed : RandomSeed()),
      engine_(store_, clock_, ledger_, options_.engine),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      inbox_([this] { Wake(); }) {}

Result<std::unique_ptr<LocalWorld>> LocalWorld::Open(LocalWorldOptions options) {
  auto world = Prepare(std::move(options));
  if (!world) return world.error();
  if (auto started = (*world)->Start(); !started) return started.error();
  return world;
}

Result<std::unique_ptr<LocalWorld>> LocalWorld::Prepare(LocalWorldOptions options) {
  if (options.state_directory.empty()) {
    return Error{
        "the state directory (--state) is an empty text, perhaps of a variable that is not set; name a directory, or "
        "leave the option out"};
  }
  std::unique_ptr<LocalWorld> world(new LocalWorld(std::move(options)));
  auto nodes = MakeNodes(world->options_.nodes, DetectMachine());
  if (!nodes) return nodes.error();
  world->nodes_ = std::move(*nodes);
  return world;
}

Status LocalWorld::Start() {
  if (!wake_.ok()) return Error{Cat("no eventfd can be opened: ", strerrordesc_np(errno))};
  std::error_code failed;
  std::filesystem::create_directories(options_.state_directory, failed);
  // Links up to it are the user's own; below it none is followed.
  const std::string state = std::filesystem::canonical(options_.state_directory, failed);
  const int error = failed ? failed.value() : runtime::MakeDirectories(state + "/volumes");
  if (error != 0) {
    return Error{Cat("state directory ", options_.state_directory, " cannot be used: ", runtime::FileErrorText(error),
                     "; choose another by --state DIR")};
  }
  auto volumes = MakePrivateFolder(state + "/volumes", janitor_);
  if (!volumes) return Error{Cat(volumes.error().message, "; choose another state directory by --state DIR")};
  volume_folder_ = std::move(*volumes);
  auto memory = MakePrivateFolder("/dev/shm", janitor_);
  if (memory) memory_folder_ = std::move(*memory);
  const std::string in_memory = memory ? memory_folder_.path() : volume_folder_.path() + "/memory";

  for (const scheduler::Node& node : nodes_) store_.SetNode(node.name, node.labels);
  store_.set_usual_priority(0);
  runtime::SupervisorOptions supervisor;
  supervisor.state_directory = in_memory + "/runtime";
  supervisor.probe = options_.probe;
  if (const auto& found = probe_.Found(); found.ok()) supervisor.probe.known = *found;
  supervisor.log.limits = options_.log;
  auto runtime = runtime::Supervisor::Start(std::move(supervisor), inbox_.Events(options_.output != nullptr));
  if (!runtime) return runtime.error();
  runtime_ = std::move(*runtime);
  if (Status images = StartImageRuntime(); !images) return images;
  runtimes_.emplace(*runtime_, image_runtime_.get(), runtime::docker::DockerRuntime::kFirstId);
  OpenNetwork();
  OpenNamesLibrary();

  MachineOptions machine;
  machine.state_directory = state;
  machine.pods.volumes = {volume_folder_.path() + "/pods", in_memory + "/pods", state + "/claims"};
  machine.pods.addresses.names_directory = (names_folder_.path().empty() ? in_memory : names_folder_.path()) + "/names";
  machine.pods.addresses.names_library = names_library_;
  machine.pods.addresses.networks = NetworksOfPods();
  machine.pods.addresses.only_names_on_network = networks_ != Networks::kOwn;
  machine.pods.agents_directory = in_memory + "/agents";
  machine.pods.program_directory = ProgramDirectory();
  machine.pods.base_environment = kubelet::BaseEnvironment(environ);
  machine.pods.working_directory = WorkingDirectory();
  machine.pods.logins = kubelet::LoginPlacesOfEnvironment();
  if (image_store_) machine.images.service = &*image_store_;
  machine.images.pull_timeout = options_.pull_timeout;
  machine.images.event = options_.image_event;
  machine.images.pod_event = options_.pod_event;
  machine.max_starting = options_.max_starting;
  machine.restart_backoff = options_.restart_backoff;
  machine.notice = machine.pods.notice = options_.notice;
  machine.output = options_.output;
  machine.incident_applied = options_.incident_applied;
  // The engine must be notified before the machine: it then sees the machine's own writes as later changes.
  store_.AddWatcher(&engine_);
  machine_ =
      std::make_unique<Machine>(store_, clock_, *runtimes_, inbox_, nodes_, images_, settings_, std::move(machine));
  engine_.ListsComplete(store_.version());
  for (core::Service& service : services_) store_.CreateService(std::move(service));
  for (core::PersistentVolumeClaim& claim : claims_) store_.CreateClaim(std::move(claim));
  services_.clear();
  claims_.clear();
  return Ok();
}

Status LocalWorld::FindEngine() {
  if (options_.runtime == RuntimeChoice::kSandbox) return Ok();
  auto search = runtime::docker::FindEngineSocket(options_.engine_socket);
  if (search.path.empty()) {
    why_no_engine_ = std::move(search.why_none);
  } else if (auto engine = runtime::docker::EngineClient::Connect(search.path)) {
    engine_client_ = std::move(*engine);
  } else {
    why_no_engine_ = engine.error().message;
  }
  images_.set_engine(engine_client_ != nullptr, why_no_engine_);
  const bool needed = options_.runtime == RuntimeChoice::kDocker || !options_.engine_socket.named.empty();
  return needed && !engine_client_ ? Status(Error{why_no_engine_}) : Ok();
}

Status LocalWorld::StartImageRuntime() {
  if (!engine_client_ || !uses_images_) return Ok();
  runtime::docker::DockerRuntimeOptions options;
  // Not in memory: the engine may have to execute what is in it, which a tmpfs often does not allow.
  options.state_directory = volume_folder_.path() + "/engine";
  options.log.limits = options_.log;
  options.gpus =
      std::any_of(nodes_.begin(), nodes_.end(), [](const scheduler::Node& node) { return !node.gpus.empty(); });
  auto started = runtime::docker::DockerRuntime::Start(*engine_client_, std::move(options),
                                                       inbox_.Events(options_.output != nullptr));
  if (!started) return started.error();
  image_runtime_ = std::move(*started);
  image_store_.emplace(*engine_client_);
  return Ok();
}

void LocalWorld::Add(core::Service service) {
  services_.push_back(std::move(service));
}

void LocalWorld::Add(core::PersistentVolumeClaim claim) {
  claims_.push_back(std::move(claim));
}

LocalWorld::~LocalWorld() {
  CleanUp();
}

std::vector<std::string> LocalWorld::CleanUp() {
  if (machine_) store_.RemoveWatcher(&engine_);
  machine_.reset();
  std::vector<std::string> left;
  image_store_.reset();
  if (image_runtime_) left = image_runtime_->End();
  runtimes_.reset();
  image_runtime_.reset();
  if (engine_network_) {
    if (const Status removed = engine_network_->Remove(); !removed) left.push_back(removed.error().message);
  }
  engine_network_.reset();
  if (runtime_) {
    for (std::string& each : runtime_->End()) left.push_back(std::move(each));
  }
  runtime_.reset();
  TellLastNotices();
  for (const std::string& directory : janitor_.Finish()) left.push_back(Cat("folder ", directory));
  AddMountsBelow({memory_folder_.path(), volume_folder_.path(), names_folder_.path()}, left);
  for (runtime::EngineFolder* folder : {&memory_folder_, &names_folder_, &volume_folder_}) {
    if (!folder->Remove()) left.push_back(Cat("folder ", folder->path()));
  }
  return left;
}

// What the runtime found while it ended: lines that a slow disk never took.
void LocalWorld::TellLastNotices() {
  std::vector<kubelet::RuntimeMessage> messages;
  inbox_.Take(messages);
  for (const kubelet::RuntimeMessage& message : messages) {
    const auto* notice = std::get_if<kubelet::RuntimeNotice>(&message);
    if (notice != nullptr && options_.notice) options_.notice(notice->text);
  }
}

std::string LocalWorld::Describe() const {
  return runtime_->Describe();
}

// Pods read its files themselves, as any user, so the directory must be open to all.
void LocalWorld::OpenNamesLibrary() {
  if (PodsHaveHostsFiles()) return;
  names_library_ = kubelet::FindNamesLibrary().value_or("");
  if (names_library_.empty()) return;
  auto folder = MakePrivateFolder("/dev/shm", janitor_);
  if (folder && chmod(folder->path().c_str(), 0711) == 0) names_folder_ = std::move(*folder);
}

bool LocalWorld::PodsHaveHostsFiles() const {
  // In an image it always can be shown.
  if (image_runtime_ && !uses_processes_) return true;
  return runtime_->capabilities().own_mounts() && runtime::MachineHasHostsFile();
}

std::string LocalWorld::WhyNoNames() const {
  if (PodsHaveHostsFiles() || !names_library_.empty()) return {};
  return Cat(runtime_->capabilities().own_mounts() ? "this machine has no /etc/hosts to mount a pod's own over"
                                                   : "plain processes have no /etc/hosts of their own",
             ", and libnss_wrapper.so, which would resolve names for them, is not installed");
}

std::string LocalWorld::DescribeNetwork() const {
  const std::string_view who = networks_ == Networks::kOwn ? "each pod" : "each pod of a JobSet";
  if (engine_network_) {
    return Cat(who, " has an address of its own on a network of ", engine_client_->identity().name,
               ", where it may listen on any port; pods reach each other, this machine at ",
               engine_network_->machine_address(), ", and what the engine lets them reach");
  }
  if (!network_) {
    return "pods share this machine's network: each pod of a JobSet has its own address in 127.0.0.0/8, but one that "
           "listens on 0.0.0.0 blocks the port for all others";
  }
  return Cat(who,
             " has a network of its own, where it may listen on any port; pods reach each other, and this machine at ",
             network_->machine_address(), ", but not the internet");
}

void LocalWorld::OpenNetwork() {
  if (networks_ == Networks::kMachine) return;
  why_no_networks_ = WhyNoNetworksWith(runtime_->capabilities());
  if (!why_no_networks_.empty()) return;
  if (image_runtime_) {
    auto network = runtime::docker::EngineNetwork::Open(*engine_client_);
    if (network) {
      engine_network_ = std::move(*network);
    } else {
      why_no_networks_ = network.error().message;
    }
    return;
  }
  auto network = runtime::PodNetwork::Open();
  if (network) {
    network_ = std::move(*network);
  } else {
    why_no_networks_ = network.error().message;
  }
}

std::optional<PodAddressOptions::Networks> LocalWorld::NetworksOfPods() {
  PodAddressOptions::Networks out;
  if (engine_network_) {
    out.machine_address = engine_network_->machine_address();
    out.claim = [network = engine_network_.get()] { return network->TakeBlock(); };
    out.images = engine_network_->name();
    return out;
  }
  if (!network_) return std::nullopt;
  out.machine_address = network_->machine_address();
  out.claim = [network = network_.get()] { return network->ClaimBlock(); };
  out.processes = network_.get();
  return out;
}

std::string LocalWorld::WorkingDirectory() const {
  return options_.working_directory ? *options_.working_directory : CurrentDirectory();
}

kubelet::MachineRights LocalWorld::Rights() const {
  const auto& can = probe_.Found();
  if (!can.ok()) return {};  // Start will say so
  const std::string asked_for = options_.probe.plain_processes ? "as --plain-processes asks" : can->missing;
  return {can->own_mounts(), asked_for, geteuid() == 0 && !can->user_namespace(), geteuid(), getegid()};
}

std::vector<std::string> LocalWorld::WhyNotRunnable(const core::PodSpec& spec, const std::string& name_space) const {
  std::vector<std::string> out;
  for (const auto* containers : {&spec.init_containers, &spec.containers}) {
    for (const core::Container& container : *containers) {
      if (auto why = images_.WhyNotRunnable(container)) out.push_back(std::move(*why));
    }
  }
  if (auto why = images_.WhyMixed(spec)) out.push_back(std::move(*why));
  for (auto& problem : kubelet::UnsupportedMounts(spec)) out.push_back(std::move(problem));
  for (auto& problem : kubelet::UnsupportedProbes(spec)) out.push_back(std::move(problem));
  for (auto& problem : kubelet::MissingReferences(spec, name_space, settings_)) out.push_back(std::move(problem));
  for (const core::Volume& volume : spec.volumes) {
    if (!volume.claim || store_.FindClaim({name_space, volume.claim->claim_name}) != nullptr) continue;
    const bool given = std::any_of(claims_.begin(), claims_.end(), [&](const core::PersistentVolumeClaim& claim) {
      return claim.metadata.namespace_ == name_space && claim.metadata.name == volume.claim->claim_name;
    });
    if (!given) {
      out.push_back(Cat("volume ", volume.name, " uses the PersistentVolumeClaim ", volume.claim->claim_name,
                        ", which none of the manifests has"));
    }
  }
  return out;
}

void LocalWorld::RunUntil(const std::function<bool()>& done) {
  while (!done()) {
    if (!DoRound()) Sleep();
  }
}

void LocalWorld::End(Nanoseconds grace, const std::function<bool()>& hurry) {
  ending_ = true;
  machine_->Stop(grace);
  bool hurried = false;
  while (machine_->running() > 0) {
    if (!hurried && hurry && hurry()) {
      hurried = true;
      machine_->Stop(Nanoseconds(0));
    }
    if (!DoRound()) Sleep();
  }
}

void LocalWorld::Wake() noexcept {
  const std::uint64_t one = 1;
  const int before = errno;
  [[maybe_unused]] const ssize_t n = write(wake_.get(), &one, sizeof one);
  errno = before;
}

// The machine's events come first, so that controllers see the newest state.
bool LocalWorld::DoRound() {
  bool any = machine_->HandleDue();
  while (!ending_ && engine_.RunOne()) any = true;
  return any;
}

void LocalWorld::Sleep() {
  std::optional<Time> due = machine_->NextDue();
  if (!ending_) {
    if (const auto next = engine_.NextDue()) due = due ? std::min(*due, *next) : *next;
  }
  timespec timeout{};
  if (due) {
    const Nanoseconds left = std::max(*due - clock_.Now(), Nanoseconds(0));
    const auto seconds = std::chrono::duration_cast<Seconds>(left);
    timeout.tv_sec = seconds.count();
    timeout.tv_nsec = (left - seconds).count();
  }
  pollfd wait{wake_.get(), POLLIN, 0};
  if (ppoll(&wait, 1, due ? &timeout : nullptr, nullptr) <= 0) return;
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = read(wake_.get(), &count, sizeof count);
}

}  // namespace reprieve::node
