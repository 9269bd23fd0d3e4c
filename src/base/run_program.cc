#include "base/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/text.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX has it in no header

namespace reprieve {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

enum class Reading : std::uint8_t { kWhole, kTooMuch, kUnwanted };

// Until its end.
Reading ReadAll(int from, const ProgramToRun& program, std::string& out) {
  const auto end = std::chrono::steady_clock::now() + program.timeout;
  char buffer[4096];
  while (out.size() <= program.max_output) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd wait[] = {{from, POLLIN, 0}, {program.unwanted, POLLIN, 0}};
    if (left.count() <= 0) return Reading::kTooMuch;
    if (poll(wait, 2, static_cast<int>(left.count())) < 0 && errno != EINTR) return Reading::kTooMuch;
    if (wait[1].revents != 0) return Reading::kUnwanted;
    if (wait[0].revents == 0) continue;
    const ssize_t got = read(from, buffer, sizeof buffer);
    if (got == 0) return Reading::kWhole;
    if (got < 0 && errno != EINTR) return Reading::kTooMuch;
    if (got > 0) out.append(buffer, static_cast<std::size_t>(got));
  }
  return Reading::kTooMuch;
}

// A file in memory rather than a pipe: a program that does not read its input costs its writer nothing. -1: errno says
// why.
int OpenInput(const std::string& input) {
  if (input.empty()) return open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int file = memfd_create("input", MFD_CLOEXEC);
  if (file < 0) return -1;
  const bool written = write(file, input.data(), input.size()) == static_cast<ssize_t>(input.size());
  if (written && lseek(file, 0, SEEK_SET) == 0) return file;
  close(file);
  return -1;
}

}  // namespace

std::string ProgramEnd::Describe(Nanoseconds timeout) const {
  switch (how) {
    case How::kExited:
      return Cat("failed with exit code ", number);
    case How::kSignalled:
      return Cat("was ended by signal ", number);
    case How::kTooMuch:
      return Cat("was killed: it took more than ", HumanDuration(timeout), " or printed too much");
    case How::kUnwanted:
      return "was killed: nobody waits for it any more";
    case How::kNotStarted:
      return Cat("cannot be run: ", strerrordesc_np(number));
  }
  return {};
}

ProgramEnd RunProgram(const ProgramToRun& program) {
  const auto not_started = [](int error) { return ProgramEnd{ProgramEnd::How::kNotStarted, error, {}}; };
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return not_started(errno);
  const int input = OpenInput(program.input);
  const int input_error = errno;
  std::vector<std::string> arguments = program.argv;
  std::vector<std::string> environment = program.environment.value_or(std::vector<std::string>());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t pid = 0;
  int error = input_error;
  if (input >= 0) {
    error = posix_spawnp(&pid, arguments.front().c_str(), &actions, nullptr, Pointers(arguments).data(),
                         program.environment ? Pointers(environment).data() : environ);
    close(input);
  }
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    return not_started(error);
  }
  ProgramEnd out;
  const Reading reading = ReadAll(ends[0], program, out.printed);
  close(ends[0]);
  if (reading != Reading::kWhole) kill(pid, SIGKILL);
  int state = 0;
  while (waitpid(pid, &state, 0) < 0 && errno == EINTR) {
  }
  if (reading != Reading::kWhole) {
    out.how = reading == Reading::kUnwanted ? ProgramEnd::How::kUnwanted : ProgramEnd::How::kTooMuch;
  } else if (WIFEXITED(state)) {
    out.number = WEXITSTATUS(state);
  } else {
    out.how = ProgramEnd::How::kSignalled;
    out.number = WTERMSIG(state);
  }
  return out;
}

}  // namespace reprieve
