// ServiceVariables: the environment that pods have of the Services that were there before them: DB_SERVICE_HOST,
// DB_PORT_5432_TCP and their like.
//
// Source: the kubelet's getServiceEnvVarMap and envvars.FromServices: Services with an address alone, those of the
// pod's namespace unless it has enableServiceLinks: false; and, in every pod, those of the API server. Nothing here
// answers for a Service with an address: one that was given none is at 127.255.255.N, where no pod ever is, so that a
// connection is refused at once, as a cluster refuses it for a Service without pods. One owner, the engine's thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "model/core.h"

namespace reprieve::kubelet {

class ServiceVariables {
 public:
  using Variables = std::map<std::string, std::string, std::less<>>;

  // Headless ones, and those that are only another name, have no variables.
  void Add(core::Service service);
  // The Service `kubernetes`, if the manifests had none: a program that looks for it takes this for a cluster.
  void AddApiServer();

  // `links`: the pod's enableServiceLinks.
  Variables Of(std::string_view name_space, bool links) const;

 private:
  std::map<std::string, Variables, std::less<>> by_namespace_;
  Variables of_api_server_;
  std::uint32_t given_ = 0;
};

}  // namespace reprieve::kubelet
