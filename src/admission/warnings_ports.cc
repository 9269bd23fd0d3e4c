#include "admission/warnings_ports.h"

#include <cstdint>
#include <map>
#include <string_view>

#include "base/text.h"

namespace reprieve::admission {

using document::Value;

namespace {

struct Port {
  std::string at;
  std::string host_ip;
  std::int64_t host_port = 0;
};

class Ports {
 public:
  explicit Ports(std::vector<std::string>& out) : out_(out) {}

  void Add(const Value& port, const std::string& at) {
    const Port self{at, port["hostIP"].AsText(), port["hostPort"].AsInt()};
    const std::int64_t number = port["containerPort"].AsInt();
    const std::string& protocol = port["protocol"].AsText();
    if (!self.host_ip.empty() && self.host_port == 0) {
      Warn(at, Cat("hostIP set without hostPort: {Name:", port["name"].AsText(), " HostPort:0 ContainerPort:", number,
                   " Protocol:", protocol, " HostIP:", self.host_ip, "}"));
    }
    auto& others = of_number_[Cat(number, "/", protocol)];
    for (const Port& other : others) {
      if (self.host_ip == other.host_ip && self.host_port == other.host_port) {
        Warn(at, Cat("duplicate port definition with ", other.at));
      } else if (self.host_port == 0 || other.host_port == 0) {
        Warn(at, Cat("overlapping port definition with ", other.at));
      } else if (self.host_port == other.host_port && self.host_ip.empty() != other.host_ip.empty()) {
        Warn(at, Cat("dangerously ambiguous port definition with ", other.at));
      }
    }
    others.push_back(self);
  }

  void AddName(const std::string& name, const std::string& at) {
    if (name.empty()) return;
    const auto [first, is_new] = of_name_.try_emplace(name, at);
    if (is_new) return;
    Warn(at, Cat("duplicate port name ", Quote(name), " with ", first->second,
                 ", services and probes that select ports by name will use ", first->second));
  }

 private:
  void Warn(const std::string& at, std::string_view text) { out_.push_back(Cat(at, ": ", text)); }

  std::vector<std::string>& out_;
  std::map<std::string, std::vector<Port>> of_number_;  // 80/TCP
  std::map<std::string, std::string> of_name_;          // where it stands first
};

template <class Visit>
void EachPort(const Value& pod_spec, const std::string& path, Visit visit) {
  for (const std::string_view list : {"initContainers", "containers"}) {
    for (std::size_t i = 0; i < pod_spec[list].size(); ++i) {
      const Value& ports = pod_spec[list][i]["ports"];
      for (std::size_t j = 0; j < ports.size(); ++j) visit(ports[j], Cat(path, ".", list, "[", i, "].ports[", j, "]"));
    }
  }
}

}  // namespace

void AppendPortWarnings(const Value& pod_spec, const std::string& path, std::vector<std::string>& out) {
  Ports seen(out);
  EachPort(pod_spec, path, [&](const Value& port, const std::string& at) { seen.Add(port, at); });
  EachPort(pod_spec, path, [&](const Value& port, const std::string& at) { seen.AddName(port["name"].AsText(), at); });
}

}  // namespace reprieve::admission
