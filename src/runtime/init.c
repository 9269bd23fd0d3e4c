/* reprieve-init: the first process of a container. It starts the program, passes signals on, reaps orphans, exits with
 * the program's code (128+n for a signal), and leaves no process behind.
 *
 * Why it exists: the first process of a PID namespace ignores SIGTERM unless it has a handler for it, and must reap.
 * Without a PID namespace it is the subreaper that keeps, finds and ends whatever the program has left.
 * For a process beside a container's own it stands outside that container's PID namespace, and ends the program's group.
 * Where containers share a PID namespace it stands outside of that too, with a second one inside, the subreaper there.
 *
 * Freestanding C, static, no libc: its exec costs some 60 us. The engine holds it in a memfd (init_image.cc).
 *
 *   argv: reprieve-init SERIAL UID GID MODE CAPABILITIES NO_NEW GROUPS DIRECTORY PROGRAM [ARGUMENT...]
 *         UID, GID: -1 for "as I am".  GROUPS: besides, "2000,3000"; "-" for none, or, with neither, those that I have  MODE: see kInitOwnPidNamespace and its neighbours in init_image.h
 *         CAPABILITIES: those that the program may have or get, a bit each; -1 for "those that I have"
 *         NO_NEW: 1 if executing a program must never give it more.  The environment is the program's.
 *   fd 3: where a program that cannot be started is reported, shared by all containers: one StartFailure each.
 *   With no arguments it exits 0: the probe. With one it is the first process of a pod whose containers share their
 *   processes: it only reaps. With "sandbox" it is the first process of a pod in a container engine, and goes by SIGTERM.
 *
 *   argv: reprieve-init exec MILLISECONDS PROGRAM [ARGUMENT...]
 *         For an engine that can't end what it has begun in a container: runs the program, and kills it after that time.
 *         It exits as the program, or with 128 and a word of why on fd 2 if there is none (kExecFailure, init_image.h).
 */
#include <asm/unistd.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/signal.h>
#include <linux/time_types.h>
#include <linux/types.h>

enum { kReportFd = 3, kOwnPidNamespace = 1, kBeside = 2, kSharedPidNamespace = 3 };
enum { kStepUser = 1, kStepDirectory = 2, kStepExec = 3, kStepFork = 4, kStepPrivileges = 5 };
enum { kKillAll = 64, kSetDeathSignal = 1, kSetName = 15, kSetSubreaper = 36, kNoHang = 1, kStartErrorCode = 128 };
enum { kEPERM = 1, kENOENT = 2, kEINTR = 4, kEACCES = 13, kENOTDIR = 20, kEINVAL = 22, kPollError = 8 };
enum { kExecArguments = 4, kExecLimit = 2, kExecProgram = 3 };
enum { kProgram = 9, kDirectory = 8, kGroups = 7 }; /* among the arguments */
enum { kMostGroups = 256 };

struct StartFailure {
  __u64 serial;
  __s32 step;
  __s32 error;
};

#if defined(__x86_64__)
static long Call(long number, long a, long b, long c, long d, long e) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start:\n  xor %ebp,%ebp\n  mov %rsp,%rdi\n  and $-16,%rsp\n  call Main\n");
#elif defined(__aarch64__)
static long Call(long number, long a, long b, long c, long d, long e) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}
__asm__(".globl _start\n_start:\n  mov x29,#0\n  mov x0,sp\n  bl Main\n");
#else
#error "reprieve-init knows x86-64 and AArch64; add the system call convention of this processor here"
#endif

typedef unsigned long SignalSet; /* 64 signals */

struct KernelAction {
  void* handler;
  unsigned long flags;
  void* restorer;
  SignalSet mask;
};

static long serial;

static _Noreturn void Exit(int code) {
  for (;;) Call(__NR_exit_group, code, 0, 0, 0, 0);
}

static long ParseNumber(const char* text) {
  const int negative = *text == '-';
  long value = 0;
  for (text += negative; *text >= '0' && *text <= '9'; ++text) value = value * 10 + (*text - '0');
  return negative ? -value : value;
}

static _Noreturn void Fail(int step, long error) {
  struct StartFailure failure = {(__u64)serial, step, (__s32)-error};
  Call(__NR_write, kReportFd, (long)&failure, sizeof failure, 0, 0);
  Exit(kStartErrorCode);
}

