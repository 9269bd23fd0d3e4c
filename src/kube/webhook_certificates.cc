#include "kube/webhook_certificates.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "document/json.h"
#include "kube/access.h"

namespace reprieve::kube {
namespace {

using document::Value;

constexpr Nanoseconds kDay = Seconds(86'400);
constexpr Nanoseconds kAuthorityLife = 3650 * kDay;
constexpr Nanoseconds kServerLife = 365 * kDay;
constexpr Nanoseconds kLookAhead = 90 * kDay;
constexpr Nanoseconds kFolderPeriod = Seconds(10);

struct Configuration {
  std::string_view resource;
  std::string_view name;
};
constexpr std::array<Configuration, 2> kConfigurations = {
    {{"mutatingwebhookconfigurations", kMutatingConfiguration},
     {"validatingwebhookconfigurations", kValidatingConfiguration}}};

std::string PathOf(const Configuration& configuration) {
  return Cat("/apis/admissionregistration.k8s.io/v1/", configuration.resource, "/", configuration.name);
}

std::string Decoded(const Value& secret, std::string_view key) {
  return DecodeBase64(secret["data"][key].AsText()).value_or(std::string());
}

Value Text(std::string_view text) {
  return Value::String(std::string(text));
}

}  // namespace

WebhookCertificates::WebhookCertificates(Rest& rest, WebhookCertificateOptions options, Listener listener)
    : rest_(rest), options_(std::move(options)), listener_(std::move(listener)), timer_(rest.loop()) {}

std::string WebhookCertificates::SecretPath(bool with_name) const {
  return Cat("/api/v1/namespaces/", options_.namespace_, "/secrets", with_name ? Cat("/", options_.secret) : "");
}

void WebhookCertificates::Look() {
  failed_ = false;
  if (!options_.folder.empty()) return ReadFolder();
  rest_.Send({.path = SecretPath(true)}, [this, alive = alive_](const Outcome& outcome) {
    if (*alive) GotSecret(outcome);
  });
}

// A pair that does not fit together yet, since only one of the files has been replaced, is left for the next time.
void WebhookCertificates::ReadFolder() {
  const auto certificate = ReadSmallFile(options_.folder + "/tls.crt");
  const auto key = ReadSmallFile(options_.folder + "/tls.key");
  if (!certificate || !key) {
    Trouble(!certificate ? certificate.error().message : key.error().message);
  } else {
    const net::Identity identity{*certificate, *key};
    if (identity != used_) Use(identity);
    looked_ = true;  // somebody else writes those
  }
  timer_.After(failed_ ? options_.retry : std::min(options_.period, kFolderPeriod), [this] { Look(); });
}

void WebhookCertificates::GotSecret(const Outcome& outcome) {
  net::Identity authority, server;
  secret_ = Value::MakeObject();
  secret_version_.clear();
  if (outcome.ok()) {
    auto parsed = document::ParseJson(outcome.body);
    if (!parsed) {
      Trouble(Cat("Secret ", options_.secret, " is no JSON"));
      return Again(true);
    }
    secret_ = std::move(*parsed);
    secret_version_ = secret_["metadata"]["resourceVersion"].AsText();
    authority = {Decoded(secret_, "ca.crt"), Decoded(secret_, "ca.key")};
    server = {Decoded(secret_, "tls.crt"), Decoded(secret_, "tls.key")};
  } else if (outcome.status != 404) {
    Trouble(
        Cat("Secret ", options_.secret, " of namespace ", options_.namespace_, " cannot be read: ", outcome.message));
    return Again(true);
  }
  const Result<bool> renewed = Renew(authority, server);
  if (!renewed) {
    Trouble(renewed.error().message);
    return Again(true);
  }
  if (*renewed) return WriteSecret(authority, server);
  bundle_ = authority.certificate;
  if (server != used_) Use(server);
  TrustIn(0);
}

Result<bool> WebhookCertificates::Renew(net::Identity& authority, net::Identity& server) const {
  const Time now = rest_.clock().Now();
  const auto good = [&](const net::Identity& identity, const std::string& name) {
    // Now as well: it may not be valid yet.
    return net::WhatIsWrong(identity, authority.certificate, name, now).empty() &&
           net::WhatIsWrong(identity, authority.certificate, name, now + kLookAhead).empty();
  };
  if (!good(authority, "")) {
    auto made = net::MakeAuthority("jobset-ca", now, kAuthorityLife);
    if (!made) return made.error();
    authority = std::move(*made);
  } else if (good(server, DnsName())) {
    return false;
  }
  const std::string short_name = Cat(options_.service, ".", options_.namespace_);
  auto made = net::MakeServerIdentity(authority, {DnsName(), short_name}, now, kServerLife);
  if (!made) return made.error();
  server = std::move(*made);
  return true;
}

void WebhookCertificates::WriteSecret(const net::Identity& authority, const net::Identity& server) {
  const bool is_new = secret_version_.empty();
  Value body = std::move(secret_);
  if (is_new) {
    body.Set("apiVersion", Text("v1"));
    body.Set("kind", Text("Secret"));
    Value& metadata = body.Set("metadata", Value::MakeObject());
    metadata.Set("name", Text(options_.secret));
    metadata.Set("namespace", Text(options_.namespace_));
  }
  Value& data = body.At("data");
  if (!data.IsObject()) data = Value::MakeObject();
  data.Set("ca.crt", Value::String(EncodeBase64(authority.certificate)));
  data.Set("ca.key", Value::String(EncodeBase64(authority.key)));
  data.Set("tls.crt", Value::String(EncodeBase64(server.certificate)));
  data.Set("tls.key", Value::String(EncodeBase64(server.key)));
  Ask ask{.method = is_new ? "POST" : "PUT", .path = SecretPath(!is_new), .body = document::WriteJson(body)};
  ask.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
  rest_.Send(std::move(ask), [this, authority, server, alive = alive_](const Outcome& outcome) {
    if (!*alive) return;
    if (!outcome.ok()) {
      // A conflict: another replica was quicker, and what it has made is used.
      if (outcome.status != 409) {
        Trouble(Cat("Secret ", options_.secret, " of namespace ", options_.namespace_,
                    " cannot be written: ", outcome.message));
      }
      return Again(true);
    }
    listener_.tell(Cat("has made a certificate for ", DnsName(), " and put it into Secret ", options_.secret));
    bundle_ = authority.certificate;
    Use(server);
    TrustIn(0);
  });
}

void WebhookCertificates::Use(const net::Identity& server) {
  const Status used = listener_.use(server);
  if (!used) return Trouble(used.error().message);
  used_ = server;
}

void WebhookCertificates::TrustIn(std::size_t position) {
  if (position == kConfigurations.size()) {
    looked_ = true;
    return Again(failed_);
  }
  rest_.Send({.path = PathOf(kConfigurations[position])}, [this, position, alive = alive_](const Outcome& outcome) {
    if (*alive) GotConfiguration(position, outcome);
  });
}

void WebhookCertificates::GotConfiguration(std::size_t position, const Outcome& outcome) {
  const Configuration& configuration = kConfigurations[position];
  auto parsed = outcome.ok() ? document::ParseJson(outcome.body) : Result<Value>(Error{outcome.message});
  if (!parsed) {
    Trouble(Cat(configuration.resource, " ", configuration.name, ": ", parsed.error().message,
                outcome.status == 404 ? "; reprieve manifests webhooks prints it" : ""));
    return TrustIn(position + 1);
  }
  const std::string bundle = EncodeBase64(bundle_);
  bool changed = false;
  Value* webhooks = parsed->Find("webhooks");
  if (webhooks != nullptr && webhooks->IsArray()) {
    for (Value& webhook : webhooks->items()) {
      Value* client = webhook.Find("clientConfig");
      if (client == nullptr || !client->IsObject() || (*client)["caBundle"].AsText() == bundle) continue;
      client->Set("caBundle", Value::String(bundle));
      changed = true;
    }
  }
  if (!changed) return TrustIn(position + 1);
  rest_.Send({.method = "PUT", .path = PathOf(configuration), .body = document::WriteJson(*parsed)},
             [this, position, alive = alive_](const Outcome& written) {
               if (!*alive) return;
               // A conflict: it is looked at again.
               failed_ = failed_ || !written.ok();
               if (!written.ok() && written.status != 409) {
                 Trouble(Cat(kConfigurations[position].resource, " ", kConfigurations[position].name,
                             " cannot be written: ", written.message));
               }
               TrustIn(position + 1);
             });
}

void WebhookCertificates::Again(bool failed) {
  if (!failed && !failed_) told_trouble_.clear();
  timer_.After(failed ? options_.retry : options_.period, [this] { Look(); });
}

void WebhookCertificates::Trouble(const std::string& why) {
  failed_ = true;
  if (std::exchange(told_trouble_, why) != why) listener_.trouble(why);
}

}  // namespace reprieve::kube
