#include "runtime/docker/engine_client.h"

#include <sys/utsname.h>

#include <future>
#include <utility>

#include "base/text.h"
#include "document/json.h"
#include "net/url.h"
#include "runtime/docker/engine_socket.h"
#include "runtime/launch.h"

namespace reprieve::runtime::docker {
namespace {

struct ApiVersion {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  friend auto operator<=>(const ApiVersion&, const ApiVersion&) = default;
};

constexpr ApiVersion kOldest{1, 41};

// "Libpod/4.3.1 (linux)"
constexpr std::string_view kPodmanServer = "Libpod/";
constexpr std::string_view kOnLinux = " (linux)";

ApiVersion ParseApiVersion(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return {};
  return {ParseInt64(text.substr(0, dot)).value_or(0), ParseInt64(text.substr(dot + 1)).value_or(0)};
}

std::string TextOf(ApiVersion version) {
  return Cat(version.major, ".", version.minor);
}

std::string OwnKernel() {
  utsname found{};
  return uname(&found) == 0 ? std::string(found.release) : std::string();
}

bool IsPodman(const document::Value& version) {
  for (const document::Value& component : version["Components"].items()) {
    if (component["Name"].AsText().starts_with("Podman")) return true;
  }
  return false;
}

EngineReply ToReply(net::Reply reply) {
  EngineReply out;
  if (!reply.ok()) {
    out.error = std::move(reply.failure->message);
    return out;
  }
  out.status = reply.response.status;
  if (!out.ok()) {
    out.error = EngineErrorOf(out.status, reply.response.body);
  } else if (!reply.response.body.empty()) {
    if (auto parsed = document::ParseJson(reply.response.body)) out.body = std::move(*parsed);
  }
  return out;
}

}  // namespace

std::string EngineIdentity::Describe() const {
  return Cat(name, " ", version, " at ", socket);
}

std::string EngineErrorOf(int status, std::string_view body) {
  constexpr std::size_t kMostBytes = 2048;
  std::string text;
  if (const auto parsed = document::ParseJson(body)) text = (*parsed)["message"].AsText();
  if (text.empty()) text = std::string(Trim(body.substr(0, kMostBytes)));
  if (text.size() > kMostBytes) text.resize(kMostBytes);
  return text.empty() ? Cat("the engine answered with status ", status) : text;
}

Result<std::unique_ptr<EngineClient>> EngineClient::Connect(const std::string& socket) {
  std::unique_ptr<EngineClient> engine(new EngineClient);
  net::ClientOptions options;
  options.url = *net::ParseUrl("http://engine");
  options.unix_socket = socket;
  auto client = net::Client::Make(engine->loop_, std::move(options));
  if (!client) return client.error();
  engine->client_ = std::move(*client);
  engine->thread_ = std::thread([loop = &engine->loop_] {
    BlockAllSignals();
    loop->Run();
  });
  if (Status known = engine->Identify(socket); !known) return known.error();
  return engine;
}

EngineClient::~EngineClient() {
  if (!thread_.joinable()) return;
  RunInLoop([this] { client_.reset(); });
  loop_.Stop();
  thread_.join();
}

void EngineClient::RunInLoop(const std::function<void()>& work) {
  std::promise<void> done;
  loop_.Post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

net::Reply EngineClient::AskBeforeVersionIsKnown(const std::string& path) {
  std::promise<net::Reply> answered;
  loop_.Post([&] {
    net::Request request;
    request.target = path;
    client_->Send(std::move(request), [&](net::Reply reply) { answered.set_value(std::move(reply)); });
  });
  return answered.get_future().get();
}

// Podman names itself, its version and its system in the headers of any answer. What remains to be asked of it is its
// kernel, which it tells in 0.4 s by /info and in 0.7 s by /version, for which it asks the package manager (seen with
// 4.3.1); nothing where Podman itself is seen to listen, which runs its containers where it runs. Docker 20.10 answers
// in 20 ms at most.
Status EngineClient::Identify(const std::string& socket) {
  identity_.socket = socket;
  const net::Reply ping = AskBeforeVersionIsKnown("/_ping");
  const net::Headers headers = ping.ok() ? ping.response.headers : net::Headers();
  const std::string_view server = headers.Find("Server");
  const bool podman = server.starts_with(kPodmanServer);
  if (podman && server.ends_with(kOnLinux) && ListenerOn(socket) == "podman") {
    identity_.name = "Podman";
    identity_.version = server.substr(kPodmanServer.size(), server.size() - kPodmanServer.size() - kOnLinux.size());
    return UseApi(std::string(headers.Find("Api-Version")), {});
  }
  const EngineReply reply = ToReply(AskBeforeVersionIsKnown(podman ? "/info" : "/version"));
  if (!reply.ok()) return Error{Cat("the container engine at ", socket, " does not say who it is: ", reply.error)};
  const document::Value& told = reply.body;
  identity_.name = podman || IsPodman(told) ? "Podman" : "Docker";
  identity_.version = told[podman ? "ServerVersion" : "Version"].AsText();
  const std::string newest = podman ? std::string(headers.Find("Api-Version")) : told["ApiVersion"].AsText();
  if (Status usable = UseApi(newest, told["MinAPIVersion"].AsText()); !usable) return usable;
  const std::string& kernel = told["KernelVersion"].AsText();
  const std::string ours = OwnKernel();
  if (told[podman ? "OSType" : "Os"].AsText() != "linux" || kernel != ours) {
    return Error{Cat(identity_.Describe(), " runs its containers in another kernel (", kernel, ") than this one's (",
                     ours,
                     "), a virtual machine's perhaps, where this machine's files and addresses are not; use an "
                     "engine of this machine, or leave images out by --runtime sandbox")};
  }
  return Ok();
}

// The oldest version that we need and that the engine still has. `oldest`: empty if it has none that it gave up.
Status EngineClient::UseApi(const std::string& newest, const std::string& oldest) {
  if (ParseApiVersion(newest) < kOldest) {
    return Error{Cat(identity_.Describe(), " speaks version ", newest, " of the Docker API, and ", TextOf(kOldest),
                     " is needed; update it (Docker 20.10, Podman 4.0), or leave images out by --runtime sandbox")};
  }
  identity_.api = TextOf(std::max(kOldest, ParseApiVersion(oldest)));
  return Ok();
}

net::Request EngineClient::MakeRequest(EngineRequest request) const {
  net::Request out;
  out.method = std::move(request.method);
  out.target = Cat("/v", identity_.api, request.path);
  out.headers = std::move(request.headers);
  out.timeout = request.timeout;
  out.longest_silence = request.longest_silence;
  if (!request.json.IsNull()) {
    out.headers.Set("Content-Type", "application/json");
    out.body = document::WriteJson(request.json);
  } else if (!request.body.empty()) {
    out.headers.Set("Content-Type", request.content_type);
    out.body = std::move(request.body);
  }
  return out;
}

void EngineClient::Send(EngineRequest request, std::function<void(EngineReply)> done) {
  client_->Send(MakeRequest(std::move(request)),
                [done = std::move(done)](net::Reply reply) { done(ToReply(std::move(reply))); });
}

EngineReply EngineClient::Ask(EngineRequest request) {
  return Begin(std::move(request)).get();
}

std::future<EngineReply> EngineClient::Begin(EngineRequest request) {
  const auto answered = std::make_shared<std::promise<EngineReply>>();
  Post([this, answered, request = std::move(request)]() mutable {
    Send(std::move(request), [answered](EngineReply reply) { answered->set_value(std::move(reply)); });
  });
  return answered->get_future();
}

std::unique_ptr<net::Call> EngineClient::Open(EngineRequest request, net::StreamHandlers handlers) {
  return client_->Open(MakeRequest(std::move(request)), std::move(handlers));
}

}  // namespace reprieve::runtime::docker
