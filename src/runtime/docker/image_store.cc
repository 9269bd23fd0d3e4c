#include "runtime/docker/image_store.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/text.h"
#include "document/json.h"
#include "net/url.h"
#include "runtime/docker/pull_stream.h"
#include "runtime/fd.h"

namespace reprieve::runtime::docker {
namespace {

using document::Value;
using Clock = std::chrono::steady_clock;

constexpr auto kTellAtMostEvery = std::chrono::milliseconds(100);
// A registry that says nothing for so long has gone: engines give up by themselves, but not all of them always.
constexpr Nanoseconds kLongestSilence = std::chrono::minutes(10);
// Podman answers once it has found the image, which needs the registry.
constexpr Nanoseconds kHeadTimeout = std::chrono::minutes(5);
constexpr std::size_t kMaxErrorBody = std::size_t{64} << 10;

// The header that engines take a login from: JSON in base64 for URLs.
std::string HeaderOf(const RegistryLogin& login, const std::string& registry) {
  Value out = Value::MakeObject();
  if (login.identity_token.empty()) {
    out.Set("username", Value::String(login.username));
    out.Set("password", Value::String(login.password));
  } else {
    out.Set("identitytoken", Value::String(login.identity_token));
  }
  out.Set("serveraddress", Value::String(registry));
  std::string text = EncodeBase64(document::WriteJson(out));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

ImageInfo InfoOf(const Value& image) {
  return {image["Id"].AsText(), image["Architecture"].AsText(), image["Size"].AsInt()};
}

std::string PathOf(const ImageReference& image) {
  return Cat("/images/", net::PercentEncode(image.Canonical()), "/json");
}

// One after the other, as the kubelet joins what several logins came to.
std::string Joined(const std::vector<std::string>& errors) {
  std::vector<std::string> distinct;
  for (const std::string& error : errors) {
    if (std::find(distinct.begin(), distinct.end(), error) == distinct.end()) distinct.push_back(error);
  }
  return distinct.size() == 1 ? distinct.front() : Cat("[", Join(distinct, ", "), "]");
}

}  // namespace

// A thread that looks for logins.
struct Lookup {
  std::thread thread;
  std::shared_ptr<std::atomic<bool>> finished = std::make_shared<std::atomic<bool>>(false);
};

// Of the engine's loop, but for the threads, which have a lock.
struct ImageStore::State {
  explicit State(EngineClient& client) : engine(client), unwanted(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  EngineClient& engine;
  const Fd unwanted;  // readable from any thread once this ends
  bool ended = false;
  std::map<PullId, std::shared_ptr<PullRun>> pulls;
  std::mutex mutex;
  std::uint64_t next_id = 1;  // guarded by mutex
  std::list<Lookup> lookups;  // guarded by mutex
};

// One pull, with each login after the other.
class ImageStore::PullRun : public std::enable_shared_from_this<PullRun> {
 public:
  PullRun(PullId id, std::weak_ptr<State> state, EngineClient& engine, ImagePull pull)
      : id_(id), state_(std::move(state)), engine_(engine), pull_(std::move(pull)) {}

  // On any thread.
  RegistryLogins FindLogins(int unwanted) const {
    return pull_.find_logins ? pull_.find_logins(unwanted) : RegistryLogins();
  }

  // The rest is called in the loop.
  void Begin(RegistryLogins logins) {
    for (std::string& problem : logins.problems) {
      if (pull_.notice) pull_.notice(std::move(problem));
    }
    logins_ = std::move(logins.found);
    Try();
  }
  void GiveUp() {
    call_.reset();
    ended_ = true;
  }

 private:
  void Try() {
    stream_ = {};
    status_ = 0;
    error_body_.clear();
    const ImageReference& image = pull_.reference;
    EngineRequest request;
    request.method = "POST";
    request.path = Cat("/images/create?fromImage=", net::PercentEncode(image.Name()),
                       "&tag=", net::PercentEncode(image.digest.empty() ? image.tag : image.digest));
    if (next_login_ < logins_.size()) {
      request.headers.Add("X-Registry-Auth", HeaderOf(logins_[next_login_], image.registry));
    }
    request.timeout = kHeadTimeout;
    request.longest_silence = kLongestSilence;
    const std::weak_ptr<PullRun> weak = weak_from_this();
    net::StreamHandlers handlers;
    handlers.head = [this](const net::Response& head) { status_ = head.status; };
    handlers.data = [this](std::string_view bytes) { Take(bytes); };
    handlers.end = [weak](const std::optional<net::Failure>& failure) {
      if (const auto self = weak.lock()) self->AttemptEnded(failure);
    };
    call_ = engine_.Open(std::move(request), std::move(handlers));
  }

