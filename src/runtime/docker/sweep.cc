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

std::string OurLabel() {
  document::Value filters = document::Value::MakeObject();
  filters.At("label").Append(document::Value::String(std::string(kRunLabel)));
  return Cat("filters=", net::PercentEncode(document::WriteJson(filters)));
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

// A network that still has containers, of a run that lives or of a stranger, can't be removed.
void SweepNetworks(EngineClient& engine, const EngineReply& listed, bool dry_run, Swept& out) {
  if (!listed.ok()) {
    out.failed.push_back(Cat("the networks that killed runs have left there can't be listed: ", listed.error));
    return;
  }
  for (const document::Value& each : listed.body.items()) {
    if (!IsDeadRun(each["Labels"][kRunLabel].AsText())) continue;
    const std::string& name = each["Name"].AsText();
    if (!dry_run) {
      const EngineReply gone = engine.Ask({.method = "DELETE", .path = Cat("/networks/", net::PercentEncode(name))});
      if (!gone.ok() && gone.status != 404) {
        out.failed.push_back(Cat("network ", name, ": ", gone.error));
        continue;
      }
    }
    out.removed.push_back(Cat("network ", name));
  }
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
  std::future<EngineReply> networks = engine.Begin({.path = Cat("/networks?", OurLabel())});
  const EngineReply listed = engine.Ask({.path = Cat("/containers/json?all=true&", OurLabel())});
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
          engine.Ask({.method = "DELETE", .path = Cat("/containers/", found.id, "?force=true&v=true")});
      if (!gone.ok() && gone.status != 404) {
        out.failed.push_back(Cat("container ", found.name, ": ", gone.error));
        continue;
      }
    }
    out.removed.push_back(Cat("container ", found.name));
  }
  SweepNetworks(engine, networks.get(), dry_run, out);
  return out;
}

}  // namespace reprieve::runtime::docker
