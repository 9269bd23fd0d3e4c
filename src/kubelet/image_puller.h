// ImagePuller: whether the image of a container is there, and what is done about it if not: it is looked for, pulled,
// and, if that fails, tried again later, as a kubelet does it.
//
//   const auto answer = puller.Ensure(wanted, now);
//   kReady: start it.  kPending: it is in TakeSettled later; then ask again.  kFailed: it waits with that reason.
//
// Pods share pulls: an image is pulled once at a time, and not again once this run has pulled it, whatever its policy.
// Each pod has its own back-off for an image. Source: the kubelet's image manager; spec/images.md 3. One owner, the
// engine's thread; what the service answers on its own thread goes through `post` and comes back to Handle. No clock:
// times are passed in.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.h"
#include "runtime/image_service.h"
#include "scheduler/placement.h"

namespace reprieve::kubelet {

// What the service has answered.
struct ImageFound {
  std::string image;  // as an engine is asked for it
  Result<std::optional<runtime::ImageInfo>> found;
};
struct ImageComes {
  std::uint64_t pull;
  runtime::PullProgress progress;
};
struct ImagePulled {
  std::uint64_t pull;
  Result<runtime::ImageInfo> result;
};
// A sentence for people.
struct PullNotice {
  std::string text;
};
using ImageMessage = std::variant<ImageFound, ImageComes, ImagePulled, PullNotice>;

// The start of a container.
struct ImageStart {
  scheduler::PodNumber pod = 0;
  std::size_t container = 0;
  std::int32_t attempt = 0;
};

struct WantedImage {
  ImageStart start;
  std::string container;  // its name
  std::string image;      // as the manifest has it
  std::string policy;     // Always, IfNotPresent or Never
  // Which pods share its logins, such as a namespace and names of Secrets.
  std::string login_key;
  // `unwanted`: see runtime::ImagePull.
  std::function<runtime::RegistryLogins(const runtime::ImageReference&, int unwanted)> find_logins;
  // Why the pod's own logins can't be read; empty: they can.
  std::string login_error = {};
  // Secrets with logins that the pod names and that are not there, as NAMESPACE/NAME.
  std::vector<std::string> missing_secrets = {};
};

struct ImageAnswer {
  enum class State : std::uint8_t { kReady, kPending, kFailed };
  State state = State::kPending;
  // If it is ready: what an engine is asked for.
  std::string name = {};
  // If it has failed: what it waits with, and until when.
  std::string reason = {};
  std::string message = {};
  Time retry_at{};
};

// What happens to a pull, for whoever shows it.
struct ImageEvent {
  enum class Kind : std::uint8_t { kPulling, kComes, kPulled, kFailed, kGivenUp };
  Kind kind = Kind::kPulling;
  const std::string& image;  // as a manifest has it
  runtime::PullProgress progress = {};
  std::int64_t size_bytes = 0;  // of what was pulled, on the disk
  Nanoseconds took{};
  std::string message = {};  // why it failed
};

// An event of a pod, as a kubelet records it.
struct ImagePodEvent {
  scheduler::PodNumber pod = 0;
  const std::string& container;
  bool warning = false;
  std::string_view reason;
  std::string message;
};

struct ImagePullerOptions {
  // So many are pulled at once; the others wait for their turn.
  std::size_t max_pulls = 4;
  // A pull that no pod wants any more is given up only then: the pod that takes another's place wants it again.
  Nanoseconds unwanted_patience = Seconds(10);
  // The kubelet's.
  Nanoseconds first_backoff = Seconds(10);
  Nanoseconds last_backoff = Seconds(300);
  // Hands a message over to the thread that calls Handle. From any thread.
  std::function<void(ImageMessage)> post;
  // These three may be empty.
  std::function<void(const ImageEvent&)> event;
  std::function<void(const ImagePodEvent&)> pod_event;
  std::function<void(const std::string&)> notice;
};

class ImagePuller {
 public:
  // `service` must outlive it.
  ImagePuller(runtime::ImageService& service, ImagePullerOptions options);

