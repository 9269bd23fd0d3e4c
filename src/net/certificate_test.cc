#include "net/certificate.h"

#include <gtest/gtest.h>

namespace reprieve::net {
namespace {

constexpr const char* kName = "hooks.jobset-system.svc";

class CertificateTest : public ::testing::Test {
 protected:
  const Time now_ = Time(Seconds(1'800'000'000));
  const Identity authority_ = *MakeAuthority("jobset-ca", now_, Seconds(10'000));
  const Identity server_ = *MakeServerIdentity(authority_, {kName, "hooks.jobset-system"}, now_, Seconds(1000));
};

TEST_F(CertificateTest, WhatAnAuthoritySignsIsTrustedForItsNames) {
  EXPECT_EQ(WhatIsWrong(authority_, authority_.certificate, "", now_), "");
  EXPECT_EQ(WhatIsWrong(server_, authority_.certificate, kName, now_), "");
  EXPECT_EQ(WhatIsWrong(server_, authority_.certificate, "hooks.jobset-system", now_), "");
  EXPECT_NE(WhatIsWrong(server_, authority_.certificate, "other.jobset-system.svc", now_), "");
  EXPECT_EQ(WhatIsWrong(server_, authority_.certificate, "", now_), "it may not sign others");
}

TEST_F(CertificateTest, ItExpires) {
  EXPECT_EQ(WhatIsWrong(server_, authority_.certificate, kName, now_ + Seconds(999)), "");
  EXPECT_EQ(WhatIsWrong(server_, authority_.certificate, kName, now_ + Seconds(1001)), "certificate has expired");
}

TEST_F(CertificateTest, AnotherAuthorityOrKeyIsSeen) {
  const Identity other = *MakeAuthority("jobset-ca", now_, Seconds(10'000));
  EXPECT_NE(WhatIsWrong(server_, other.certificate, kName, now_), "");
  EXPECT_EQ(WhatIsWrong({server_.certificate, other.key}, authority_.certificate, kName, now_),
            "its key belongs to another certificate");
  EXPECT_EQ(WhatIsWrong({"", ""}, authority_.certificate, kName, now_), "it is no PEM certificate");
  EXPECT_FALSE(MakeServerIdentity({"x", "y"}, {kName}, now_, Seconds(1)).ok());
}

TEST_F(CertificateTest, NoTwoHaveTheSameKey) {
  EXPECT_NE(MakeAuthority("a", now_, Seconds(10))->key, MakeAuthority("a", now_, Seconds(10))->key);
}

}  // namespace
}  // namespace reprieve::net
