#include "kube/manifests.h"

#include <gtest/gtest.h>

#include <set>

#include "admission/definition.h"
#include "base/text.h"
#include "document/yaml.h"
#include "document/yaml_write.h"
#include "kube/cluster_world.h"

namespace reprieve::kube {
namespace {

using document::Value;

bool Has(const Value& list, std::string_view text) {
  for (const Value& item : list.items()) {
    if (item.AsText() == text) return true;
  }
  return false;
}

// What an API server asks of a structural schema.
void CheckSchema(const Value& schema, const std::string& path) {
  const bool either = schema["x-kubernetes-int-or-string"].AsBool();
  EXPECT_TRUE(either || !schema["type"].AsText().empty()) << path << " has no type";
  if (schema["type"].AsText() == "array") {
    EXPECT_TRUE(schema["items"].IsObject()) << path << " has no items";
  }
  if (schema["x-kubernetes-list-type"].AsText() == "map") {
    for (const Value& key : schema["x-kubernetes-list-map-keys"].items()) {
      const Value& item = schema["items"];
      EXPECT_TRUE(Has(item["required"], key.AsText()) || item["properties"][key.AsText()].Find("default") != nullptr)
          << path << ": key " << key.AsText() << " is neither required nor has it a default";
    }
  }
  for (const Value& name : schema["required"].items()) {
    EXPECT_NE(schema["properties"].Find(name.AsText()), nullptr) << path << ": requires the unknown " << name.AsText();
  }
  for (const Value::Member& member : schema["properties"].members()) {
    CheckSchema(member.value, Cat(path, ".", member.key));
  }
  if (schema["items"].IsObject()) CheckSchema(schema["items"], path + "[]");
  if (schema["additionalProperties"].IsObject()) CheckSchema(schema["additionalProperties"], path + "{}");
}

TEST(JobSetDefinition, IsAStructuralSchemaWithTheRulesOfValidation) {
  const Value definition = admission::JobSetDefinition();
  const Value& version = definition["spec"]["versions"][0];
  const Value& schema = version["schema"]["openAPIV3Schema"];
  CheckSchema(schema, "");
  const Value& spec = schema["properties"]["spec"]["properties"];
  EXPECT_EQ(spec["failurePolicy"]["properties"]["restartStrategy"]["default"].AsText(), "Recreate");
  EXPECT_TRUE(Has(spec["startupPolicy"]["properties"]["startupPolicyOrder"]["enum"], "InOrder"));
  EXPECT_EQ(spec["replicatedJobs"]["items"]["properties"]["dependsOn"]["maxItems"].AsText(), "5");
  EXPECT_EQ(spec["network"]["x-kubernetes-validations"][0]["rule"].AsText(), "self == oldSelf");
  const Value& job = spec["replicatedJobs"]["items"]["properties"]["template"]["properties"]["spec"]["properties"];
  // Kubernetes fills in the status of a condition.
  const Value& conditions = job["podFailurePolicy"]["properties"]["rules"]["items"]["properties"]["onPodConditions"];
  EXPECT_TRUE(Has(conditions["items"]["required"], "type"));
  EXPECT_FALSE(Has(conditions["items"]["required"], "status"));
  const Value& pod = job["template"]["properties"]["spec"]["properties"];
  const Value& container = pod["containers"]["items"]["properties"];
  const Value& field = container["env"]["items"]["properties"]["valueFrom"]["properties"]["fieldRef"];
  EXPECT_TRUE(Has(field["required"], "fieldPath"));
  EXPECT_EQ(field["x-kubernetes-map-type"].AsText(), "atomic");
  EXPECT_TRUE(Has(container["restartPolicyRules"]["items"]["required"], "action"));
  EXPECT_EQ(pod["nodeSelector"]["x-kubernetes-map-type"].AsText(), "atomic");
  EXPECT_TRUE(container["resources"]["properties"]["limits"]["additionalProperties"]["pattern"].IsString());
  // Of the metadata of templates five members; of the object's own the server knows all.
  const Value& embedded = spec["replicatedJobs"]["items"]["properties"]["template"]["properties"]["metadata"];
  EXPECT_EQ(embedded["properties"].size(), 5U);
  EXPECT_EQ(schema["properties"]["metadata"]["properties"].size(), 0U);
  EXPECT_TRUE(version["subresources"]["status"].IsObject());
}

TEST(JobSetDefinition, IsReadBackFromYaml) {
  const Value definition = admission::JobSetDefinition();
  const auto read = document::ParseYaml(document::WriteYaml(definition));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->front(), definition);
}

std::set<std::string> Allowed(const Value& role) {
  std::set<std::string> out;
  for (const Value& rule : role["rules"].items()) {
    for (const Value& resource : rule["resources"].items()) {
      for (const Value& verb : rule["verbs"].items()) out.insert(Cat(resource.AsText(), " ", verb.AsText()));
    }
  }
  return out;
}

TEST(RbacManifests, AskForNoSecretAndNothingOfThePodsOfOthers) {
  const std::vector<Value> all = RbacManifests({});
  const std::set<std::string> allowed = Allowed(all[1]);
  EXPECT_TRUE(allowed.contains("jobsets/status update"));
  EXPECT_TRUE(allowed.contains("nodes watch"));
  for (const std::string& each : allowed) {
    EXPECT_EQ(each.find("secrets"), std::string::npos);
    EXPECT_EQ(each.find("*"), std::string::npos);
    EXPECT_EQ(each.find("deletecollection"), std::string::npos);
  }
  EXPECT_EQ(all[3]["rules"][1]["resourceNames"][0].AsText(), kLeaseName);
}

TEST(RbacManifests, OfOneNamespaceAreARoleWithoutNodes) {
  ManifestOptions options;
  options.only_namespace = "team-a";
  const std::vector<Value> all = RbacManifests(options);
  EXPECT_EQ(all[1]["kind"].AsText(), "Role");
  EXPECT_EQ(all[1]["metadata"]["namespace"].AsText(), "team-a");
  EXPECT_EQ(all[2]["subjects"][0]["namespace"].AsText(), "jobset-system");
  EXPECT_FALSE(Allowed(all[1]).contains("nodes watch"));
}

TEST(DeploymentManifests, RunWithoutRightsOnTheMachine) {
  const std::vector<Value> all = DeploymentManifests({});
  const Value& pod = all[1]["spec"]["template"]["spec"];
  EXPECT_TRUE(pod["securityContext"]["runAsNonRoot"].AsBool());
  const Value& security = pod["containers"][0]["securityContext"];
  EXPECT_TRUE(security["readOnlyRootFilesystem"].AsBool());
  EXPECT_EQ(security["capabilities"]["drop"][0].AsText(), "ALL");
  EXPECT_EQ(all[1]["spec"]["selector"]["matchLabels"], all[1]["spec"]["template"]["metadata"]["labels"]);
}

}  // namespace
}  // namespace reprieve::kube
