// The folder in which an engine keeps what must not outlive it, and whose of them may be removed by others.
//
// Beside the folder NAME lies NAME.lock, on which the engine holds a lock (F_OFD_SETLK) for as long as it lives: the
// kernel lets go of it when the process is gone, however it ended. It is taken before the folder is made and given up
// after the folder is removed. What it holds against:
//   local file systems        every process
//   NFS (4, or 3 with lockd)  every process of every host; a host that is down loses it when the server says so
//   NFS mounted nolock or local_lock, SMB, FUSE, 9p, AFS, Lustre, BeeGFS: only this host's processes can be trusted to
//                             see it, so that folders of other hosts are left alone
//   no locks supported        nobody: then no folder is removed but by its own engine
// Thread rules: one owner. Errors: what cannot be made is a Result; what cannot be removed stays for the next engine.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/fd.h"

namespace reprieve::runtime {

class EngineFolder {
 public:
  EngineFolder() = default;
  EngineFolder(EngineFolder&& other) noexcept;
  EngineFolder& operator=(EngineFolder&& other) noexcept;
  // Removes it.
  ~EngineFolder();

  // A new one below `parent`, which exists; only this user can enter it.
  static Result<EngineFolder> Make(const std::string& parent);
  // Those below `parent` whose engines are gone, now ours: to be removed.
  static std::vector<EngineFolder> TakeAbandoned(const std::string& parent);

  // Empty: none.
  const std::string& path() const { return path_; }
  // False: something of it is left.
  bool Remove();

 private:
  EngineFolder(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  Fd lock_;
};

}  // namespace reprieve::runtime
