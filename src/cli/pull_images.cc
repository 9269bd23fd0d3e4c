#include "cli/pull_images.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "cli/image_lines.h"
#include "cli/interrupt.h"
#include "kubelet/restart.h"
#include "kubelet/wanted_image.h"
#include "runtime/fd.h"

namespace reprieve::cli {
namespace {

using document::Value;
using kubelet::ImageAnswer;

constexpr int kRepaintMilliseconds = 100;

class Collector {
 public:
  Collector(const kubelet::Settings& settings, const kubelet::ImageMap& mapped)
      : settings_(settings), mapped_(mapped), places_(kubelet::LoginPlacesOfEnvironment()) {}

  void Add(const core::PodSpec& spec, const std::string& name_space) {
    for (std::size_t i = 0; i < kubelet::ContainerCount(spec); ++i) {
      const core::Container& container = kubelet::ContainerAt(spec, i);
      if (!mapped_.WouldRunInImage(container)) continue;
      kubelet::WantedImage wanted = kubelet::WantedImageOf(spec, i, name_space, settings_, places_, mapped_);
      if (!known_.emplace(std::tuple(wanted.image, wanted.policy, wanted.login_key), true).second) continue;
      out_.push_back(std::move(wanted));
    }
  }

  std::vector<kubelet::WantedImage> Take() { return std::move(out_); }

 private:
  const kubelet::Settings& settings_;
  const kubelet::ImageMap& mapped_;
  const kubelet::MachineLoginPlaces places_;
  std::map<std::tuple<std::string, std::string, std::string>, bool> known_;
  std::vector<kubelet::WantedImage> out_;
};

// Messages of the service's thread, and Ctrl-C.
class Mailbox {
 public:
  Mailbox() : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  void Post(kubelet::ImageMessage message) {
    {
      const std::lock_guard lock(mutex_);
      messages_.push_back(std::move(message));
    }
    Wake();
  }
  void Wake() noexcept {
    const std::uint64_t one = 1;
    const int before = errno;
    [[maybe_unused]] const ssize_t n = write(wake_.get(), &one, sizeof one);
    errno = before;
  }
  std::vector<kubelet::ImageMessage> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(messages_, {});
  }
  // At most so long; -1: until something comes.
  void Wait(int milliseconds) const {
    pollfd wait{wake_.get(), POLLIN, 0};
    if (poll(&wait, 1, milliseconds) <= 0) return;
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = read(wake_.get(), &count, sizeof count);
  }

 private:
  const runtime::Fd wake_;
  std::mutex mutex_;
  std::vector<kubelet::ImageMessage> messages_;  // guarded by mutex_
};

class PullRun {
 public:
  PullRun(std::vector<kubelet::WantedImage> wanted, runtime::ImageService& images, const world::Clock& clock,
          std::shared_ptr<Mailbox> mailbox, RunOutput& out)
      : wanted_(std::move(wanted)), clock_(clock), mailbox_(std::move(mailbox)), out_(out), puller_(images, Options()) {
    for (std::size_t i = 0; i < wanted_.size(); ++i) wanted_[i].start = {i, 0, 0};
  }

  PullEnd Run() {
    for (std::size_t i = 0; i < wanted_.size(); ++i) Ask(i);
    while (open_ > 0 && Interrupt::count() == 0) {
      Paint();
      mailbox_->Wait(out_.has_block() ? kRepaintMilliseconds : -1);
      for (kubelet::ImageMessage& message : mailbox_->Take()) puller_.Handle(message, clock_.Now());
      for (const kubelet::ImageStart& start : puller_.TakeSettled()) Ask(static_cast<std::size_t>(start.pod));
    }
    out_.EraseBlock();
    out_.Flush();
    if (open_ > 0) return PullEnd::kBrokenOff;
    return failed_ > 0 ? PullEnd::kSomeMissing : PullEnd::kAllThere;
  }

 private:
  kubelet::ImagePullerOptions Options() {
    kubelet::ImagePullerOptions options;
    // What the service still tells after this has ended finds the mailbox there.
    options.post = [mailbox = mailbox_](kubelet::ImageMessage message) { mailbox->Post(std::move(message)); };
    options.event = [this](const kubelet::ImageEvent& event) { Tell(event); };
    options.notice = [this](const std::string& text) { Say(text); };
    return options;
  }

