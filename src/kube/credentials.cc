#include "kube/credentials.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/text.h"

namespace reprieve::kube {
namespace {

constexpr Nanoseconds kFileAge = Seconds(60);
constexpr Nanoseconds kPluginTimeout = Seconds(60);
// Not to run a plugin that fails over and over.
constexpr Nanoseconds kPluginPause = Seconds(5);
// What expires that soon is as good as expired.
constexpr Nanoseconds kMargin = Seconds(10);
// What has just been given is used for so long, whatever it says: by a clock that is wrong it may have expired already,
// and a plugin takes its time. Should it truly have, it is refused, and the plugin asked again.
constexpr Nanoseconds kShortestUse = Seconds(60);

}  // namespace

Credentials::Credentials(net::Loop& loop, const world::Clock& clock, net::Client& client, Access access)
    : loop_(loop), clock_(clock), client_(client), access_(std::move(access)), tls_(access_.tls), check_files_(loop) {
  if (!access_.certificate_file.empty() || !access_.authorities_file.empty()) {
    check_files_.After(kFileAge, [this] { CheckFiles(); });
  }
}

Credentials::~Credentials() {
  *alive_ = false;
  if (plugin_.joinable()) plugin_.join();
}

void Credentials::Get(Ready ready) {
  const Time now = clock_.Now();
  if (access_.exec) {
    if (given_ && (!good_until_ || *good_until_ > now)) return ready(Make(given_->token));
    if (plugin_failed_ && now < *plugin_failed_ + kPluginPause) return ready(Error{plugin_error_});
    waiting_.push_back(std::move(ready));
    return AskPlugin();
  }
  if (!access_.token_file.empty() && (!file_read_ || now >= *file_read_ + kFileAge)) {
    auto read = ReadSmallFile(access_.token_file);
    // A file that is being replaced: the token we have may still do.
    if (!read && file_token_.empty()) return ready(read.error());
    if (read.ok()) file_token_ = std::string(Trim(*read));
    file_read_ = now;
  }
  ready(Make(access_.token_file.empty() ? access_.token : file_token_));
}

bool Credentials::Refused() {
  if (access_.exec) {
    given_.reset();
    return true;
  }
  const bool renewed = ReadCertificates();
  if (access_.token_file.empty()) return renewed;
  file_read_.reset();
  return true;
}

net::Headers Credentials::Make(const std::string& token) const {
  net::Headers out;
  if (!token.empty()) {
    out.Add("Authorization", Cat("Bearer ", token));
  } else if (!access_.user.empty()) {
    out.Add("Authorization", Cat("Basic ", EncodeBase64(Cat(access_.user, ":", access_.password))));
  }
  if (!access_.impersonate_user.empty()) out.Add("Impersonate-User", access_.impersonate_user);
  for (const std::string& group : access_.impersonate_groups) out.Add("Impersonate-Group", group);
  return out;
}

void Credentials::AskPlugin() {
  if (std::exchange(plugin_runs_, true)) return;
  if (plugin_.joinable()) plugin_.join();  // it has posted its answer already
  plugin_ = std::thread([this, alive = alive_, plugin = *access_.exec, access = access_] {
    auto answer = std::make_shared<Result<ExecCredential>>(RunExecPlugin(plugin, access, kPluginTimeout));
    loop_.Post([this, alive, answer] {
      if (*alive) PluginAnswered(std::move(*answer));
    });
  });
}

void Credentials::PluginAnswered(Result<ExecCredential> answer) {
  plugin_runs_ = false;
  const std::vector<Ready> waiting = std::exchange(waiting_, {});
  if (answer.ok() && !answer->certificate.empty() &&
      (tls_.certificate != answer->certificate || tls_.key != answer->key)) {
    tls_.certificate = answer->certificate;
    tls_.key = answer->key;
    if (const Status set = client_.SetTls(tls_); !set) answer = set.error();
  }
  if (!answer) {
    plugin_failed_ = clock_.Now();
    plugin_error_ = answer.error().message;
    for (const Ready& ready : waiting) ready(answer.error());
    return;
  }
  plugin_failed_.reset();
  given_ = std::move(*answer);
  good_until_.reset();
  if (given_->expires) good_until_ = std::max(*given_->expires - kMargin, clock_.Now() + kShortestUse);
  for (const Ready& ready : waiting) ready(Make(given_->token));
}

void Credentials::CheckFiles() {
  ReadCertificates();
  check_files_.After(kFileAge, [this] { CheckFiles(); });
}

// A pair that does not fit together yet, since only one of the files has been replaced, is left for the next time.
bool Credentials::ReadCertificates() {
  net::TlsOptions next = tls_;
  const auto read = [](const std::string& file, std::string& out) {
    if (file.empty()) return;
    if (auto text = ReadSmallFile(file); text.ok() && !text->empty()) out = std::move(*text);
  };
  read(access_.authorities_file, next.authorities);
  read(access_.certificate_file, next.certificate);
  read(access_.key_file, next.key);
  if (next == tls_ || !client_.SetTls(next).ok()) return false;
  tls_ = std::move(next);
  return true;
}

}  // namespace reprieve::kube
