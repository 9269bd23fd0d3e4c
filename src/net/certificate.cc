#include "net/certificate.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <ctime>
#include <memory>

#include "base/text.h"

namespace reprieve::net {
namespace {

template <auto Free>
struct Freeing {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freeing<BIO_free>>;
using Number = std::unique_ptr<BIGNUM, Freeing<BN_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freeing<X509_EXTENSION_free>>;
using Store = std::unique_ptr<X509_STORE, Freeing<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Freeing<X509_STORE_CTX_free>>;

Error Fault(std::string_view what) {
  ERR_clear_error();
  return Error{Cat("OpenSSL cannot make ", what)};
}

Bio Reading(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int NoPassword(char*, int, int, void*) {
  return 0;  // OpenSSL's own would ask on the terminal
}

Certificate ReadCertificate(const std::string& text) {
  const Bio bio = Reading(text);
  Certificate out(PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr));
  ERR_clear_error();
  return out;
}

Key ReadKey(const std::string& text) {
  const Bio bio = Reading(text);
  Key out(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  ERR_clear_error();
  return out;
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_ctrl(bio, BIO_CTRL_INFO, 0, &data);  // BIO_get_mem_data has a C cast
  return length > 0 ? std::string(data, static_cast<std::size_t>(length)) : std::string();
}

std::string Written(X509& certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), &certificate);
  return TextOf(bio.get());
}

std::string Written(EVP_PKEY& key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr);
  return TextOf(bio.get());
}

std::time_t InSeconds(Time time) {
  return std::chrono::floor<Seconds>(time).time_since_epoch().count();
}

bool Extend(X509& certificate, X509& issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(&certificate, extension.get(), -1) == 1;
}

bool NameIt(X509& certificate, const std::string& name) {
  return X509_NAME_add_entry_by_NID(X509_get_subject_name(&certificate), NID_commonName, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()), static_cast<int>(name.size()),
                                    -1, 0) == 1;
}

// But for its issuer and its extensions.
Certificate Begin(const std::string& name, EVP_PKEY& key, Time now, Nanoseconds life) {
  Certificate out(X509_new());
  const Number serial(BN_new());
  const bool made = out && serial && X509_set_version(out.get(), X509_VERSION_3) == 1 &&
                    BN_rand(serial.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
                    BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(out.get())) != nullptr &&
                    ASN1_TIME_set(X509_getm_notBefore(out.get()), InSeconds(now - Seconds(3600))) != nullptr &&
                    ASN1_TIME_set(X509_getm_notAfter(out.get()), InSeconds(now + life)) != nullptr &&
                    X509_set_pubkey(out.get(), &key) == 1 && NameIt(*out, name);
  if (!made) out.reset();
  return out;
}

// Why the chain does not verify; empty: it does.
std::string WhyNotTrusted(X509& certificate, const std::string& authorities, const std::string& name, Time at) {
  const Store store(X509_STORE_new());
  const Bio bio = Reading(authorities);
  while (Certificate authority{PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr)}) {
    X509_STORE_add_cert(store.get(), authority.get());
  }
  ERR_clear_error();
  const StoreContext context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), &certificate, nullptr);
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, InSeconds(at));
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
  if (!name.empty()) X509_VERIFY_PARAM_set1_host(parameters, name.data(), name.size());
  if (X509_verify_cert(context.get()) == 1) return {};
  ERR_clear_error();
  return X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
}

}  // namespace

Result<Identity> MakeAuthority(const std::string& name, Time now, Nanoseconds life) {
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  if (!key) return Fault("a key");
  const Certificate made = Begin(name, *key, now, life);
  const bool signed_it = made && X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) == 1 &&
                         Extend(*made, *made, NID_basic_constraints, "critical,CA:TRUE") &&
                         Extend(*made, *made, NID_key_usage, "critical,keyCertSign,digitalSignature") &&
                         Extend(*made, *made, NID_subject_key_identifier, "hash") &&
                         X509_sign(made.get(), key.get(), EVP_sha256()) > 0;
  if (!signed_it) return Fault("an authority");
  return Identity{Written(*made), Written(*key)};
}

Result<Identity> MakeServerIdentity(const Identity& authority, const std::vector<std::string>& names, Time now,
                                    Nanoseconds life) {
  const Certificate issuer = ReadCertificate(authority.certificate);
  const Key issuer_key = ReadKey(authority.key);
  if (!issuer || !issuer_key) return Error{"the authority is no PEM certificate with its key"};
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  if (!key) return Fault("a key");
  // A common name has 64 characters at most; nobody reads it where there are alternative names.
  const Certificate made = Begin(names.front().substr(0, 64), *key, now, life);
  std::string alternatives;
  for (const std::string& name : names) AppendTo(alternatives, alternatives.empty() ? "" : ",", "DNS:", name);
  const bool signed_it = made && X509_set_issuer_name(made.get(), X509_get_subject_name(issuer.get())) == 1 &&
                         Extend(*made, *issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                         Extend(*made, *issuer, NID_key_usage, "critical,digitalSignature") &&
                         Extend(*made, *issuer, NID_ext_key_usage, "serverAuth") &&
                         Extend(*made, *issuer, NID_subject_alt_name, alternatives) &&
                         X509_sign(made.get(), issuer_key.get(), EVP_sha256()) > 0;
  if (!signed_it) return Fault("a certificate");
  return Identity{Written(*made), Written(*key)};
}

std::string WhatIsWrong(const Identity& identity, const std::string& authorities, const std::string& name, Time at) {
  const Certificate certificate = ReadCertificate(identity.certificate);
  if (!certificate) return "it is no PEM certificate";
  const Key key = ReadKey(identity.key);
  if (!key) return "its key is no unencrypted PEM key";
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return "its key belongs to another certificate";
  }
  if (name.empty() && X509_check_ca(certificate.get()) == 0) return "it may not sign others";
  return WhyNotTrusted(*certificate, authorities, name, at);
}

}  // namespace reprieve::net
