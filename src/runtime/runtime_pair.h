// Two runtimes as one: pods of images go to one, all others to the other, and everything else to whose id it is.
//
// Thread rules: as runtime.h.
#pragma once

#include "runtime/runtime.h"

namespace reprieve::runtime {

class RuntimePair final : public Runtime {
 public:
  // `images`: null pointer: no pod has images. Its ids begin at `first_of_images`. Both outlive this.
  RuntimePair(Runtime& processes, Runtime* images, std::uint64_t first_of_images)
      : processes_(processes), images_(images), first_of_images_(first_of_images) {}

  bool has_own_mounts() const override { return processes_.has_own_mounts(); }
  Result<SandboxId> RunPodSandbox(PodSandboxSpec spec) override {
    if (spec.images && images_ == nullptr) return Error{"there is no container engine to run images"};
    return (spec.images ? *images_ : processes_).RunPodSandbox(std::move(spec));
  }
  Result<ContainerId> StartContainer(SandboxId sandbox, ContainerSpec spec) override {
    return Of(sandbox).StartContainer(sandbox, std::move(spec));
  }
  void StopContainer(ContainerId container, std::chrono::milliseconds grace) override {
    Of(container).StopContainer(container, grace);
  }
  Result<ExecId> Exec(ContainerId container, ExecSpec spec) override {
    return Of(container).Exec(container, std::move(spec));
  }
  void RemovePodSandbox(SandboxId sandbox) override { Of(sandbox).RemovePodSandbox(sandbox); }

 private:
  template <class Id>
  Runtime& Of(Id id) const {
    const bool of_images = images_ != nullptr && static_cast<std::uint64_t>(id) >= first_of_images_;
    return of_images ? *images_ : processes_;
  }

  Runtime& processes_;
  Runtime* const images_;
  const std::uint64_t first_of_images_;
};

}  // namespace reprieve::runtime
