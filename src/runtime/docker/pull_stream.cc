#include "runtime/docker/pull_stream.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "document/json.h"

namespace reprieve::runtime::docker {

void PullStream::Put(std::string_view bytes) {
  while (true) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) break;
    rest_.append(bytes.substr(0, end));
    TakeMessage(std::exchange(rest_, {}));
    bytes.remove_prefix(end + 1);
  }
  if (rest_.size() + bytes.size() <= kMaxMessage) rest_.append(bytes);
}

void PullStream::PutEnd() {
  TakeMessage(std::exchange(rest_, {}));
}

void PullStream::TakeMessage(std::string_view text) {
  if (Trim(text).empty()) return;
  const auto message = document::ParseJson(text);
  if (!message) return;
  // Docker has both, Podman may have only the first.
  std::string error = (*message)["error"].AsText();
  if (error.empty()) error = (*message)["errorDetail"]["message"].AsText();
  if (!error.empty()) error_ = std::string(Trim(error));
  const std::string& layer = (*message)["id"].AsText();
  const std::string& status = (*message)["status"].AsText();
  if (layer.empty()) return;
  const document::Value& detail = (*message)["progressDetail"];
  if (status == "Downloading") {
    Count(layer, {detail["current"].AsInt(), detail["total"].AsInt()});
  } else if (status == "Download complete" || status == "Pull complete" || status == "Extracting") {
    // What has come in one piece was never seen coming. Extracting counts the same bytes once more.
    const auto known = layers_.find(layer);
    if (known != layers_.end()) Count(layer, {known->second.total, known->second.total});
  }
}

void PullStream::Count(const std::string& layer, Layer now) {
  if (layers_.size() >= kMaxLayers && !layers_.contains(layer)) return;
  Layer& known = layers_[layer];
  now.total = std::max<std::int64_t>(now.total, 0);
  now.done = std::clamp<std::int64_t>(now.done, 0, now.total > 0 ? now.total : std::max<std::int64_t>(now.done, 0));
  progress_.done_bytes += now.done - known.done;
  progress_.total_bytes += now.total - known.total;
  known = now;
}

}  // namespace reprieve::runtime::docker
