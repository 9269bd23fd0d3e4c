// Reads scenarios: every field, and all that is impossible about the numbers.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "base/word_reader.h"
#include "model/quantity.h"
#include "sim/presets.h"
#include "sim/scenario.h"

namespace reprieve::sim {
namespace {

using document::Value;

constexpr double kDay = 86'400;
constexpr std::size_t kMostTraceLines = 1'000'000;
constexpr Nanoseconds kLongestHorizon = std::chrono::hours(24 * 365 * 10);

class ScenarioReader {
 public:
  ScenarioReader(const admission::ManifestObject& object, const ReadTextFile& read_file,
                 std::vector<DocumentError>& errors)
      : object_(object.value), read_file_(read_file), reader_(errors) {
    out_.file = object.file;
  }

  Scenario Run() {
    reader_.IsObject(
        object_, "",
        {"apiVersion", "kind", "metadata", "manifests", "cluster", "failures", "work", "horizon", "runs", "seed"});
    if (const Value* version = object_.Find("apiVersion"); version && version->AsText() != "reprieve.dev/v1alpha1") {
      reader_.Fail(version->mark(), "apiVersion", "expected reprieve.dev/v1alpha1");
    }
    Manifests();
    if (const Value* cluster = object_.Find("cluster")) Cluster(*cluster);
    if (const Value* failures = object_.Find("failures");
        failures && reader_.IsArray(*failures, "failures", "sources")) {
      for (std::size_t i = 0; i < failures->size(); ++i) Failures((*failures)[i], Cat("failures[", i, "]"));
    }
    if (const Value* work = object_.Find("work");
        work && reader_.IsArray(*work, "work", "entries such as {duration: 30d}")) {
      for (std::size_t i = 0; i < work->size(); ++i) Work((*work)[i], Cat("work[", i, "]"));
    }
    reader_.Read(object_, "horizon", "", out_.horizon);
    if (out_.horizon <= Nanoseconds(0) || out_.horizon > kLongestHorizon) {
      reader_.Fail(object_["horizon"].mark(), "horizon", "expected a duration up to 3650d");
    }
    reader_.Read(object_, "runs", "", 1, kMostRuns, out_.runs);
    if (const Value* seed = object_.Find("seed")) {
      out_.seed = static_cast<std::uint64_t>(reader_.Count(*seed, "seed", 0, std::int64_t{1} << 62).value_or(1));
    }
    return std::move(out_);
  }

 private:
  void Manifests() {
    const Value* manifests = object_.Find("manifests");
    if (manifests == nullptr || !manifests->IsArray() || manifests->size() == 0) {
      return reader_.Fail(manifests ? manifests->mark() : object_.mark(), "manifests", "expected at least one file",
                          "Name the files to simulate: manifests: [train.yaml].");
    }
    for (std::size_t i = 0; i < manifests->size(); ++i) {
      const Value& each = (*manifests)[i];
      out_.manifests.push_back({reader_.Text(each, Cat("manifests[", i, "]"), "a file's name"), each.mark()});
    }
  }

  void Cluster(const Value& value) {
    if (!reader_.IsObject(value, "cluster", {"pools", "startAfter", "lostNode", "featureGates"})) return;
    reader_.Read(value, "startAfter", "cluster", out_.start_after);
    if (const Value* gates = value.Find("featureGates")) ReadGates(*gates, "cluster.featureGates", reader_, out_.gates);
    if (const Value* lost = value.Find("lostNode")) ReadLostNode(*lost, "cluster.lostNode", reader_, out_.lost_node);
    const Value* pools = value.Find("pools");
    if (pools == nullptr || !reader_.IsArray(*pools, "cluster.pools", "pools such as {name: gpu, nodes: 8}")) return;
    out_.pools.clear();
    for (std::size_t i = 0; i < pools->size(); ++i) Pool((*pools)[i], Cat("cluster.pools[", i, "]"));
    if (out_.NodeCount() < 1 || out_.NodeCount() > kMostSimulatedNodes) {
      reader_.Fail(pools->mark(), "cluster.pools", Cat("expected 1 to ", kMostSimulatedNodes, " nodes in all"));
    }
  }

