// ImageReference: the name of an image as Kubernetes, containerd, Docker and Podman read it: which registry has it,
// under which name, by tag or by digest.
//
// Source: the reference grammar of the distribution project, whose errors are kept in its words, since a kubelet's
// messages quote them; docs/spec/images.md. Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace reprieve::runtime {

struct ImageReference {
  std::string registry;    // docker.io, or a host with its port; never empty
  std::string repository;  // library/busybox
  std::string tag;         // latest where none is written; empty: it is named by digest alone
  std::string digest;      // sha256:...; empty: it is named by tag

  // docker.io/library/busybox: what credentials are looked up for.
  std::string Name() const;
  // What an engine is asked for, never a short name: NAME@DIGEST, or NAME:TAG. A digest makes the tag a comment.
  std::string Canonical() const;

  bool operator==(const ImageReference&) const = default;
};

// An error: `image` is no reference, in the words of a kubelet behind "couldn't parse image name".
Result<ImageReference> ParseImageReference(std::string_view image);

}  // namespace reprieve::runtime
