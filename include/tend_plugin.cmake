# tend_plugin(NAME SOURCES...): one plugin, NAME.so. The same call builds inside the tree and outside it:
#
#     cmake_minimum_required(VERSION 3.18)
#     project(mine C)
#     find_package(tend REQUIRED)
#     tend_plugin(mine mine.c)
#
# Strict C11; nothing is exported but the descriptor; a symbol that nobody defines fails here, at the
# link, and not when a runner loads the file. The file goes to TEND_PLUGIN_DIR where that is set.
#
# A plugin is never built with sanitizers, not even beside a host that is: it must load into any
# runner, and -z defs refuses the sanitizers' symbols, which only their executable brings. Inside a
# sanitized runner its heap is checked all the same, because malloc is the runner's.
function(tend_plugin name)
  add_library(${name} MODULE ${ARGN})
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so" C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
    C_VISIBILITY_PRESET hidden)
  if(TEND_PLUGIN_DIR)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${TEND_PLUGIN_DIR})
  endif()
  target_link_libraries(${name} PRIVATE tend::sdk $<TARGET_NAME_IF_EXISTS:tend_warnings>)
  target_link_options(${name} PRIVATE -Wl,-z,defs -Wl,-z,now)
endfunction()