  ImageAnswer Ensure(const WantedImage& wanted, Time now);
  void Handle(ImageMessage& message, Time now);
  // Starts that were pending, to be asked for again.
  std::vector<ImageStart> TakeSettled() { return std::exchange(settled_, {}); }
  // The pod has ended: nothing waits for its images any more.
  void Forget(scheduler::PodNumber pod, Time now);
  // When HandleDue gives up a pull; absent: there is none that nobody wants.
  std::optional<Time> NextDue() const;
  void HandleDue(Time now);
  // The engine may not have it after all: it is looked for again. `image`: as a manifest has it.
  void Mistrust(const std::string& image);

  // A pod that waits for an image.
  struct Wait {
    std::string image;
    Time since;
    std::string why;  // ErrImagePull: the registry's words; empty: it is being pulled
  };
  // That has waited longest; nullopt: none waits.
  std::optional<Wait> LongestWait() const;

 private:
  struct Waiter {
    ImageStart start;
    std::string container;
    std::string image;  // as its manifest has it
  };
  enum class Presence : std::uint8_t { kUnknown, kAsked, kThere, kMissing };
  struct Image {
    runtime::ImageReference reference;
    Presence presence = Presence::kUnknown;
    runtime::ImageInfo info;
    bool pulled = false;  // by this run
    std::vector<Waiter> waiters;
  };
  struct Pull {
    std::string image;  // key of images_
    std::string text;   // as a manifest has it
    std::function<runtime::RegistryLogins(const runtime::ImageReference&, int)> find_logins;
    std::vector<Waiter> waiters;
    Time wanted_at;
    // Once it has begun.
    std::optional<Time> started_at;
    std::uint64_t number = 0;
    runtime::PullId service_id{};
    std::optional<Time> unwanted_since;
  };
  struct Failure {
    std::string reason;
    std::string message;
  };
  // What a pod has seen of an image.
  struct Claim {
    std::string text;
    Time since;
    std::string why;
    std::optional<Nanoseconds> backoff;
    Time failed_at{};
    std::string pull_error;
    // By container: what is to be told it when it asks again.
    std::map<std::size_t, Failure> fresh;
    std::map<std::size_t, std::string> arrived;
  };

  void Take(ImageFound& found, Time now);
  void Take(ImageComes& comes, Time now);
  void Take(ImagePulled& pulled, Time now);
  void Take(PullNotice& notice, Time now);
  Claim& ClaimOf(const WantedImage& wanted, const std::string& image, Time now);
  Claim* FindClaim(scheduler::PodNumber pod, const std::string& image);
  ImageAnswer Ready(const WantedImage& wanted, const Image& image, const std::string& key, Time now);
  ImageAnswer Fail(const WantedImage& wanted, Claim& claim, Failure failure, Time retry_at);
  ImageAnswer Look(const WantedImage& wanted, Image& image, const std::string& key);
  void JoinPull(const WantedImage& wanted, const std::string& key, Time now);
  void StartPulls(Time now);
  void PullFailed(const Pull& pull, const std::string& error, Time now);
  void LengthenBackoff(Claim& claim, const std::string& error, Time now) const;
  void GiveFailure(const Waiter& waiter, const std::string& image, Failure failure);
  void TellMissing(const WantedImage& wanted);
  void Tell(const Waiter& waiter, bool warning, std::string_view reason, std::string message) const;
  void Settle(const std::vector<Waiter>& waiters);
  // Takes one that has begun out of the books.
  Pull EndPull(const std::string& id);

  runtime::ImageService& service_;
  const ImagePullerOptions options_;
  std::map<std::string, Image> images_;
  std::map<std::string, Pull> pulls_;
  std::deque<std::string> queue_;               // of pulls_
  std::map<std::uint64_t, std::string> begun_;  // of pulls_, by their numbers
  std::uint64_t next_number_ = 1;
  std::size_t pulling_ = 0;
  std::map<scheduler::PodNumber, std::map<std::string, Claim>> claims_;
  std::vector<ImageStart> settled_;
  std::set<std::string> told_;  // notices
};

}  // namespace reprieve::kubelet