  void Pool(const Value& value, const std::string& path) {
    NodePool& pool = out_.pools.emplace_back();
    if (!reader_.IsObject(value, path, {"name", "nodes", "spares", "price", "racks", "labels", "resources"})) return;
    if (const Value* name = value.Find("name")) pool.name = reader_.Text(*name, Cat(path, ".name"), "a name");
    reader_.Read(value, "nodes", path, 1, kMostSimulatedNodes, pool.nodes);
    reader_.Read(value, "spares", path, 0, kMostSimulatedNodes, pool.spares);
    reader_.Read(value, "price", path, 0, 1e6, pool.price);
    reader_.Read(value, "racks", path, 1, kMostSimulatedNodes, pool.racks);
    Texts(value, "labels", path, pool.labels);
    Texts(value, "resources", path, pool.resources);
    for (const auto& [resource, amount] : pool.resources) {
      if (model::Quantity::Parse(amount).ok()) continue;
      reader_.Fail(value["resources"].mark(), Cat(path, ".resources.", resource),
                   "expected a quantity, such as 8 or 512Gi");
    }
  }

  void Texts(const Value& object, std::string_view name, const std::string& path,
             std::map<std::string, std::string>& out) {
    const Value* value = object.Find(name);
    if (value == nullptr) return;
    if (!value->IsObject()) return reader_.Fail(value->mark(), Cat(path, ".", name), "expected names and values");
    for (const Value::Member& member : value->members()) out[member.key] = member.value.AsText();
  }

  void Failures(const Value& value, const std::string& path) {
    FailureSource source;
    if (!reader_.IsObject(value, path,
                          {"name", "preset", "per", "rate", "exponential", "weibull", "causes", "lemons", "repair",
                           "trace", "maintenance"})) {
      return;
    }
    if (const Value* preset = value.Find("preset")) {
      auto found = FindPreset(preset->AsText());
      if (!found) {
        std::vector<std::string> names;
        for (const Preset& each : Presets()) names.emplace_back(each.name);
        return reader_.Fail(preset->mark(), Cat(path, ".preset"), Cat("expected one of ", Join(names, ", ")));
      }
      source = std::move(*found);
    }
    if (const Value* name = value.Find("name")) source.name = reader_.Text(*name, Cat(path, ".name"), "a name");
    if (source.name.empty())
      reader_.Fail(value.mark(), Cat(path, ".name"), "is missing; its random numbers follow from it");
    if (const Value* per = value.Find("per")) Per(*per, Cat(path, ".per"), source);
    HazardOf(value, path, source);
    if (const Value* causes = value.Find("causes")) Causes(*causes, Cat(path, ".causes"), source);
    if (const Value* lemons = value.Find("lemons");
        lemons && reader_.IsObject(*lemons, Cat(path, ".lemons"), {"share", "faster"})) {
      reader_.Read(*lemons, "share", Cat(path, ".lemons"), 0, 1, source.lemon_share);
      reader_.Read(*lemons, "faster", Cat(path, ".lemons"), 1, 1e6, source.lemon_faster);
    }
    if (const Value* repair = value.Find("repair")) {
      source.repair_renews = repair->AsText() != "minimal";
      if (source.repair_renews && repair->AsText() != "renews") {
        reader_.Fail(repair->mark(), Cat(path, ".repair"), "expected renews (the default) or minimal");
      }
    }
    if (const Value* maintenance = value.Find("maintenance"))
      MaintenanceOf(*maintenance, Cat(path, ".maintenance"), source);
    if (const Value* trace = value.Find("trace")) Trace(*trace, Cat(path, ".trace"), source);
    if (!source.hazard && !source.maintenance && source.trace.empty() && !value.Find("trace")) {
      reader_.Fail(value.mark(), path,
                   "says nothing of how often it happens: expected rate, exponential, weibull, trace "
                   "or maintenance");
    }
    if (source.causes.empty() && !source.maintenance) {
      reader_.Fail(value.mark(), Cat(path, ".causes"),
                   "is missing; expected at least one, such as {name: gpu, event: "
                   "node is lost}");
    }
    out_.failures.push_back(std::move(source));
  }

  void Per(const Value& value, const std::string& path, FailureSource& source) {
    if (value.AsText() == "node") {
      source.per = FailurePer::kNode;
    } else if (value.AsText() == "rack") {
      source.per = FailurePer::kRack;
    } else if (value.AsText() == "job") {
      source.per = FailurePer::kJob;
    } else {
      reader_.Fail(value.mark(), path, "expected node, rack or job");
    }
  }

