// For ThreadSanitizer alone (src/cli/CMakeLists.txt). An agent has nss_wrapper preloaded where pods are plain
// processes, and that library unlocks what it has not locked when it is unloaded.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "mutex:_dl_call_fini\nmutex:libnss_wrapper\n";
}