/* As execvpe: a name without a slash is looked up in the program's own PATH. Returns the error that says most. */
static long ExecInPath(char** argv, char** environment) {
  static char candidate[4352];
  const char* path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  long best = -kENOENT;
  for (const char* c = argv[0]; *c; ++c) {
    if (*c == '/') return Call(__NR_execve, (long)argv[0], (long)argv, (long)environment, 0, 0);
  }
  for (char** e = environment; *e; ++e) {
    const char* s = *e;
    if (s[0] == 'P' && s[1] == 'A' && s[2] == 'T' && s[3] == 'H' && s[4] == '=') path = s + 5;
  }
  while (*argv[0]) {
    unsigned long n = 0;
    for (; *path && *path != ':'; ++path) {
      if (n < 4096) candidate[n++] = *path;
    }
    if (n > 0) candidate[n++] = '/';
    for (const char* c = argv[0]; *c && n < sizeof candidate - 1; ++c) candidate[n++] = *c;
    candidate[n] = 0;
    const long error = Call(__NR_execve, (long)candidate, (long)argv, (long)environment, 0, 0);
    if (error != -kENOENT && error != -kENOTDIR) best = error;
    if (error != -kENOENT && error != -kENOTDIR && error != -kEACCES) break;
    if (!*path) break;
    ++path;
  }
  return best;
}

/* What a later exec could bring back. While it still may: with the user the right to do this goes. */
static long LimitCapabilities(unsigned long allowed) {
  Call(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int i = 0; i < 64; ++i) {
    if (allowed >> i & 1) continue;
    const long has = Call(__NR_prctl, PR_CAPBSET_READ, i, 0, 0, 0);
    if (has == -kEINVAL) break; /* the kernel knows no more of them */
    if (has != 1) continue;
    const long error = Call(__NR_prctl, PR_CAPBSET_DROP, i, 0, 0, 0);
    if (error < 0) return error;
  }
  return 0;
}

/* What it has now. Those that went with its user stay gone. */
static long DropCapabilities(unsigned long allowed) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{0, 0, 0}, {0, 0, 0}};
  long error = Call(__NR_capget, (long)&header, (long)data, 0, 0, 0);
  for (int i = 0; i < 2; ++i) {
    const __u32 half = (__u32)(allowed >> (32 * i));
    data[i].effective &= half;
    data[i].permitted &= half;
    data[i].inheritable &= half;
  }
  if (error == 0) error = Call(__NR_capset, (long)&header, (long)data, 0, 0, 0);
  return error;
}

/* The groups besides its own. */
static long SetGroups(const char* text) {
  static __u32 groups[kMostGroups];
  long count = 0;
  while (*text >= '0' && *text <= '9' && count < kMostGroups) {
    groups[count++] = (__u32)ParseNumber(text);
    while (*text >= '0' && *text <= '9') ++text;
    if (*text == ',') ++text;
  }
  return Call(__NR_setgroups, count, (long)groups, 0, 0, 0);
}

static _Noreturn void BecomeProgram(char** arguments, char** environment, int own_pid_namespace) {
  const long uid = ParseNumber(arguments[2]);
  const long gid = ParseNumber(arguments[3]);
  const long capabilities = ParseNumber(arguments[5]);
  long no_new = ParseNumber(arguments[6]);
  const struct KernelAction by_default = {0};
  const SignalSet none = 0;
  long error = 0;
  Call(__NR_setsid, 0, 0, 0, 0, 0);
  if (capabilities >= 0) error = LimitCapabilities((unsigned long)capabilities);
  if (error == -kEPERM) no_new = 1, error = 0; /* who may not do that has none to lose, and so can gain none either */
  if (error < 0) Fail(kStepPrivileges, error);
  if (gid >= 0 || uid >= 0 || arguments[kGroups][0] != '-') error = SetGroups(arguments[kGroups]);
  if (error == 0 && gid >= 0) error = Call(__NR_setresgid, gid, gid, gid, 0, 0);
  if (error == 0 && uid >= 0) error = Call(__NR_setresuid, uid, uid, uid, 0, 0);
  if (error < 0) Fail(kStepUser, error);
  if (capabilities >= 0) error = DropCapabilities((unsigned long)capabilities);
  if (error == 0 && no_new == 1) error = Call(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (error < 0) Fail(kStepPrivileges, error);
  if (!own_pid_namespace) Call(__NR_prctl, kSetDeathSignal, SIGKILL, 0, 0, 0);
  error = Call(__NR_chdir, (long)arguments[kDirectory], 0, 0, 0, 0);
  if (error < 0) Fail(kStepDirectory, error);
  for (int i = 1; i <= 31; ++i) Call(__NR_rt_sigaction, i, (long)&by_default, 0, sizeof none, 0);
  Call(__NR_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, sizeof none, 0);
  Fail(kStepExec, ExecInPath(arguments + kProgram, environment));
}

static int CodeOf(int status) { return (status & 0x7f) ? 128 + (status & 0x7f) : (status >> 8) & 0xff; }

/* Sends SIGKILL to every child. The children of one that died come to us, the subreaper: the next call finds them. */
static void KillChildren(long program) {
  static char text[4096];
  char path[64] = "/proc/thread-self/children";
  const long fd = Call(__NR_openat, -100, (long)path, 02000000, 0, 0);
  if (fd < 0) {
    Call(__NR_kill, -program, SIGKILL, 0, 0, 0);
    Call(__NR_kill, program, SIGKILL, 0, 0, 0);
    return;
  }
  long pid = 0;
  for (;;) {
    const long n = Call(__NR_read, fd, (long)text, sizeof text, 0, 0);
    if (n <= 0) break;
    for (long i = 0; i < n; ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        pid = pid * 10 + (text[i] - '0');
      } else if (pid > 0) {
        Call(__NR_kill, pid, SIGKILL, 0, 0, 0);
        pid = 0;
      }
    }
  }
  Call(__NR_close, fd, 0, 0, 0, 0);
}

