# Warnings are errors, in our code only.
add_library(reprieve_warnings INTERFACE)
target_compile_options(reprieve_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  -Wcast-qual -Wimplicit-fallthrough -Wswitch-enum)
