// Placeholder shape until the parser lands.
#pragma once
namespace reprieve::model {
struct FeatureGates {
  bool in_place_restart = false;
  bool restart_job = false;
  bool elastic_job_set = false;
};
}  // namespace reprieve::model
