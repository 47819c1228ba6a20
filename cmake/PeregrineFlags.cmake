# Warnings for every build, hardening for the release, sanitizers on request.
add_compile_options(
  -Wall -Wextra -Wformat=2 -Wconversion -Wsign-conversion -Wshadow -Wimplicit-fallthrough
  -Wno-unused-parameter -Wno-missing-field-initializers
  -Werror=format-security -D_GLIBCXX_ASSERTIONS -fno-omit-frame-pointer)
add_link_options(-fuse-ld=lld)

if(PEREGRINE_HARDEN)
  add_compile_options(
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
    -fcf-protection=full -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr
    -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing
    -fstrict-flex-arrays=3 -fPIE
    -fsanitize=signed-integer-overflow,bounds,shift,null,return,vla-bound
    -fsanitize-trap=all)
  add_link_options(
    -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code -Wl,-z,nodlopen
    -Wl,-z,defs -Wl,--as-needed -Wl,--gc-sections)
  add_compile_options(-ffunction-sections -fdata-sections)
endif()

if(PEREGRINE_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
  add_compile_definitions(PEREGRINE_SANITIZED=1)
elseif(PEREGRINE_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
  add_compile_definitions(PEREGRINE_SANITIZED=1)
endif()
if(PEREGRINE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