  void Take(std::string_view bytes) {
    if (status_ != 200) {
      error_body_.append(bytes.substr(0, kMaxErrorBody - std::min(kMaxErrorBody, error_body_.size())));
      return;
    }
    stream_.Put(bytes);
    const Clock::time_point now = Clock::now();
    if (!pull_.progress || stream_.progress() == told_ || now - told_at_ < kTellAtMostEvery) return;
    told_ = stream_.progress();
    told_at_ = now;
    pull_.progress(told_);
  }

  void AttemptEnded(const std::optional<net::Failure>& failure) {
    call_.reset();
    stream_.PutEnd();
    std::string error = stream_.error();
    if (error.empty() && status_ != 0 && status_ != 200) error = EngineErrorOf(status_, error_body_);
    if (error.empty() && failure) {
      error = Cat("the engine ", engine_.identity().name, " has broken off while it pulled: ", failure->message);
    }
    if (error.empty()) return LookAtResult();
    errors_.push_back(std::move(error));
    if (++next_login_ < logins_.size()) return Try();
    End(Error{Joined(errors_)});
  }

  // Podman ends some pulls that failed without a word.
  void LookAtResult() {
    const std::weak_ptr<PullRun> weak = weak_from_this();
    engine_.Send({.path = PathOf(pull_.reference)}, [weak](const EngineReply& reply) {
      const auto self = weak.lock();
      if (!self) return;
      if (reply.ok()) return self->End(InfoOf(reply.body));
      self->End(Error{Cat("the engine says that it has pulled the image, but does not have it: ", reply.error)});
    });
  }

  void End(Result<ImageInfo> result) {
    if (std::exchange(ended_, true)) return;
    const auto keep = shared_from_this();
    if (const auto state = state_.lock()) state->pulls.erase(id_);
    pull_.done(std::move(result));
  }

  const PullId id_;
  std::weak_ptr<State> state_;
  EngineClient& engine_;
  ImagePull pull_;
  std::vector<RegistryLogin> logins_;
  std::size_t next_login_ = 0;
  std::vector<std::string> errors_;
  std::unique_ptr<net::Call> call_;
  int status_ = 0;
  std::string error_body_;
  PullStream stream_;
  PullProgress told_;
  Clock::time_point told_at_{};
  bool ended_ = false;
};

ImageStore::ImageStore(EngineClient& engine) : state_(std::make_shared<State>(engine)) {}

ImageStore::~ImageStore() {
  std::list<Lookup> lookups;
  {
    const std::lock_guard lock(state_->mutex);
    lookups.swap(state_->lookups);
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(state_->unwanted.get(), &one, sizeof one);
  state_->engine.RunInLoop([this] {
    state_->ended = true;
    for (const auto& [id, pull] : state_->pulls) pull->GiveUp();
    state_->pulls.clear();
  });
  for (Lookup& lookup : lookups) lookup.thread.join();
}

void ImageStore::Inspect(const ImageReference& image, std::function<void(Result<std::optional<ImageInfo>>)> done) {
  const std::weak_ptr<State> weak = state_;
  state_->engine.Post([weak, path = PathOf(image), done = std::move(done)] {
    const auto state = weak.lock();
    if (!state || state->ended) return;
    state->engine.Send({.path = path}, [weak, done](const EngineReply& reply) {
      const auto alive = weak.lock();
      if (!alive || alive->ended) return;
      if (reply.ok()) return done(std::optional(InfoOf(reply.body)));
      constexpr int kNotFound = 404;
      if (reply.status == kNotFound) return done(std::optional<ImageInfo>());
      done(Error{reply.error});
    });
  });
}

PullId ImageStore::Pull(ImagePull pull) {
  const std::weak_ptr<State> weak = state_;
  const std::lock_guard lock(state_->mutex);
  const PullId id{state_->next_id++};
  const auto run = std::make_shared<PullRun>(id, state_, state_->engine, std::move(pull));
  state_->engine.Post([id, run, weak] {
    if (const auto state = weak.lock(); state && !state->ended) state->pulls.emplace(id, run);
  });
  state_->lookups.remove_if([](Lookup& lookup) {
    if (!*lookup.finished) return false;
    lookup.thread.join();
    return true;
  });
  Lookup& lookup = state_->lookups.emplace_back();
  lookup.thread = std::thread(
      [id, run, weak, unwanted = state_->unwanted.get(), &engine = state_->engine, finished = lookup.finished] {
        RegistryLogins logins = run->FindLogins(unwanted);
        *finished = true;
        engine.Post([id, run, weak, logins = std::move(logins)] {
          const auto state = weak.lock();
          if (state && !state->ended && state->pulls.contains(id)) run->Begin(logins);
        });
      });
  return id;
}

void ImageStore::Cancel(PullId pull) {
  state_->engine.Post([pull, weak = std::weak_ptr(state_)] {
    const auto state = weak.lock();
    if (!state) return;
    const auto found = state->pulls.find(pull);
    if (found == state->pulls.end()) return;
    const std::shared_ptr<PullRun> run = found->second;
    state->pulls.erase(found);
    run->GiveUp();
  });
}

}  // namespace reprieve::runtime::docker
