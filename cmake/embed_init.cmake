# Builds reprieve-init, the freestanding first process of every container, and embeds it in a library as bytes.
# It is a custom command because it must not get the project's flags, sanitizers or start files.
#
#   reprieve_embed_init(LIBRARY DIRECTORY)
function(reprieve_embed_init library directory)
  set(init ${CMAKE_BINARY_DIR}/reprieve-init)
  add_custom_command(
    OUTPUT ${init}
    COMMAND ${CMAKE_C_COMPILER} -std=c11 -Os -Wall -Wextra -Werror -Wno-unused-command-line-argument -static -no-pie -fno-pie -nostdlib -ffreestanding
            -fno-stack-protector -fno-asynchronous-unwind-tables
            -Wl,--build-id=none,-z,noexecstack,-z,norelro -s -o ${init} ${directory}/init.c
    DEPENDS ${directory}/init.c
    VERBATIM)
  add_custom_target(reprieve_init DEPENDS ${init})
  add_dependencies(${library} reprieve_init)
  set_source_files_properties(${directory}/init_image.cc PROPERTIES
    OBJECT_DEPENDS ${init}
    COMPILE_DEFINITIONS "REPRIEVE_INIT_FILE=\"${init}\"")
endfunction()
