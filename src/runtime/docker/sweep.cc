#include "runtime/docker/sweep.h"

#include <cerrno>
#include <csignal>
#include <future>
#include <memory>
#include <utility>

#include "base/text.h"
#include "document/json.h"
#include "net/url.h"
#include "runtime/cgroup.h"
#include "runtime/docker/requests.h"
#include "runtime/file.h"

namespace reprieve::runtime::docker {
namespace {

struct Found {
  std::string id;
  std::string name;
  bool sandbox = false;
};

EngineReply AskAndWait(EngineClient& engine, EngineRequest request) {
  std::promise<EngineReply> answered;
  engine.Post(
      [&] { engine.Send(std::move(request), [&](EngineReply reply) { answered.set_value(std::move(reply)); }); });
  return answered.get_future().get();
}

std::string ListPath() {
  document::Value filters = document::Value::MakeObject();
  filters.At("label").Append(document::Value::String(std::string(kRunLabel)));
  return Cat("/containers/json?all=true&filters=", net::PercentEncode(document::WriteJson(filters)));
}

Found FoundIn(const document::Value& listed) {
  Found out;
  out.id = listed["Id"].AsText();
  out.name = listed["Names"][0].AsText();
  if (out.name.starts_with('/')) out.name.erase(0, 1);
  if (out.name.empty()) out.name = out.id;
  out.sandbox = listed["Labels"].Find(kContainerLabel) == nullptr;
  return out;
}

}  // namespace

bool IsDeadRun(const std::string& label) {
  if (!IsNameOfADeadEngine(label)) return false;
  const std::string process(Split(label, '-')[2]);
  const auto number = ParseInt32(process);
  // Where /proc hides other users' processes a living one looks gone.
  const bool hidden =
      number && kill(*number, 0) != 0 && errno == EPERM && ReadFile(Cat("/proc/", process, "/stat")).empty();
  return !hidden;
}

Swept SweepDeadRuns(EngineClient& engine, bool dry_run) {
  Swept out;
  const EngineReply listed = AskAndWait(engine, {.path = ListPath()});
  if (!listed.ok()) {
    out.failed.push_back(Cat("what killed runs have left there can't be listed: ", listed.error));
    return out;
  }
  std::vector<Found> containers;
  std::vector<Found> sandboxes;
  for (const document::Value& each : listed.body.items()) {
    if (!IsDeadRun(each["Labels"][kRunLabel].AsText())) {
      ++out.living;
      continue;
    }
    Found found = FoundIn(each);
    (found.sandbox ? sandboxes : containers).push_back(std::move(found));
  }
  // A sandbox can't go before the containers that have joined it.
  containers.insert(containers.end(), std::make_move_iterator(sandboxes.begin()),
                    std::make_move_iterator(sandboxes.end()));
  for (const Found& found : containers) {
    if (!dry_run) {
      const EngineReply gone =
          AskAndWait(engine, {.method = "DELETE", .path = Cat("/containers/", found.id, "?force=true&v=true")});
      if (!gone.ok() && gone.status != 404) {
        out.failed.push_back(Cat("container ", found.name, ": ", gone.error));
        continue;
      }
    }
    out.removed.push_back(found.name);
  }
  return out;
}

}  // namespace reprieve::runtime::docker
