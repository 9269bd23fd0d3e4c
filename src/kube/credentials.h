// Credentials: the headers that say who we are, kept fresh: token files are read again each minute, plugins asked again
// when what they gave expires or is refused, certificate files handed on when they change. A refusal has all of them
// looked at at once.
//
// Thread rules: the loop's; a plugin runs on a thread that this starts and joins. Files are small and read at once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "kube/access.h"
#include "kube/exec_plugin.h"
#include "net/client.h"
#include "net/loop.h"
#include "world/clock.h"

namespace reprieve::kube {

class Credentials {
 public:
  using Ready = std::function<void(const Result<net::Headers>&)>;

  // `client` gets certificates that have changed. All must outlive this.
  Credentials(net::Loop& loop, const world::Clock& clock, net::Client& client, Access access);
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;
  ~Credentials();

  // Calls back with the headers to add, at once where they are known.
  void Get(Ready ready);
  // The server did not take what Get gave: ask again. False: there is nothing else to ask.
  bool Refused();

 private:
  net::Headers Make(const std::string& token) const;
  void AskPlugin();
  void PluginAnswered(Result<ExecCredential> answer);
  void CheckFiles();
  // Whether a certificate has changed.
  bool ReadCertificates();

  net::Loop& loop_;
  const world::Clock& clock_;
  net::Client& client_;
  Access access_;
  net::TlsOptions tls_;

  std::string file_token_;
  std::optional<Time> file_read_;

  std::optional<ExecCredential> given_;  // by the plugin
  std::optional<Time> good_until_;       // that; absent: as long as it is not refused
  std::optional<Time> plugin_failed_;
  std::string plugin_error_;
  std::vector<Ready> waiting_;
  std::thread plugin_;
  bool plugin_runs_ = false;
  net::Timer check_files_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace reprieve::kube
