# Embeds text files in the program.
#
#   reprieve_embed(OUTPUT variable NAME kName NAMESPACE a::b FILE path HEADER header)
# makes a .cc that defines `const std::vector<std::string_view>& NAME()`, the lines of the file, as HEADER declares it,
# and sets `variable` to its path. FILE may be a pattern such as docs/lint/*.md: the files follow each other by name. Run as a script (cmake -P), this file is the generator.
if(CMAKE_SCRIPT_MODE_FILE)
  file(GLOB files ${EMBED_FILE})
  set(text "")
  foreach(file ${files})
    file(READ "${file}" one)
    string(APPEND text "${one}")
  endforeach()
  string(REGEX REPLACE "\n$" "" text "${text}")
  string(REPLACE "\n" ")EMBED\",\n    R\"EMBED(" text "${text}")
  file(WRITE "${EMBED_OUTPUT}.new" "// Made from ${EMBED_FILE} by cmake/embed.cmake.
#include \"${EMBED_HEADER}\"

namespace ${EMBED_NAMESPACE} {

const std::vector<std::string_view>& ${EMBED_NAME}() {
  static const std::vector<std::string_view> lines = {
    R\"EMBED(${text})EMBED\",
  };
  return lines;
}

}  // namespace ${EMBED_NAMESPACE}
")
  file(RENAME "${EMBED_OUTPUT}.new" "${EMBED_OUTPUT}")
  return()
endif()

set(REPRIEVE_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(reprieve_embed)
  cmake_parse_arguments(EMBED "" "OUTPUT;NAME;NAMESPACE;FILE;HEADER" "" ${ARGN})
  set(source ${PROJECT_BINARY_DIR}/embedded/${EMBED_NAME}.cc)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/embedded)
  file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${EMBED_FILE})
  add_custom_command(
    OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} -DEMBED_FILE=${PROJECT_SOURCE_DIR}/${EMBED_FILE} -DEMBED_OUTPUT=${source}
            -DEMBED_NAME=${EMBED_NAME} -DEMBED_NAMESPACE=${EMBED_NAMESPACE} -DEMBED_HEADER=${EMBED_HEADER}
            -P ${REPRIEVE_EMBED_SCRIPT}
    DEPENDS ${files} ${REPRIEVE_EMBED_SCRIPT}
    VERBATIM)
  set(${EMBED_OUTPUT} ${source} PARENT_SCOPE)
endfunction()
