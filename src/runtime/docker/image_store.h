// ImageStore: the images of an engine that speaks the Docker Engine API.
//
// Source: Docker Engine API 1.41; spec/images.md 4 for what Docker and Podman do differently. Thread rules: as
// ImageService; its callbacks come in the engine's loop. Logins are looked up on threads that it starts and joins.
#pragma once

#include <memory>

#include "runtime/docker/engine_client.h"
#include "runtime/image_service.h"

namespace reprieve::runtime::docker {

class ImageStore final : public ImageService {
 public:
  // `engine` must outlive it.
  explicit ImageStore(EngineClient& engine);
  ImageStore(const ImageStore&) = delete;
  ImageStore& operator=(const ImageStore&) = delete;
  // Gives up pulls and the search for logins. REQUIRES: not called in the engine's loop.
  ~ImageStore() override;

  void Inspect(const ImageReference& image, std::function<void(Result<std::optional<ImageInfo>>)> done) override;
  PullId Pull(ImagePull pull) override;
  void Cancel(PullId pull) override;

 private:
  struct State;
  class PullRun;

  std::shared_ptr<State> state_;
};

}  // namespace reprieve::runtime::docker