/* Ends all that is left, for at most some five seconds: what we may not signal we cannot wait for either. */
static void KillAll(long program, int* code) {
  const struct __kernel_timespec pause = {0, 1000000};
  for (int attempt = 0; attempt < 5000; ++attempt) {
    int status = 0;
    KillChildren(program);
    long pid = Call(__NR_wait4, -1, (long)&status, kNoHang, 0, 0);
    for (; pid > 0; pid = Call(__NR_wait4, -1, (long)&status, kNoHang, 0, 0)) {
      if (pid == program) *code = CodeOf(status);
    }
    if (pid < 0 && pid != -kEINTR) return;
    Call(__NR_nanosleep, (long)&pause, 0, 0, 0, 0);
  }
}

static _Noreturn void Pause(int of_an_engine) {
  const SignalSet all = ~0UL;
  Call(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, sizeof all, 0);
  if (!of_an_engine) Call(__NR_prctl, kSetDeathSignal, SIGKILL, 0, 0, 0);
  Call(__NR_prctl, kSetName, (long)"reprieve-pause", 0, 0, 0);
  for (int fd = 0; fd <= kReportFd; ++fd) Call(__NR_close, fd, 0, 0, 0, 0);
  for (;;) {
    int status = 0;
    const long signal = Call(__NR_rt_sigtimedwait, (long)&all, 0, 0, sizeof all, 0);
    if (of_an_engine && signal == SIGTERM) Exit(0);
    while (Call(__NR_wait4, -1, (long)&status, kNoHang, 0, 0) > 0) {
    }
  }
}

/* "reprieve-init: cannot execute: error 2" and an end of line. */
static _Noreturn void FailExec(long error) {
  static char text[] = "reprieve-init: cannot execute: error 000\n";
  char* digit = text + sizeof text - 3;
  for (long left = -error; left > 0; left /= 10) *digit-- = (char)('0' + left % 10);
  Call(__NR_write, 2, (long)text, sizeof text - 1, 0, 0);
  Exit(kStartErrorCode);
}

/* The signals that end the engine's exec are left to do so: the kernel then ends the container's. */
static _Noreturn void Exec(char** arguments, char** environment) {
  const SignalSet child = 1UL << (SIGCHLD - 1);
  const SignalSet none = 0;
  const long limit = ParseNumber(arguments[kExecLimit]);
  struct __kernel_timespec now, left;
  Call(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, (long)&now, 0, 0, 0);
  const long end = now.tv_sec * 1000 + now.tv_nsec / 1000000 + limit;
  Call(__NR_rt_sigprocmask, SIG_SETMASK, (long)&child, 0, sizeof child, 0);
  const long program = Call(__NR_clone, SIGCHLD, 0, 0, 0, 0);
  if (program == 0) {
    Call(__NR_setsid, 0, 0, 0, 0, 0);
    Call(__NR_prctl, kSetDeathSignal, SIGKILL, 0, 0, 0);
    Call(__NR_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, sizeof none, 0);
    FailExec(ExecInPath(arguments + kExecProgram, environment));
  }
  if (program < 0) FailExec(program);
  for (int status = 0;;) {
    const long pid = Call(__NR_wait4, program, (long)&status, kNoHang, 0, 0);
    if (pid == program) Exit((status & 0x7f) ? 128 + (status & 0x7f) : (status >> 8) & 0xff);
    Call(__NR_clock_gettime, 1, (long)&now, 0, 0, 0);
    const long rest = end - (now.tv_sec * 1000 + now.tv_nsec / 1000000);
    if (rest <= 0) break;
    left.tv_sec = rest / 1000;
    left.tv_nsec = rest % 1000 * 1000000;
    Call(__NR_rt_sigtimedwait, (long)&child, 0, (long)&left, sizeof child, 0);
  }
  Call(__NR_kill, -program, SIGKILL, 0, 0, 0);
  Call(__NR_kill, program, SIGKILL, 0, 0, 0);
  Exit(128 + SIGKILL);
}

