# REPRIEVE_SANITIZE: a list for -fsanitize, such as "address,undefined" or "thread".
set(REPRIEVE_SANITIZE "" CACHE STRING "Sanitizers to build with")
if(REPRIEVE_SANITIZE)
  add_compile_options(-fsanitize=${REPRIEVE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${REPRIEVE_SANITIZE})
endif()
