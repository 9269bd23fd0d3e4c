// Machine: the images of pods that run in them.
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "node/machine.h"

namespace reprieve::node {

void Machine::OpenImages() {
  if (options_.images.service == nullptr) return;
  kubelet::ImagePullerOptions puller;
  puller.first_backoff = options_.restart_backoff;
  puller.post = [&inbox = inbox_](kubelet::ImageMessage message) { inbox.Add(std::move(message)); };
  puller.event = options_.images.event;
  puller.notice = options_.notice;
  if (options_.images.pod_event) {
    puller.pod_event = [this](const kubelet::ImagePodEvent& event) {
      const auto at = records_.find(event.pod);
      if (at == records_.end()) return;
      options_.images.pod_event({at->second->reference, event.container, event.warning, event.reason, event.message});
    };
  }
  puller_.emplace(*options_.images.service, std::move(puller));
}

std::optional<std::string> Machine::ImageFor(PodRecord& record, std::size_t container, std::int32_t attempt) {
  REPRIEVE_CHECK(puller_, "a pod in images needs an engine");
  kubelet::WantedImage wanted = setup_.WantedImageOf(record, container);
  wanted.start.attempt = attempt;
  kubelet::ImageAnswer answer = puller_->Ensure(wanted, clock_.Now());
  switch (answer.state) {
    case kubelet::ImageAnswer::State::kReady:
      return std::move(answer.name);
    case kubelet::ImageAnswer::State::kPending:
      return std::nullopt;
    case kubelet::ImageAnswer::State::kFailed:
      CannotStart(record, container, answer.reason, {std::move(answer.message)}, answer.retry_at);
      return std::nullopt;
  }
  return std::nullopt;
}

void Machine::Handle(kubelet::ImageMessage& message) {
  puller_->Handle(message, clock_.Now());
  for (const kubelet::ImageStart& start : puller_->TakeSettled()) {
    containers_.Enqueue({start.pod, start.container, start.attempt});
  }
}

void Machine::MistrustImage(const PodRecord& record, std::size_t container) {
  if (!puller_ || !record.in_images) return;
  puller_->Mistrust(setup_.WantedImageOf(record, container).image);
}

bool Machine::GiveUpOnImages() {
  const auto due = ImagesOverdueAt();
  if (!due || *due > clock_.Now()) return false;
  const auto wait = puller_->LongestWait();
  why_no_image_ = Cat("image ", wait->image, " is not there after ", HumanDuration(*options_.images.pull_timeout),
                      " (--pull-timeout): ", wait->why.empty() ? "it is still being pulled" : wait->why);
  return true;
}

// Absent: no wait is limited, or one was too long already.
std::optional<Time> Machine::ImagesOverdueAt() const {
  if (!puller_ || !options_.images.pull_timeout || !why_no_image_.empty()) return std::nullopt;
  const auto wait = puller_->LongestWait();
  return wait ? std::optional(wait->since + *options_.images.pull_timeout) : std::nullopt;
}

}  // namespace reprieve::node
