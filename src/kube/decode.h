// From the objects of an API server to what controllers look at. What nothing here reads is not kept: managedFields,
// the specs of pods but for their node selectors, images.
//
// The server has validated what it sends, so nothing here fails; what does not fit reads as its zero. One owner, the
// loop's thread.
#pragma once

#include <deque>
#include <memory>

#include "document/value.h"
#include "model/jobset.h"

namespace reprieve::kube {

class Decoder {
 public:
  batch::Job Job(document::Value object);
  // Defaults as JobSet's webhook does, which may not be installed.
  jobset::JobSet JobSet(document::Value object);
  core::Pod Pod(document::Value object);
  core::Service Service(document::Value object);
  core::PersistentVolumeClaim Claim(document::Value object);
  core::Node Node(document::Value object);

 private:
  // Pods and child Jobs of one template are the same in these: they share them.
  template <class T>
  struct Shared {
    document::Value value;
    std::shared_ptr<const T> made;
  };
  template <class T>
  static std::shared_ptr<const T> Share(const document::Value& value, std::deque<Shared<T>>& known);

  std::deque<Shared<core::PodSpec>> templates_;
  std::deque<Shared<core::PodSpec>> pod_specs_;
};

}  // namespace reprieve::kube
