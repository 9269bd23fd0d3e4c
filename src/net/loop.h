// Loop: the event loop that everything of src/net runs in, and timers in it.
//
//   Loop loop;  Client client(loop, options);  loop.Post([&] { client.Send(...); });  loop.Run();
//
// Thread rules: Run's thread calls every callback of this module, and all objects of this module belong to it. Post and
// Stop alone may be called from any thread.
#pragma once

#include <functional>
#include <memory>

#include "base/time.h"

namespace reprieve::net {

class Loop {
 public:
  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  // What still waits is dropped without an answer.
  ~Loop();

  // Returns after Stop, once the callback that is under way has returned. May be called again.
  void Run();
  void Stop();
  // `work` is called by Run, after what was posted before it.
  void Post(std::function<void()> work);
  // Calls `handler` in the loop whenever the process gets one of SIGINT, SIGTERM. At most one handler.
  void OnTermination(std::function<void(int signal)> handler);

  struct Implementation;  // net/loop_context.h, for this module alone
  Implementation& implementation() { return *implementation_; }

 private:
  std::unique_ptr<Implementation> implementation_;
};

// Calls back once. Time counts while the machine is awake, whatever becomes of the time of day.
class Timer {
 public:
  explicit Timer(Loop& loop);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  // As Cancel.
  ~Timer();

  // Replaces what was set before.
  void After(Nanoseconds delay, std::function<void()> work);
  // `work` will not be called.
  void Cancel();
  bool pending() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace reprieve::net
