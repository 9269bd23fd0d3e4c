// ImageService: the images of a container engine: what is there, and pulling what is not.
//
// Source: the Container Runtime Interface's image service, cut to what a pod needs. Thread rules: every call may come
// from any thread and returns at once; callbacks come on one thread of the service, and must not block.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/image_reference.h"

namespace reprieve::runtime {

// Who asks a registry. Never in a message.
struct RegistryLogin {
  std::string username = {};
  std::string password = {};
  std::string identity_token = {};  // instead of both

  bool operator==(const RegistryLogin&) const = default;
};

// What is known of who may pull an image.
struct RegistryLogins {
  // In the order in which they are tried, until one may. None: nobody in particular asks.
  std::vector<RegistryLogin> found = {};
  // Sources that can't be read, a sentence each.
  std::vector<std::string> problems = {};
};

struct ImageInfo {
  std::string id;            // sha256:...
  std::string architecture;  // amd64; empty: the image does not say
  std::int64_t size_bytes = 0;
};

// Bytes of layers; those of layers that are already there are not among them.
struct PullProgress {
  std::int64_t done_bytes = 0;
  // Of the layers whose size the registry has told so far; 0: of none.
  std::int64_t total_bytes = 0;

  bool operator==(const PullProgress&) const = default;
};

struct ImagePull {
  ImageReference reference = {};
  // Finds the logins; may block, for it is called on a thread of its own, until the descriptor that it is given becomes
  // readable: then nobody waits for them any more. Empty: nobody in particular asks.
  std::function<RegistryLogins(int unwanted)> find_logins = {};
  // As it goes on, at most ten times a second.
  std::function<void(PullProgress)> progress = {};
  // A sentence for people: a source of logins that can't be read.
  std::function<void(std::string)> notice = {};
  // Once, the last. An error: the engine's or the registry's own words.
  std::function<void(Result<ImageInfo>)> done = {};
};

// Unique for the life of the service.
enum class PullId : std::uint64_t {};

class ImageService {
 public:
  virtual ~ImageService() = default;

  // Nothing: it is not there. An error: the engine can't say.
  virtual void Inspect(const ImageReference& image, std::function<void(Result<std::optional<ImageInfo>>)> done) = 0;
  // Destroying the service gives up what is under way; `done` is then not called.
  virtual PullId Pull(ImagePull pull) = 0;
  // Nobody wants it any more: the engine is left to drop what it has of it. `done` may be on its way already.
  virtual void Cancel(PullId pull) = 0;
};

}  // namespace reprieve::runtime
