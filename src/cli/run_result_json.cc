#include "cli/run_result_json.h"

#include <charconv>
#include <cstdlib>
#include <utility>

#include "base/text.h"

namespace reprieve::cli {
namespace {

using document::Value;

double NumberOf(const Value& value) {
  return std::strtod(value.AsText().c_str(), nullptr);
}

Value Counts(const std::map<std::string, std::int64_t>& counts) {
  Value out = Value::MakeObject();
  for (const auto& [name, count] : counts) out.Set(name, Value::Int(count));
  return out;
}

std::map<std::string, std::int64_t> CountsFrom(const Value& value) {
  std::map<std::string, std::int64_t> out;
  for (const Value::Member& member : value.members()) out[member.key] = member.value.AsInt();
  return out;
}

Value ToJson(const sim::GangResult& gang) {
  Value out = Value::MakeObject();
  out.Set("name", Value::String(gang.name));
  out.Set("pods", Value::Int(gang.pods));
  if (gang.finished) out.Set("finishedNanoseconds", Value::Int(gang.finished->count()));
  out.Set("usefulSeconds", JsonNumber(gang.useful));
  out.Set("checkpointSeconds", JsonNumber(gang.checkpoints));
  out.Set("firstStartSeconds", JsonNumber(gang.first_start));
  Value wastes = Value::MakeObject();
  for (const auto& [cause, waste] : gang.waste) {
    Value each = Value::MakeObject();
    each.Set("interruptions", Value::Int(waste.interruptions));
    each.Set("lostSeconds", JsonNumber(waste.lost));
    each.Set("waitingSeconds", JsonNumber(waste.waiting));
    each.Set("restartSeconds", JsonNumber(waste.restart));
    wastes.Set(cause, std::move(each));
  }
  out.Set("waste", std::move(wastes));
  return out;
}

sim::GangResult GangFromJson(const Value& value) {
  sim::GangResult out;
  out.name = value["name"].AsText();
  out.pods = value["pods"].AsInt();
  if (const Value* finished = value.Find("finishedNanoseconds")) out.finished = Nanoseconds(finished->AsInt());
  out.useful = NumberOf(value["usefulSeconds"]);
  out.checkpoints = NumberOf(value["checkpointSeconds"]);
  out.first_start = NumberOf(value["firstStartSeconds"]);
  for (const Value::Member& member : value["waste"].members()) {
    sim::WasteOf& waste = out.waste[member.key];
    waste.interruptions = member.value["interruptions"].AsInt();
    waste.lost = NumberOf(member.value["lostSeconds"]);
    waste.waiting = NumberOf(member.value["waitingSeconds"]);
    waste.restart = NumberOf(member.value["restartSeconds"]);
  }
  return out;
}

}  // namespace

Value JsonNumber(double number) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  return Value::Number(std::string(buffer, end));
}

Value ToJson(const sim::RunResult& run) {
  Value out = Value::MakeObject();
  out.Set("seed", Value::Int(static_cast<std::int64_t>(run.seed)));
  Value objects = Value::MakeArray();
  for (const sim::ObjectResult& object : run.objects) {
    Value each = Value::MakeObject();
    each.Set("name", Value::String(object.name));
    each.Set("end", Value::String(object.end));
    if (!object.reason.empty()) each.Set("reason", Value::String(object.reason));
    if (object.at) each.Set("atNanoseconds", Value::Int(object.at->count()));
    objects.Append(std::move(each));
  }
  out.Set("objects", std::move(objects));
  Value gangs = Value::MakeArray();
  for (const sim::GangResult& gang : run.gangs) gangs.Append(ToJson(gang));
  out.Set("gangs", std::move(gangs));
  out.Set("tookNanoseconds", Value::Int(run.took.count()));
  out.Set("paidNodeHours", JsonNumber(run.paid_node_hours));
  out.Set("cost", JsonNumber(run.cost));
  out.Set("strikes", Counts(run.strikes));
  out.Set("restarts", Counts(run.restarts));
  out.Set("pods", Value::Int(run.pods));
  return out;
}

sim::RunResult RunFromJson(const Value& value) {
  sim::RunResult out;
  out.seed = static_cast<std::uint64_t>(value["seed"].AsInt());
  for (const Value& each : value["objects"].items()) {
    sim::ObjectResult& object = out.objects.emplace_back();
    object.name = each["name"].AsText();
    object.end = each["end"].AsText();
    object.reason = each["reason"].AsText();
    if (const Value* at = each.Find("atNanoseconds")) object.at = Nanoseconds(at->AsInt());
  }
  for (const Value& each : value["gangs"].items()) out.gangs.push_back(GangFromJson(each));
  out.took = Nanoseconds(value["tookNanoseconds"].AsInt());
  out.paid_node_hours = NumberOf(value["paidNodeHours"]);
  out.cost = NumberOf(value["cost"]);
  out.strikes = CountsFrom(value["strikes"]);
  out.restarts = CountsFrom(value["restarts"]);
  out.pods = value["pods"].AsInt();
  return out;
}

}  // namespace reprieve::cli