  void HazardOf(const Value& value, const std::string& path, FailureSource& source) {
    if (const Value* rate = value.Find("rate")) Rate(*rate, Cat(path, ".rate"), source);
    if (const Value* exponential = value.Find("exponential")) {
      const std::string at = Cat(path, ".exponential");
      Nanoseconds mean{};
      if (!reader_.IsObject(*exponential, at, {"mean"})) return;
      reader_.Read(*exponential, "mean", at, mean);
      SetHazard(*exponential, at, 1, mean, source);
    }
    if (const Value* weibull = value.Find("weibull")) {
      const std::string at = Cat(path, ".weibull");
      double shape = 1;
      Nanoseconds scale{};
      if (!reader_.IsObject(*weibull, at, {"shape", "scale"})) return;
      reader_.Read(*weibull, "shape", at, 0.05, 50, shape);
      reader_.Read(*weibull, "scale", at, scale);
      SetHazard(*weibull, at, shape, scale, source);
    }
  }

  void SetHazard(const Value& value, const std::string& path, double shape, Nanoseconds scale, FailureSource& source) {
    source.hazard = Hazard{1, kDay};
    if (scale <= Nanoseconds(0)) {
      return reader_.Fail(value.mark(), path, "expected a time above 0, such as {mean: 150d}");
    }
    source.hazard = Hazard{shape, static_cast<double>(scale.count()) / 1e9};
  }

  // "6.5 per 1000 node-days": of nodes; "2 per day": of a rack or job.
  void Rate(const Value& value, const std::string& path, FailureSource& source) {
    WordReader words(value.AsText());
    const Word number = words.Next("a number");
    char* end = nullptr;
    const std::string text(number.text);
    const double rate = std::strtod(text.c_str(), &end);
    if (end != text.c_str() + text.size() || text.empty() || !(rate > 0) || rate > 1e9) {
      words.Fail(number, "expected a number above 0");
    }
    double days = 1;
    if (words.Expect("per")) {
      const std::string_view unit = words.Peek();
      if (!unit.empty() && IsDigit(unit.front())) days = static_cast<double>(words.Count("a number of days"));
      const Word day = words.Next("days or node-days");
      if (day.text != "days" && day.text != "day" && day.text != "node-days" && day.text != "node-day") {
        words.Fail(day, "expected days or node-days, as in 6.5 per 1000 node-days");
      }
    }
    words.End("nothing may follow the rate");
    source.hazard = Hazard{1, kDay};
    if (words.error()) return reader_.Fail(value.mark(), path, words.error()->message);
    if (days < 1) return reader_.Fail(value.mark(), path, "expected a number of days above 0");
    source.hazard->scale_seconds = days * kDay / rate;
  }

  void Causes(const Value& value, const std::string& path, FailureSource& source) {
    if (!reader_.IsArray(value, path, "causes")) return;
    source.causes.clear();
    double sum = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      source.causes.push_back(Cause(value[i], Cat(path, "[", i, "]")));
      sum += source.causes.back().share;
    }
    if (std::abs(sum - 1) <= 0.005 || value.size() <= 1) {
      for (FailureCause& cause : source.causes) cause.share /= sum > 0 ? sum : 1;
      return;
    }
    reader_.Fail(value.mark(), path,
                 Cat("the shares must add up to 1; they add up to ", std::to_string(sum).substr(0, 5)));
  }

  FailureCause Cause(const Value& value, const std::string& path) {
    FailureCause out;
    if (!reader_.IsObject(value, path, {"name", "share", "event", "repair", "repairSpread"})) return out;
    if (const Value* name = value.Find("name")) {
      out.name = reader_.Text(*name, Cat(path, ".name"), "a name");
    } else {
      reader_.Fail(value.mark(), Cat(path, ".name"), "is missing");
    }
    reader_.Read(value, "share", path, 0, 1, out.share);
    reader_.Read(value, "repair", path, out.repair);
    reader_.Read(value, "repairSpread", path, 0, 1, out.repair_spread);
    const Value* event = value.Find("event");
    if (event == nullptr) {
      reader_.Fail(value.mark(), Cat(path, ".event"),
                   "is missing; expected what happens, such as node is lost or pod exits 1");
      return out;
    }
    // Who it happens to is drawn: a star stands for the name.
    std::string text = event->AsText();
    for (const std::string_view subject : {"node ", "pod "}) {
      if (text.starts_with(subject) && !text.starts_with(Cat(subject, "* "))) text.insert(subject.size(), "* ");
    }
    if (text.starts_with("container ")) {
      const std::size_t at = text.find(" is ") != std::string::npos ? text.find(" is ") : text.find(" exits ");
      if (at != std::string::npos && text.find(" of pod ") == std::string::npos) text.insert(at, " of pod *");
    }
    auto parsed = world::ParseIncident(Cat(text, " at 0s"));
    if (const auto* error = std::get_if<WordError>(&parsed)) {
      reader_.Fail(event->mark(), Cat(path, ".event"), error->message);
      return out;
    }
    out.event = std::get<world::Incident>(std::move(parsed));
    if (out.event.node.empty() && out.event.pod.empty()) {
      reader_.Fail(event->mark(), Cat(path, ".event"), "expected what happens to a node, a pod or a container");
    }
    return out;
  }

