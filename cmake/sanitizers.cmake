# REPRIEVE_SANITIZE: a list for -fsanitize, such as "address,undefined" or "thread".
set(REPRIEVE_SANITIZE "" CACHE STRING "Sanitizers to build with")
if(REPRIEVE_SANITIZE)
  add_compile_options(-fsanitize=${REPRIEVE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${REPRIEVE_SANITIZE})
endif()
# Only clang: arithmetic that is defined but loses information (unsigned overflow, implicit narrowing).
if(REPRIEVE_SANITIZE MATCHES "integer")
  set(ignored ${CMAKE_CURRENT_LIST_DIR}/integer_checks.ignore)
  add_compile_options(-fsanitize-ignorelist=${ignored})
  # A change to the list recompiles everything.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ignored})
endif()
# A pod may have LD_PRELOAD (src/kubelet/names_library.h), and the agent in it is this program: GCC's ASan as a shared library
# must be loaded first. Clang links it statically by default.
if(REPRIEVE_SANITIZE MATCHES "address" AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_link_options(-static-libasan)
endif()