  void Ask(std::size_t number) {
    const kubelet::WantedImage& wanted = wanted_[number];
    if (!asked_.contains(number)) ++open_;
    const bool again = !asked_.insert(number).second;
    const ImageAnswer answer = puller_.Ensure(wanted, clock_.Now());
    switch (answer.state) {
      case ImageAnswer::State::kPending:
        return;
      case ImageAnswer::State::kReady:
        --open_;
        if (!told_.contains(wanted.image) && again) TellPresent(wanted.image);
        return;
      case ImageAnswer::State::kFailed:
        --open_;
        ++failed_;
        TellFailed(wanted.image, answer);
        return;
    }
  }

  void Tell(const kubelet::ImageEvent& event) {
    pulls_.Note(event, clock_.Now());
    if (event.kind == kubelet::ImageEvent::Kind::kPulled) told_.insert(event.image);
    if (out_.json()) {
      // What has failed is told with its reason, once for each that wants it.
      if (event.kind == kubelet::ImageEvent::Kind::kFailed) return;
      Value object = out_.Event("image");
      SetImageMembers(event, object);
      return out_.Json(object);
    }
    if (event.kind == kubelet::ImageEvent::Kind::kPulled) out_.Line(ImageLine(event));
    if (event.kind == kubelet::ImageEvent::Kind::kPulling && !out_.has_block()) {
      out_.Line(Cat("Image ", event.image, " is being pulled"));
    }
    out_.Flush();
  }

  void TellPresent(const std::string& image) {
    told_.insert(image);
    if (!out_.json()) return out_.Line(Cat("Image ", image, " is there already"));
    Value object = out_.Event("image");
    object.Set("image", Value::String(image));
    object.Set("state", Value::String("present"));
    out_.Json(object);
  }

  void TellFailed(const std::string& image, const ImageAnswer& answer) {
    if (!out_.json()) return out_.Line(Cat("Image ", image, ": ", answer.reason, ": ", answer.message));
    Value object = out_.Event("image");
    object.Set("image", Value::String(image));
    object.Set("state", Value::String("failed"));
    object.Set("reason", Value::String(answer.reason));
    object.Set("message", Value::String(answer.message));
    out_.Json(object);
  }

  void Say(const std::string& text) {
    if (!out_.json()) return out_.Plain(text);
    Value object = out_.Event("notice");
    object.Set("message", Value::String(text));
    out_.Json(object);
  }

  void Paint() {
    if (!out_.BlockIsDue()) return;
    const TerminalSize size = out_.terminal();
    out_.PaintBlock(pulls_.Lines(clock_.Now(), size.columns, LiveBlock::MaxLines(size)));
  }

  std::vector<kubelet::WantedImage> wanted_;
  const world::Clock& clock_;
  const std::shared_ptr<Mailbox> mailbox_;
  RunOutput& out_;
  kubelet::ImagePuller puller_;
  ImagePulls pulls_;
  std::set<std::size_t> asked_;
  std::set<std::string> told_;  // images
  std::size_t open_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace

std::vector<kubelet::WantedImage> ImagesOf(const Loaded& loaded, const kubelet::Settings& settings,
                                           const kubelet::ImageMap& mapped) {
  Collector collector(settings, mapped);
  for (const LoadedJob& job : loaded.jobs) {
    collector.Add(*job.job.spec->pod_template.spec, job.job.metadata.namespace_.str());
  }
  for (const LoadedJobSet& jobset : loaded.jobsets) {
    for (const jobset::ReplicatedJob& job : jobset.jobset.spec->replicated_jobs) {
      collector.Add(*job.job_template.spec->pod_template.spec, jobset.jobset.metadata.namespace_.str());
    }
  }
  for (const LoadedPod& pod : loaded.pods) collector.Add(*pod.pod.spec, pod.pod.metadata.namespace_.str());
  return collector.Take();
}

PullEnd PullAll(std::vector<kubelet::WantedImage> wanted, runtime::ImageService& images, const world::Clock& clock,
                RunOutput& out) {
  const auto mailbox = std::make_shared<Mailbox>();
  const auto wake = [](void* box) noexcept { static_cast<Mailbox*>(box)->Wake(); };
  const Interrupt interrupt(wake, mailbox.get());
  return PullRun(std::move(wanted), images, clock, mailbox, out).Run();
}

}  // namespace reprieve::cli