  void MaintenanceOf(const Value& value, const std::string& path, FailureSource& source) {
    if (!reader_.IsObject(value, path, {"first", "every", "nodes", "lasts"})) return;
    Maintenance out;
    out.lasts = std::chrono::hours(1);
    reader_.Read(value, "first", path, out.first);
    reader_.Read(value, "every", path, out.every);
    reader_.Read(value, "nodes", path, 1, kMostSimulatedNodes, out.nodes);
    reader_.Read(value, "lasts", path, out.lasts);
    source.maintenance = out;
  }

  // time,node,cause: a line for each failure; the first line may name the columns.
  void Trace(const Value& value, const std::string& path, FailureSource& source) {
    const auto text = read_file_(value.AsText());
    if (!text.ok()) return reader_.Fail(value.mark(), path, text.error().message);
    std::size_t number = 0;
    for (const std::string_view line : Split(*text, '\n')) {
      ++number;
      const std::string_view trimmed = Trim(line);
      if (trimmed.empty() || trimmed.starts_with('#') || (number == 1 && trimmed.starts_with("time"))) continue;
      const auto fields = Split(trimmed, ',');
      const auto at = ParseDuration(Trim(fields[0]));
      const std::string cause(fields.size() > 2 ? Trim(fields[2]) : std::string_view());
      const bool known =
          cause.empty() || std::any_of(source.causes.begin(), source.causes.end(),
                                       [&cause](const FailureCause& each) { return each.name == cause; });
      if (!at || !known || fields.size() > 3 || source.trace.size() >= kMostTraceLines) {
        return reader_.Fail(value.mark(), path,
                            Cat(value.AsText(), ":", number, ": ",
                                !at      ? "expected time,node,cause with a time since the beginning, such as 3d4h"
                                : !known ? Cat("no cause of this source is called ", cause)
                                         : std::string("expected three columns, and at most a million lines")));
      }
      source.trace.push_back({*at, std::string(fields.size() > 1 ? Trim(fields[1]) : std::string_view()), cause});
    }
  }

  void Work(const Value& value, const std::string& path) {
    GangWork out;
    if (!reader_.IsObject(value, path, {"of", "duration", "checkpoint", "restart", "onSigterm"})) return;
    if (const Value* of = value.Find("of")) out.of = reader_.Text(*of, Cat(path, ".of"), "the name of a Job or JobSet");
    reader_.Read(value, "duration", path, out.duration);
    if (out.duration <= Nanoseconds(0)) reader_.Fail(value.mark(), Cat(path, ".duration"), "expected a time above 0");
    reader_.Read(value, "restart", path, out.restart);
    if (const Value* checkpoint = value.Find("checkpoint")) {
      const std::string at = Cat(path, ".checkpoint");
      if (reader_.IsObject(*checkpoint, at, {"every", "takes"})) {
        Nanoseconds every{};
        reader_.Read(*checkpoint, "every", at, every);
        reader_.Read(*checkpoint, "takes", at, out.checkpoint_takes);
        if (every <= Nanoseconds(0)) reader_.Fail(checkpoint->mark(), Cat(at, ".every"), "expected a time above 0");
        out.checkpoint_every = every;
      }
    }
    if (const Value* term = value.Find("onSigterm")) {
      if (term->AsText() == "checkpoint") {
        out.checkpoints_on_sigterm = true;
        out.on_term = {out.checkpoint_takes, 143};
      } else {
        out.on_term = ReadOnTerm(*term, Cat(path, ".onSigterm"), reader_);
      }
    }
    out_.work.push_back(std::move(out));
  }

  const Value& object_;
  const ReadTextFile& read_file_;
  DocumentReader reader_;
  Scenario out_;
};

}  // namespace

std::int64_t Scenario::NodeCount() const {
  std::int64_t count = 0;
  for (const NodePool& pool : pools) count += std::int64_t{pool.nodes} + pool.spares;
  return count;
}

const GangWork& Scenario::WorkOf(std::string_view name) const {
  static const GangWork usual;
  for (const GangWork& each : work) {
    if (each.of.empty() || each.of == name) return each;
  }
  return usual;
}

Scenario ReadScenario(const admission::ManifestObject& object, const ReadTextFile& read_file,
                      std::vector<DocumentError>& errors) {
  return ScenarioReader(object, read_file, errors).Run();
}

}  // namespace reprieve::sim
