#include "cli/secret_types.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "document/json.h"

namespace reprieve::cli {
namespace {

// The faults of a Secret of that type with these members.
std::string FaultsOf(const std::string& type, const std::string& members = "") {
  const auto secret = document::ParseJson(Cat(R"({"type":"kubernetes.io/)", type, "\"", members, "}"));
  std::string out;
  for (const SecretFault& fault : SecretTypeFaults(*secret)) AppendTo(out, fault.field, ": ", fault.message, "\n");
  return out;
}

TEST(TypedSecrets, MustHaveTheKeysOfTheirType) {
  EXPECT_EQ(FaultsOf("tls"),
            "data[tls.crt]: Required value: Secrets of type kubernetes.io/tls must have it\n"
            "data[tls.key]: Required value: Secrets of type kubernetes.io/tls must have it\n");
  EXPECT_EQ(FaultsOf("tls", R"(,"data":{"tls.crt":""},"stringData":{"tls.key":"k"})"), "");
  EXPECT_EQ(FaultsOf("basic-auth", R"(,"data":{"other":""})"),
            "data[username]: Required value: Secrets of type kubernetes.io/basic-auth must have it\n"
            "data[password]: Required value: Secrets of type kubernetes.io/basic-auth must have it\n");
  EXPECT_EQ(FaultsOf("basic-auth", R"(,"stringData":{"password":""})"), "");
}

TEST(TypedSecrets, MustNotHaveAnEmptyKeyForSsh) {
  const std::string fault =
      "data[ssh-privatekey]: Required value: Secrets of type kubernetes.io/ssh-auth must have it\n";
  EXPECT_EQ(FaultsOf("ssh-auth"), fault);
  EXPECT_EQ(FaultsOf("ssh-auth", R"(,"data":{"ssh-privatekey":""})"), fault);
  EXPECT_EQ(FaultsOf("ssh-auth", R"(,"data":{"ssh-privatekey":"eA=="})"), "");
}

TEST(TypedSecrets, MustBeJsonForRegistriesAndShowNothingOfIt) {
  EXPECT_EQ(FaultsOf("dockerconfigjson", R"(,"stringData":{".dockerconfigjson":"hunter2"})"),
            "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": expected a JSON object\n");
  EXPECT_EQ(FaultsOf("dockerconfigjson", R"(,"data":{".dockerconfigjson":"e30="})"), "");
  EXPECT_NE(FaultsOf("dockercfg", R"(,"stringData":{".dockercfg":"[]"})"), "");
  EXPECT_NE(FaultsOf("dockercfg"), "");
}

TEST(TypedSecrets, OfServiceAccountsMustNameIt) {
  EXPECT_EQ(FaultsOf("service-account-token"),
            "metadata.annotations[kubernetes.io/service-account.name]: Required value: Secrets of type "
            "kubernetes.io/service-account-token must have it\n");
  EXPECT_EQ(FaultsOf("service-account-token",
                     R"(,"metadata":{"annotations":{"kubernetes.io/service-account.name":"default"}})"),
            "");
}

TEST(TypedSecrets, OfOtherTypesMayHoldAnything) {
  EXPECT_EQ(FaultsOf("unknown"), "");
}

TEST(TypedSecrets, WithBase64ThatCannotBeReadAreToldOnlyThat) {
  EXPECT_EQ(FaultsOf("dockercfg", R"(,"data":{".dockercfg":"***"})"), "");
}

}  // namespace
}  // namespace reprieve::cli
