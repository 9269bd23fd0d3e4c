// PodNames: pods find each other by name: <hostname>.<subdomain> and its longer forms, as a cluster's DNS has them.
//
// One hosts file per namespace stands for the name server. All pods of the namespace are shown the same file as
// /etc/hosts; it is only ever written in place, so that they see what changes. A name keeps its address and its line
// for good: a pod that comes back costs a write of a few bytes, however many names there are.
//
// Where pods can be shown no /etc/hosts, a library reads the file for them (names_library.h). It knows no comments and
// looks again only when the file has been replaced: Show replaces what has changed, whole.
//
// Every name has an address of its own, which no other run on this machine gives away: 127.x.y.z where pods share this
// machine's network, so that all can listen on one port, each at its own address; what `claim` gives where they have
// networks of their own.
//
// Source: spec/job.md 2.11.5, spec/jobset.md 2.9 (names); spec/runtime.md 5 (hosts files). One owner, the engine's
// thread; does a little file I/O there.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "runtime/address_block.h"
#include "runtime/fd.h"

namespace reprieve::kubelet {

class PodNames {
 public:
  struct Name {
    std::string namespace_;
    std::string subdomain;
    std::string hostname;
    auto operator<=>(const Name&) const = default;
  };

  using ClaimBlock = std::function<std::optional<runtime::AddressBlock>()>;

  enum class Reader : std::uint8_t { kEtcHosts, kLibrary };

  // `directory` is made when the first name comes; then, too, the first addresses are claimed.
  explicit PodNames(std::string directory, ClaimBlock claim = runtime::AddressBlock::Claim,
                    Reader reader = Reader::kEtcHosts)
      : directory_(std::move(directory)), claim_(std::move(claim)), reader_(reader) {}
  PodNames(const PodNames&) = delete;
  PodNames& operator=(const PodNames&) = delete;

  // The file that pods of this namespace are shown as /etc/hosts, with all that has been set. `aliases`: lines that
  // theirs has besides; pods with the same share one.
  Result<std::string> HostsFile(const std::string& name_space, const std::string& aliases = {});
  std::string PathOf(const std::string& name_space) const;
  // Which address the pod of that name has, and its successor.
  const std::string& AddressOf(const Name& name);
  // The pod of that name is to be found at `address`, which is not its own. Once said it holds.
  const std::string& AddressOf(const Name& name, const std::string& address);
  // An address for a pod without a name, until it is given back.
  std::string TakeAddress();
  void GiveBack(std::string address) { free_.push_back(std::move(address)); }

  // The pod `number` has the name; `published`: others find it under the service's names. Its own hostname it always
  // has. An error says what could not be written.
  Status Set(const Name& name, std::uint64_t number, bool published);
  // The pod is gone. Nothing if another has the name by now.
  Status Remove(const Name& name, std::uint64_t number);
  // Lets the library see what was set or removed. Costs a write of each file that has changed; readers of /etc/hosts
  // see it as it is, for nothing.
  Status Show();

 private:
  struct File {
    std::string path;
    runtime::Fd fd;       // for /etc/hosts
    std::string text;     // what it holds
    bool changed = true;  // the library does not see all of it
  };
  // Where a line begins; its first character is `#` while it does not hold.
  using Line = std::size_t;
  struct Entry {
    std::string address;
    std::uint64_t owner = 0;  // 0: none
    bool published = false;
    bool written = false;                 // it has its lines
    std::map<std::string, Line> own;      // by the file it is in; holds while the name is not published
    std::map<std::string, Line> service;  // by the file it is in
  };

  // `key`: a namespace, and, after a newline, the aliases of that file alone.
  Result<File*> FileOf(const std::string& key);
  Result<Line> Append(File& file, const std::string& line) const;
  Status Switch(File& file, Line line, bool on) const;
  static Status Replace(File& file);
  Status WriteLines(const Name& name, Entry& entry);
  Entry& EntryOf(const Name& name);
  std::string NewAddress();

  const std::string directory_;
  const ClaimBlock claim_;
  const Reader reader_;
  std::map<std::string, std::unique_ptr<File>> files_;  // by key
  std::map<Name, Entry> entries_;
  std::vector<runtime::AddressBlock> blocks_;  // one with the first name, and one more whenever the last is used up
  std::uint32_t given_ = 0;                    // addresses of the last block
  std::vector<std::string> free_;              // that nobody has any more
};

}  // namespace reprieve::kubelet
