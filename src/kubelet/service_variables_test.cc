#include "kubelet/service_variables.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "document/yaml.h"

namespace reprieve::kubelet {
namespace {

core::Service AService(const std::string& name, const std::string& spec, const std::string& name_space = "shop") {
  const auto parsed =
      document::ParseYaml(Cat("metadata: {name: ", name, ", namespace: ", name_space, "}\nspec: ", spec));
  core::Service out;
  FromValue(parsed.value().front(), out);
  return out;
}

// "A=1 B=2"
std::string Text(const ServiceVariables::Variables& variables) {
  std::vector<std::string> out;
  out.reserve(variables.size());
  for (const auto& [name, value] : variables) out.push_back(Cat(name, "=", value));
  return Join(out, " ");
}

TEST(ServiceVariables, NameAddressAndPortsOfAService) {
  ServiceVariables services;
  services.Add(AService(
      "my-db", "{clusterIP: 10.1.2.3, ports: [{name: sql-in, port: 5432}, {name: m, port: 9, protocol: UDP}]}"));
  EXPECT_EQ(
      Text(services.Of("shop", true)),
      "MY_DB_PORT=tcp://10.1.2.3:5432 "
      "MY_DB_PORT_5432_TCP=tcp://10.1.2.3:5432 MY_DB_PORT_5432_TCP_ADDR=10.1.2.3 "
      "MY_DB_PORT_5432_TCP_PORT=5432 MY_DB_PORT_5432_TCP_PROTO=tcp "
      "MY_DB_PORT_9_UDP=udp://10.1.2.3:9 MY_DB_PORT_9_UDP_ADDR=10.1.2.3 MY_DB_PORT_9_UDP_PORT=9 "
      "MY_DB_PORT_9_UDP_PROTO=udp "
      "MY_DB_SERVICE_HOST=10.1.2.3 MY_DB_SERVICE_PORT=5432 MY_DB_SERVICE_PORT_M=9 MY_DB_SERVICE_PORT_SQL_IN=5432");
}

TEST(ServiceVariables, ThoseWithoutAnAddressOfTheirOwnHaveNone) {
  ServiceVariables services;
  services.Add(AService("a", "{clusterIP: None, ports: [{port: 1}]}"));
  services.Add(AService("b", "{type: ExternalName, externalName: b.example}"));
  EXPECT_EQ(Text(services.Of("shop", true)), "");
}

TEST(ServiceVariables, AnAddressThatIsNotWrittenIsOneWhereNoPodIs) {
  ServiceVariables services;
  services.Add(AService("a", "{ports: [{port: 1}]}"));
  services.Add(AService("b", "{ports: [{port: 1}]}"));
  services.Add(AService("c", "{clusterIP: 'fd00::1', ports: [{port: 1}]}"));
  const auto variables = services.Of("shop", true);
  EXPECT_EQ(variables.at("A_SERVICE_HOST"), "127.255.255.1");
  EXPECT_EQ(variables.at("B_SERVICE_HOST"), "127.255.255.2");
  EXPECT_EQ(variables.at("C_PORT"), "tcp://[fd00::1]:1");
}

TEST(ServiceVariables, APodHasThoseOfItsNamespaceIfItWantsThemAndAlwaysTheApiServers) {
  ServiceVariables services;
  services.Add(AService("a", "{clusterIP: 10.0.0.1, ports: [{port: 1}]}"));
  services.Add(AService("b", "{clusterIP: 10.0.0.2, ports: [{port: 1}]}", "other"));
  services.AddApiServer();
  EXPECT_TRUE(services.Of("shop", true).contains("A_SERVICE_HOST"));
  EXPECT_FALSE(services.Of("shop", true).contains("B_SERVICE_HOST"));
  EXPECT_FALSE(services.Of("shop", false).contains("A_SERVICE_HOST"));
  for (const bool links : {false, true}) {
    EXPECT_EQ(services.Of("third", links).at("KUBERNETES_PORT_443_TCP"), "tcp://127.255.255.1:443");
    EXPECT_EQ(services.Of("third", links).at("KUBERNETES_SERVICE_PORT_HTTPS"), "443");
  }
}

TEST(ServiceVariables, TheApiServersOwnServiceIsTakenFromTheManifests) {
  ServiceVariables services;
  services.Add(AService("kubernetes", "{clusterIP: 10.96.0.1, ports: [{name: https, port: 443}]}", "default"));
  services.AddApiServer();
  EXPECT_EQ(services.Of("shop", false).at("KUBERNETES_SERVICE_HOST"), "10.96.0.1");
}

}  // namespace
}  // namespace reprieve::kubelet
