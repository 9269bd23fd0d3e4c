#include "runtime/docker/sandbox_image.h"

#include <openssl/evp.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "base/text.h"
#include "runtime/init_image.h"

namespace reprieve::runtime::docker {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::string_view kInitPath = "reprieve-init";

std::string Sha256Hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < length; ++i) out += {kDigits[digest[i] >> 4], kDigits[digest[i] & 15]};
  return out;
}

std::string Octal(std::size_t number, std::size_t digits) {
  std::string out(digits, '0');
  for (std::size_t i = digits; i-- > 0; number >>= 3) out[i] = static_cast<char>('0' + (number & 7));
  return out;
}

// One file with its ustar header, filled up to whole blocks.
void AppendFile(std::string& tar, std::string_view name, std::string_view bytes, std::size_t mode) {
  std::string header(kBlock, '\0');
  const auto put = [&header](std::size_t at, std::string_view text) {
    std::copy(text.begin(), text.end(), header.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, name);
  put(100, Octal(mode, 7));
  put(108, Octal(0, 7));
  put(116, Octal(0, 7));
  put(124, Octal(bytes.size(), 11));
  put(136, Octal(0, 11));
  put(148, "        ");
  put(156, "0");
  put(257, std::string_view("ustar\00000", 8));
  std::size_t sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, Octal(sum, 6));
  header[154] = '\0';
  tar += header;
  tar += bytes;
  tar.append((kBlock - bytes.size() % kBlock) % kBlock, '\0');
}

void EndArchive(std::string& tar) {
  tar.append(2 * kBlock, '\0');
}

// As images name it.
std::string_view Architecture() {
  utsname found{};
  uname(&found);
  const std::string_view machine = found.machine;
  return machine == "aarch64" ? "arm64" : "amd64";
}

}  // namespace

const std::string& SandboxImageName() {
  constexpr std::size_t kDigits = 12;
  static const std::string name = Cat("localhost/reprieve-sandbox:", Sha256Hex(InitImage()).substr(0, kDigits));
  return name;
}

std::string SandboxImageArchive() {
  std::string layer;
  AppendFile(layer, kInitPath, InitImage(), 0755);
  EndArchive(layer);
  const std::string config =
      Cat(R"({"architecture":")", Architecture(), R"(","os":"linux","config":{"Entrypoint":["/)", kInitPath, R"(",")",
          kInitSandbox, R"("]},"rootfs":{"type":"layers","diff_ids":["sha256:)", Sha256Hex(layer), R"("]}})");
  const std::string config_name = Cat(Sha256Hex(config), ".json");
  const std::string manifest =
      Cat(R"([{"Config":")", config_name, R"(","RepoTags":[")", SandboxImageName(), R"("],"Layers":["layer.tar"]}])");
  std::string out;
  AppendFile(out, config_name, config, 0644);
  AppendFile(out, "layer.tar", layer, 0644);
  AppendFile(out, "manifest.json", manifest, 0644);
  EndArchive(out);
  return out;
}

}  // namespace reprieve::runtime::docker
