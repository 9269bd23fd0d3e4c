# Precompiled headers: what nearly every file includes is read once per build, not once per file (half of a clean build's
# time). Files still include what they use: the fuzz preset builds without, and would notice.
set(REPRIEVE_STANDARD_HEADERS
  <algorithm> <array> <cstdint> <deque> <functional> <map> <memory> <optional> <set> <string> <string_view>
  <unordered_map> <utility> <variant> <vector>)

# reprieve_precompile(ROOM): the standard headers; from src/model upwards the API objects and the hash tables too.
function(reprieve_precompile room)
  get_target_property(type ${room} TYPE)
  if(type STREQUAL INTERFACE_LIBRARY)
    return()
  endif()
  if(room STREQUAL base)
    target_precompile_headers(base PRIVATE ${REPRIEVE_STANDARD_HEADERS})
  elseif(room STREQUAL model)
    target_precompile_headers(model PRIVATE ${REPRIEVE_STANDARD_HEADERS} ${PROJECT_SOURCE_DIR}/src/base/flat_hash.h
                               ${PROJECT_SOURCE_DIR}/src/model/jobset.h)
  else()
    target_precompile_headers(${room} REUSE_FROM model)
  endif()
endfunction()
