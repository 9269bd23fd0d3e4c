#include "kubelet/image_puller.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "runtime/architecture.h"

namespace reprieve::kubelet {
namespace {

using std::chrono::milliseconds;

// When a kubelet looks at a pod again whose container it could not start.
constexpr Nanoseconds kNextSync = Seconds(1);
constexpr Nanoseconds kNextLook = Seconds(10);

constexpr std::string_view kErrImagePull = "ErrImagePull";

// Like Go's time.Duration.String of whole milliseconds: 393ms, 4.2s, 1m2.05s.
std::string GoDuration(Nanoseconds duration) {
  const std::int64_t all = std::max<std::int64_t>(std::chrono::duration_cast<milliseconds>(duration).count(), 0);
  if (all < 1000) return all == 0 ? "0s" : Cat(all, "ms");
  std::string fraction = Cat(1000 + all % 1000).substr(1);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  const std::int64_t seconds = all / 1000;
  const std::string tail = Cat(seconds % 60, fraction.empty() ? "" : ".", fraction, "s");
  if (seconds < 60) return tail;
  if (seconds < 3600) return Cat(seconds / 60, "m", tail);
  return Cat(seconds / 3600, "h", seconds / 60 % 60, "m", tail);
}

}  // namespace

ImagePuller::ImagePuller(runtime::ImageService& service, ImagePullerOptions options)
    : service_(service), options_(std::move(options)) {}

ImageAnswer ImagePuller::Ensure(const WantedImage& wanted, Time now) {
  const auto reference = runtime::ParseImageReference(wanted.image);
  if (!reference) {
    const std::string name = Quote(wanted.image);
    std::string message = Cat("Failed to apply default image tag ", name, ": couldn't parse image name ", name, ": ",
                              reference.error().message);
    Tell({wanted.start, wanted.container, {}}, true, "InspectFailed", message);
    return Fail(wanted, ClaimOf(wanted, wanted.image, now), {"InvalidImageName", std::move(message)}, now + kNextLook);
  }
  const std::string key = (*reference).Canonical();
  Image& image = images_[key];
  image.reference = *reference;
  Claim& claim = ClaimOf(wanted, key, now);
  if (const auto fresh = claim.fresh.find(wanted.start.container); fresh != claim.fresh.end()) {
    Failure failure = std::move(fresh->second);
    claim.fresh.erase(fresh);
    const Time retry_at = now + (failure.reason == kErrImagePull ? kNextSync : kNextLook);
    return Fail(wanted, claim, std::move(failure), retry_at);
  }
  if (image.pulled) return Ready(wanted, image, key, now);
  if (wanted.policy != "Always") {
    switch (image.presence) {
      case Presence::kUnknown:
      case Presence::kAsked:
        return Look(wanted, image, key);
      case Presence::kThere:
        return Ready(wanted, image, key, now);
      case Presence::kMissing:
        break;
    }
    if (wanted.policy == "Never") {
      image.presence = Presence::kUnknown;
      std::string message = Cat("Container image ", Quote(wanted.image), " is not present with pull policy of Never");
      Tell({wanted.start, wanted.container, {}}, true, "ErrImageNeverPull", message);
      return Fail(wanted, claim, {"ErrImageNeverPull", std::move(message)}, now + kNextLook);
    }
  }
  if (claim.backoff && now < claim.failed_at + *claim.backoff) {
    // Somebody may bring it by other means meanwhile.
    if (image.presence == Presence::kMissing) image.presence = Presence::kUnknown;
    std::string message = Cat("Back-off pulling image ", Quote(wanted.image));
    Tell({wanted.start, wanted.container, {}}, false, "BackOff", message);
    AppendTo(message, ": ", kErrImagePull, ": ", claim.pull_error);
    return Fail(wanted, claim, {"ImagePullBackOff", std::move(message)}, claim.failed_at + *claim.backoff);
  }
  if (!wanted.login_error.empty()) {
    LengthenBackoff(claim, wanted.login_error, now);
    Tell({wanted.start, wanted.container, {}}, true, "Failed",
         Cat("Failed to pull image ", Quote(wanted.image), ": ", wanted.login_error));
    return Fail(wanted, claim, {std::string(kErrImagePull), wanted.login_error}, now + kNextSync);
  }
  JoinPull(wanted, key, now);
  return {};
}

ImagePuller::Claim& ImagePuller::ClaimOf(const WantedImage& wanted, const std::string& image, Time now) {
  const auto [at, fresh] = claims_[wanted.start.pod].try_emplace(image);
  if (fresh) {
    at->second.text = wanted.image;
    at->second.since = now;
  }
  return at->second;
}

ImageAnswer ImagePuller::Ready(const WantedImage& wanted, const Image& image, const std::string& key, Time now) {
  Claim& claim = ClaimOf(wanted, key, now);
  if (!runtime::MachineRuns(image.info.architecture)) {
    const std::string own = runtime::MachineArchitecture();
    return Fail(wanted, claim,
                {"CreateContainerError",
                 Cat("image ", Quote(wanted.image), " is for ", image.info.architecture, ", and this machine is ", own,
                     ": name one that is for ", own, ", or install an emulator (qemu-user-static, binfmt-support)")},
                now + kNextLook);
  }
  const auto arrived = claim.arrived.find(wanted.start.container);
  Tell({wanted.start, wanted.container, {}}, false, "Pulled",
       arrived != claim.arrived.end() ? arrived->second
                                      : Cat("Container image ", Quote(wanted.image),
                                            " already present on machine and can be accessed by the pod"));
  auto& claims = claims_[wanted.start.pod];
  claims.erase(key);
  if (claims.empty()) claims_.erase(wanted.start.pod);
  ImageAnswer answer;
  answer.state = ImageAnswer::State::kReady;
  answer.name = key;
  return answer;
}

ImageAnswer ImagePuller::Fail(const WantedImage& wanted, Claim& claim, Failure failure, Time retry_at) {
  Tell({wanted.start, wanted.container, {}}, true, "Failed", Cat("Error: ", failure.reason));
  claim.why = Cat(failure.reason, ": ", failure.message);
  ImageAnswer answer;
  answer.state = ImageAnswer::State::kFailed;
  answer.reason = std::move(failure.reason);
  answer.message = std::move(failure.message);
  answer.retry_at = retry_at;
  return answer;
}

ImageAnswer ImagePuller::Look(const WantedImage& wanted, Image& image, const std::string& key) {
  image.waiters.push_back({wanted.start, wanted.container, wanted.image});
  if (std::exchange(image.presence, Presence::kAsked) == Presence::kAsked) return {};
  service_.Inspect(image.reference, [post = options_.post, key](Result<std::optional<runtime::ImageInfo>> found) {
    post(ImageFound{key, std::move(found)});
  });
  return {};
}

void ImagePuller::JoinPull(const WantedImage& wanted, const std::string& key, Time now) {
  std::string id = Cat(key, "\n", wanted.login_key);
  const auto [at, fresh] = pulls_.try_emplace(id);
  Pull& pull = at->second;
  if (fresh) {
    pull.image = key;
    pull.text = wanted.image;
    pull.find_logins = wanted.find_logins;
    pull.wanted_at = now;
    queue_.push_back(std::move(id));
  }
  pull.unwanted_since.reset();
  pull.waiters.push_back({wanted.start, wanted.container, wanted.image});
  TellMissing(wanted);
  Tell(pull.waiters.back(), false, "Pulling", Cat("Pulling image ", Quote(wanted.image)));
  StartPulls(now);
}

void ImagePuller::StartPulls(Time now) {
  while (pulling_ < options_.max_pulls && !queue_.empty()) {
    const std::string id = std::move(queue_.front());
    queue_.pop_front();
    Pull& pull = pulls_.at(id);
    pull.started_at = now;
    pull.number = next_number_++;
    begun_.emplace(pull.number, id);
    ++pulling_;
    if (options_.event) options_.event({.kind = ImageEvent::Kind::kPulling, .image = pull.text});
    const runtime::ImageReference& reference = images_.at(pull.image).reference;
    runtime::ImagePull request;
    request.reference = reference;
    if (pull.find_logins)
      request.find_logins = [find = pull.find_logins, reference](int unwanted) { return find(reference, unwanted); };
    request.progress = [post = options_.post, number = pull.number](runtime::PullProgress progress) {
      post(ImageComes{number, progress});
    };
    request.notice = [post = options_.post](std::string text) { post(PullNotice{std::move(text)}); };
    request.done = [post = options_.post, number = pull.number](Result<runtime::ImageInfo> result) {
      post(ImagePulled{number, std::move(result)});
    };
    pull.service_id = service_.Pull(std::move(request));
  }
}

void ImagePuller::Handle(ImageMessage& message, Time now) {
  std::visit([this, now](auto& each) { Take(each, now); }, message);
}

void ImagePuller::Take(ImageFound& found, Time) {
  Image& image = images_.at(found.image);
  if (!found.found) {
    image.presence = Presence::kUnknown;
    for (const Waiter& waiter : image.waiters) {
      std::string message = Cat("Failed to inspect image ", Quote(waiter.image), ": ", found.found.error().message);
      Tell(waiter, true, "InspectFailed", message);
      GiveFailure(waiter, found.image, {"ImageInspectError", std::move(message)});
    }
  } else if (*found.found) {
    image.presence = Presence::kThere;
    image.info = std::move(**found.found);
  } else {
    image.presence = Presence::kMissing;
  }
  Settle(std::exchange(image.waiters, {}));
}

void ImagePuller::Take(ImageComes& comes, Time) {
  const auto at = begun_.find(comes.pull);
  if (at == begun_.end() || !options_.event) return;
  options_.event({.kind = ImageEvent::Kind::kComes, .image = pulls_.at(at->second).text, .progress = comes.progress});
}

void ImagePuller::Take(ImagePulled& pulled, Time now) {
  const auto at = begun_.find(pulled.pull);
  if (at == begun_.end()) return;  // it was given up
  const Pull pull = EndPull(at->second);
  const Nanoseconds took = now - *pull.started_at;
  Image& image = images_.at(pull.image);
  if (!pulled.result) {
    image.presence = Presence::kUnknown;
    PullFailed(pull, pulled.result.error().message, now);
  } else {
    image.presence = Presence::kThere;
    image.pulled = true;
    image.info = std::move(*pulled.result);
    for (const Waiter& waiter : pull.waiters) {
      Claim* claim = FindClaim(waiter.start.pod, pull.image);
      if (claim == nullptr) continue;
      claim->arrived[waiter.start.container] =
          Cat("Successfully pulled image ", Quote(waiter.image), " in ", GoDuration(took), " (",
              GoDuration(now - pull.wanted_at), " including waiting). Image size: ", image.info.size_bytes, " bytes.");
    }
    if (options_.event) {
      options_.event(
          {.kind = ImageEvent::Kind::kPulled, .image = pull.text, .size_bytes = image.info.size_bytes, .took = took});
    }
  }
  Settle(pull.waiters);
  StartPulls(now);
}

ImagePuller::Pull ImagePuller::EndPull(const std::string& id) {
  const auto at = pulls_.find(id);
  REPRIEVE_CHECK(at != pulls_.end(), "a pull ends once");
  Pull out = std::move(at->second);
  pulls_.erase(at);
  begun_.erase(out.number);
  --pulling_;
  return out;
}

void ImagePuller::PullFailed(const Pull& pull, const std::string& error, Time now) {
  std::map<scheduler::PodNumber, bool> lengthened;
  for (const Waiter& waiter : pull.waiters) {
    Tell(waiter, true, "Failed", Cat("Failed to pull image ", Quote(waiter.image), ": ", error));
    Claim* claim = FindClaim(waiter.start.pod, pull.image);
    if (claim == nullptr) continue;
    if (!std::exchange(lengthened[waiter.start.pod], true)) LengthenBackoff(*claim, error, now);
    GiveFailure(waiter, pull.image, {std::string(kErrImagePull), error});
  }
  if (options_.event) {
    options_.event(
        {.kind = ImageEvent::Kind::kFailed, .image = pull.text, .took = now - *pull.started_at, .message = error});
  }
}

void ImagePuller::Take(PullNotice& notice, Time) {
  if (options_.notice && told_.insert(notice.text).second) options_.notice(notice.text);
}

// It begins again once nothing has failed for twice the longest wait.
void ImagePuller::LengthenBackoff(Claim& claim, const std::string& error, Time now) const {
  const bool expired = claim.backoff && now - claim.failed_at > 2 * options_.last_backoff;
  claim.backoff =
      claim.backoff && !expired ? std::min(*claim.backoff * 2, options_.last_backoff) : options_.first_backoff;
  claim.failed_at = now;
  claim.pull_error = error;
}

ImagePuller::Claim* ImagePuller::FindClaim(scheduler::PodNumber pod, const std::string& image) {
  const auto of_pod = claims_.find(pod);
  if (of_pod == claims_.end()) return nullptr;
  const auto at = of_pod->second.find(image);
  return at == of_pod->second.end() ? nullptr : &at->second;
}

void ImagePuller::GiveFailure(const Waiter& waiter, const std::string& image, Failure failure) {
  Claim* claim = FindClaim(waiter.start.pod, image);
  if (claim != nullptr) claim->fresh.insert_or_assign(waiter.start.container, std::move(failure));
}

void ImagePuller::Settle(const std::vector<Waiter>& waiters) {
  for (const Waiter& waiter : waiters) settled_.push_back(waiter.start);
}

void ImagePuller::TellMissing(const WantedImage& wanted) {
  if (wanted.missing_secrets.empty()) return;
  Tell({wanted.start, wanted.container, {}}, true, "FailedToRetrieveImagePullSecret",
       Cat("Unable to retrieve some image pull secrets (", Join(wanted.missing_secrets, ", "),
           "); attempting to pull the image may not succeed."));
  for (const std::string& name : wanted.missing_secrets) {
    PullNotice notice{Cat("Secret ", name, ", which imagePullSecrets names, is in none of the manifests: ",
                          wanted.image, " is pulled without it")};
    Take(notice, {});
  }
}

void ImagePuller::Tell(const Waiter& waiter, bool warning, std::string_view reason, std::string message) const {
  if (!options_.pod_event) return;
  options_.pod_event({waiter.start.pod, waiter.container, warning, reason, std::move(message)});
}

void ImagePuller::Forget(scheduler::PodNumber pod, Time now) {
  claims_.erase(pod);
  const auto leave = [pod](std::vector<Waiter>& waiters) {
    std::erase_if(waiters, [pod](const Waiter& waiter) { return waiter.start.pod == pod; });
  };
  for (auto& [key, image] : images_) leave(image.waiters);
  for (auto& [id, pull] : pulls_) leave(pull.waiters);
  for (auto& [id, pull] : pulls_) {
    if (pull.waiters.empty() && !pull.unwanted_since) pull.unwanted_since = now;
  }
  std::erase_if(queue_, [this](const std::string& id) {
    const auto at = pulls_.find(id);
    if (!at->second.waiters.empty()) return false;
    pulls_.erase(at);
    return true;
  });
}

std::optional<Time> ImagePuller::NextDue() const {
  std::optional<Time> since;
  for (const auto& [number, id] : begun_) {
    const Pull& pull = pulls_.at(id);
    if (pull.unwanted_since) since = since ? std::min(*since, *pull.unwanted_since) : *pull.unwanted_since;
  }
  return since ? std::optional(*since + options_.unwanted_patience) : std::nullopt;
}

void ImagePuller::HandleDue(Time now) {
  std::vector<std::string> unwanted;
  for (const auto& [number, id] : begun_) {
    const Pull& pull = pulls_.at(id);
    if (pull.unwanted_since && *pull.unwanted_since + options_.unwanted_patience <= now) unwanted.push_back(id);
  }
  for (const std::string& id : unwanted) {
    const Pull pull = EndPull(id);
    service_.Cancel(pull.service_id);
    if (options_.event) {
      options_.event({.kind = ImageEvent::Kind::kGivenUp, .image = pull.text, .took = now - *pull.started_at});
    }
  }
  if (!unwanted.empty()) StartPulls(now);
}

void ImagePuller::Mistrust(const std::string& image) {
  const auto reference = runtime::ParseImageReference(image);
  const auto at = reference ? images_.find((*reference).Canonical()) : images_.end();
  if (at == images_.end()) return;
  at->second.pulled = false;
  if (at->second.presence != Presence::kAsked) at->second.presence = Presence::kUnknown;
}

std::optional<ImagePuller::Wait> ImagePuller::LongestWait() const {
  std::optional<Wait> out;
  for (const auto& [pod, claims] : claims_) {
    for (const auto& [image, claim] : claims) {
      if (!out || claim.since < out->since) out = Wait{claim.text, claim.since, claim.why};
    }
  }
  return out;
}

}  // namespace reprieve::kubelet
