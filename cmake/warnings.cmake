# Warnings are errors, in our code only.
add_library(reprieve_warnings INTERFACE)
target_compile_options(reprieve_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  -Wcast-qual -Wimplicit-fallthrough -Wswitch-enum)
# GCC 12 has false warnings inside std::string (gcc bugs 105329 and 105651), and in a precompiled header it does not recognise
# library code.
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  target_compile_options(reprieve_warnings INTERFACE -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow
    -Wno-stringop-overread)
endif()
