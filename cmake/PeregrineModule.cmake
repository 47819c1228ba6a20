# peregrine_module(NAME [DEPS module...] [LIBS library...])
#
# Declares the library pg_NAME from the sources of the current folder. Files named x_test.cpp make
# the program NAME_test, each x_fuzz.cpp makes fuzz_x with the corpus fuzz/corpus/x.
function(peregrine_module name)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cpp$")
  list(TRANSFORM ARG_DEPS PREPEND pg_)

  if(sources)
    add_library(pg_${name} STATIC ${sources})
    target_link_libraries(pg_${name} PUBLIC ${ARG_DEPS} ${ARG_LIBS})
  else()
    add_library(pg_${name} INTERFACE)
    target_link_libraries(pg_${name} INTERFACE ${ARG_DEPS} ${ARG_LIBS})
  endif()

  if(PEREGRINE_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE pg_${name} GTest::gtest GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE
      PEREGRINE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    # An optimised build is for the server; there the tests are made when asked for.
    set_target_properties(${name}_test PROPERTIES EXCLUDE_FROM_ALL ${PEREGRINE_HARDEN})
    add_test(NAME ${name} COMMAND ${name}_test)
  endif()

  if(PEREGRINE_FUZZ)
    foreach(file ${fuzzers})
      get_filename_component(base ${file} NAME_WE)
      string(REGEX REPLACE "_fuzz$" "" base ${base})
      add_executable(fuzz_${base} ${file})
      target_link_libraries(fuzz_${base} PRIVATE pg_${name})
      target_link_options(fuzz_${base} PRIVATE -fsanitize=fuzzer)
      set_target_properties(fuzz_${base} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    endforeach()
  endif()
endfunction()