__attribute__((used)) _Noreturn void Main(long* stack) {
  const long count = stack[0];
  char** arguments = (char**)(stack + 1);
  char** environment = arguments + count + 1;
  if (count == 2) Pause(arguments[1][0] == 's');
  if (count >= kExecArguments && arguments[1][0] == 'e') Exec(arguments, environment);
  if (count <= kProgram) Exit(0);

  serial = ParseNumber(arguments[1]);
  long mode = ParseNumber(arguments[4]);
  const int own_pid_namespace = mode == kOwnPidNamespace;
  const SignalSet all = ~0UL;
  Call(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, sizeof all, 0);
  /* The engine's death must be ours: by its signal, or, if it died before this line, by the lack of a reader. */
  Call(__NR_prctl, kSetDeathSignal, own_pid_namespace ? SIGKILL : kKillAll, 0, 0, 0);
  Call(__NR_prctl, kSetName, (long)"reprieve-init", 0, 0, 0);
  if (!own_pid_namespace) Call(__NR_prctl, kSetSubreaper, 1, 0, 0, 0);
  struct {
    int fd;
    short events, revents;
  } reader = {kReportFd, 0, 0};
  const struct __kernel_timespec at_once = {0, 0};
  Call(__NR_ppoll, (long)&reader, 1, (long)&at_once, 0, 0);
  if (reader.revents & kPollError) Exit(128 + SIGKILL);
  Call(__NR_fcntl, kReportFd, 2 /* F_SETFD */, 1 /* FD_CLOEXEC */, 0, 0);

  long program = Call(__NR_clone, SIGCHLD, 0, 0, 0, 0);
  if (program == 0 && mode == kSharedPidNamespace) {
    /* This one is inside, and goes on as the subreaper of what the program leaves. */
    mode = 0;
    Call(__NR_prctl, kSetDeathSignal, kKillAll, 0, 0, 0);
    Call(__NR_prctl, kSetSubreaper, 1, 0, 0, 0);
    program = Call(__NR_clone, SIGCHLD, 0, 0, 0, 0);
  }
  if (program == 0) BecomeProgram(arguments, environment, own_pid_namespace);
  if (program < 0) Fail(kStepFork, program);

  /* Whoever looks for the program by its arguments is not to find us too. */
  for (long i = 1; i < count; ++i) {
    for (char* c = arguments[i]; *c; ++c) *c = 0;
  }

  /* Nothing here may hold the log pipes open once the program has closed them. */
  for (int fd = 0; fd < 3; ++fd) Call(__NR_close, fd, 0, 0, 0, 0);

  int code = 128 + SIGKILL;
  int running = 1;
  while (running) {
    const long signal = Call(__NR_rt_sigtimedwait, (long)&all, 0, 0, sizeof all, 0);
    if (signal == SIGCHLD) {
      int status = 0;
      long pid = 0;
      while ((pid = Call(__NR_wait4, -1, (long)&status, kNoHang, 0, 0)) > 0) {
        if (pid == program) code = CodeOf(status), running = 0;
      }
    } else if (signal == kKillAll && mode == kBeside) {
      /* The program alone too, should it not have become its group's leader yet. Its end follows as SIGCHLD. */
      Call(__NR_kill, -program, SIGKILL, 0, 0, 0);
      Call(__NR_kill, program, SIGKILL, 0, 0, 0);
    } else if (signal == kKillAll && mode == kSharedPidNamespace) {
      Call(__NR_kill, program, kKillAll, 0, 0, 0);
    } else if (signal == kKillAll) {
      running = 0;
    } else if (signal > 0) {
      Call(__NR_kill, program, signal, 0, 0, 0);
    }
  }
  if (mode == 0) KillAll(program, &code);
  Exit(code);
}
