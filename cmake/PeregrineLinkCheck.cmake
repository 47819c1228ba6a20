# peregrine_linkcheck(ROLE)
#
# Declares linkcheck_ROLE, a program that is the library pg_ROLE, whole, and what it depends on. It
# is never run: tools/check_worker_symbols.py reads which symbols it holds.
function(peregrine_linkcheck role)
  set(source ${CMAKE_BINARY_DIR}/linkcheck/main.cpp)
  if(NOT EXISTS ${source})
    file(WRITE ${source} "int main() { return 0; }\n")
  endif()
  add_executable(linkcheck_${role} ${source})
  target_link_libraries(linkcheck_${role} PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,pg_${role}>)
  set_target_properties(linkcheck_${role} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/linkcheck)
endfunction()
