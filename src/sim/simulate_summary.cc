#include "sim/simulate_summary.h"

#include <algorithm>

#include "base/text.h"

namespace reprieve::sim {
namespace {

constexpr double kHour = 3600;

double InHours(Nanoseconds duration) {
  return static_cast<double>(duration.count()) / 3.6e12;
}

// Of a node-hour, over all pools.
double PriceOf(const Scenario& scenario) {
  double price = 0;
  double nodes = 0;
  for (const NodePool& pool : scenario.pools) {
    price += pool.price * (pool.nodes + pool.spares);
    nodes += pool.nodes + pool.spares;
  }
  return nodes > 0 ? price / nodes : 0;
}

template <class Get>
Estimate Mean(const std::vector<RunResult>& runs, const Get& get) {
  std::vector<double> samples;
  samples.reserve(runs.size());
  for (const RunResult& run : runs) samples.push_back(get(run));
  return MeanOf(samples);
}

// Summed over the gangs of a run.
template <class Get>
double Sum(const RunResult& run, const Get& get) {
  double sum = 0;
  for (const GangResult& gang : run.gangs) sum += get(gang);
  return sum;
}

const WasteOf& WasteBy(const GangResult& gang, const std::string& cause) {
  static const WasteOf none;
  const auto at = gang.waste.find(cause);
  return at == gang.waste.end() ? none : at->second;
}

CauseSummary SummarizeCause(const std::string& name, double price, const std::vector<RunResult>& runs) {
  CauseSummary out;
  out.name = name;
  out.strikes = Mean(runs, [&](const RunResult& run) {
    const auto at = run.strikes.find(name);
    return at == run.strikes.end() ? 0 : static_cast<double>(at->second);
  });
  out.interruptions = Mean(runs, [&](const RunResult& run) {
    return Sum(run, [&](const GangResult& gang) { return static_cast<double>(WasteBy(gang, name).interruptions); });
  });
  const auto node_hours = [&](const RunResult& run) {
    return Sum(run, [&](const GangResult& gang) {
      return WasteBy(gang, name).total() * static_cast<double>(gang.pods) / kHour;
    });
  };
  out.node_hours = Mean(runs, node_hours);
  out.cost = Mean(runs, [&](const RunResult& run) { return node_hours(run) * price; });
  double lost = 0;
  double waiting = 0;
  double restart = 0;
  for (const RunResult& run : runs) {
    for (const GangResult& gang : run.gangs) {
      const auto pods = static_cast<double>(gang.pods);
      lost += WasteBy(gang, name).lost * pods;
      waiting += WasteBy(gang, name).waiting * pods;
      restart += WasteBy(gang, name).restart * pods;
    }
  }
  if (const double all = lost + waiting + restart; all > 0) {
    out.lost_share = lost / all;
    out.waiting_share = waiting / all;
    out.restart_share = restart / all;
  }
  return out;
}

}  // namespace

double GoodputOf(const RunResult& run) {
  if (run.paid_node_hours <= 0) return 0;
  return Sum(run, [](const GangResult& gang) { return gang.useful * static_cast<double>(gang.pods) / kHour; }) /
         run.paid_node_hours;
}

double WastedNodeHours(const RunResult& run) {
  return Sum(run, [](const GangResult& gang) {
    double seconds = 0;
    for (const auto& [cause, waste] : gang.waste) seconds += waste.total();
    return seconds * static_cast<double>(gang.pods) / kHour;
  });
}

Summary Summarize(const Scenario& scenario, const std::vector<RunResult>& runs) {
  Summary out;
  out.runs = runs.size();
  const double price = PriceOf(scenario);
  std::map<std::string, bool> causes;
  std::map<std::string, bool> deciders;
  for (const RunResult& run : runs) {
    bool failed = false;
    for (const ObjectResult& object : run.objects) {
      if (object.end != "failed") continue;
      failed = true;
      ++out.failed[Cat(object.name, ": ", object.reason)];
    }
    if (run.completed()) {
      ++out.completed;
      out.finish_samples.push_back(InHours(run.took));
    } else if (!failed) {
      ++out.unfinished;
    }
    for (const auto& [cause, count] : run.strikes) causes[cause] = true;
    for (const GangResult& gang : run.gangs) {
      for (const auto& [cause, waste] : gang.waste) causes[cause] = true;
    }
    for (const auto& [decider, count] : run.restarts) deciders[decider] = true;
  }
  std::sort(out.finish_samples.begin(), out.finish_samples.end());
  if (!out.finish_samples.empty()) out.finish_hours = MeanOf(out.finish_samples);
  out.goodput = Mean(runs, GoodputOf);
  out.effective = Mean(runs, [](const RunResult& run) {
    const double useful = Sum(run, [](const GangResult& gang) { return gang.useful * static_cast<double>(gang.pods); });
    const double all = Sum(run, [&](const GangResult& gang) {
      const double seconds = static_cast<double>(gang.finished.value_or(run.took).count()) / 1e9;
      return std::max(seconds - gang.first_start, 0.0) * static_cast<double>(gang.pods);
    });
    return all > 0 ? useful / all : 0;
  });
  out.paid_node_hours = Mean(runs, [](const RunResult& run) { return run.paid_node_hours; });
  out.cost = Mean(runs, [](const RunResult& run) { return run.cost; });
  out.wasted_node_hours = Mean(runs, WastedNodeHours);
  out.wasted_cost = Mean(runs, [price](const RunResult& run) { return WastedNodeHours(run) * price; });
  out.interruptions = Mean(runs, [](const RunResult& run) {
    return Sum(run, [](const GangResult& gang) {
      double count = 0;
      for (const auto& [cause, waste] : gang.waste) count += static_cast<double>(waste.interruptions);
      return count;
    });
  });
  for (const auto& [cause, there] : causes) out.causes.push_back(SummarizeCause(cause, price, runs));
  std::stable_sort(out.causes.begin(), out.causes.end(),
                   [](const CauseSummary& a, const CauseSummary& b) { return a.node_hours.mean > b.node_hours.mean; });
  for (const auto& [decider, there] : deciders) {
    out.restarts[decider] = Mean(runs, [&decider = decider](const RunResult& run) {
      const auto at = run.restarts.find(decider);
      return at == run.restarts.end() ? 0 : static_cast<double>(at->second);
    });
  }
  return out;
}

}  // namespace reprieve::sim
