# Precompiled headers: what nearly every file includes is parsed once per build, not once per file (half of a clean build's
# time). Files must still include what they use: clang-tidy (the preset lint) reads them without precompiled headers.
set(REPRIEVE_STANDARD_HEADERS
  <algorithm> <array> <cstdint> <deque> <functional> <map> <memory> <optional> <set> <string> <string_view>
  <unordered_map> <utility> <variant> <vector>)

# These do not use API objects.
set(REPRIEVE_MODULES_BELOW_MODEL document runtime net)

# Angle brackets keep paths of this checkout out of precompiled headers, so that a compiler cache works for all clones.
#
# reprieve_precompile(MODULE): the standard headers; from src/model upwards the API objects and the hash tables too.
function(reprieve_precompile module)
  get_target_property(type ${module} TYPE)
  if(type STREQUAL INTERFACE_LIBRARY)
    return()
  endif()
  if(module STREQUAL base)
    target_precompile_headers(base PRIVATE ${REPRIEVE_STANDARD_HEADERS})
  elseif(module STREQUAL model)
    target_precompile_headers(model PRIVATE ${REPRIEVE_STANDARD_HEADERS} <base/flat_hash.h> <model/jobset.h>)
  elseif(module IN_LIST REPRIEVE_MODULES_BELOW_MODEL)
    target_precompile_headers(${module} REUSE_FROM base)
  else()
    target_precompile_headers(${module} REUSE_FROM model)
  endif()
endfunction()

# reprieve_precompile_test(TEST MODULE): likewise with GoogleTest, for a test program that links that module.
function(reprieve_precompile_test test module)
  if(module STREQUAL base)
    target_precompile_headers(${test} PRIVATE ${REPRIEVE_STANDARD_HEADERS} <gtest/gtest.h>)
  elseif(module STREQUAL model)
    target_precompile_headers(${test} PRIVATE ${REPRIEVE_STANDARD_HEADERS} <base/flat_hash.h> <model/jobset.h>
                              <gtest/gtest.h>)
  elseif(module IN_LIST REPRIEVE_MODULES_BELOW_MODEL)
    target_precompile_headers(${test} REUSE_FROM base_test)
  else()
    target_precompile_headers(${test} REUSE_FROM model_test)
  endif()
endfunction()
