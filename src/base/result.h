#pragma once
// Results and their propagation. A fallible function returns std::expected<T, E>, where E is the
// module's own enum or struct; TRY unwraps the value or returns the error to the caller.
//
//   TRY(auto line, reader.next());
//   TRY_VOID(check(line));
//   CO_TRY(auto data, result_name);   // inside a coroutine: co_returns the error

#include <expected>
#include <utility>

#define PEREGRINE_CONCAT_INNER(a, b) a##b
#define PEREGRINE_CONCAT(a, b) PEREGRINE_CONCAT_INNER(a, b)

#define PEREGRINE_TRY_IMPL(tmp, decl, expr, ret)             \
  auto tmp = (expr);                                         \
  if (!tmp) ret ::std::unexpected(::std::move(tmp).error()); \
  decl = *::std::move(tmp)

#define TRY(decl, expr) \
  PEREGRINE_TRY_IMPL(PEREGRINE_CONCAT(try_result_, __LINE__), decl, expr, return)
#define CO_TRY(decl, expr) \
  PEREGRINE_TRY_IMPL(PEREGRINE_CONCAT(try_result_, __LINE__), decl, expr, co_return)

#define PEREGRINE_TRY_VOID_IMPL(tmp, expr, ret)                \
  do {                                                         \
    auto tmp = (expr);                                         \
    if (!tmp) ret ::std::unexpected(::std::move(tmp).error()); \
  } while (false)

#define TRY_VOID(expr) \
  PEREGRINE_TRY_VOID_IMPL(PEREGRINE_CONCAT(try_result_, __LINE__), expr, return)
#define CO_TRY_VOID(expr) \
  PEREGRINE_TRY_VOID_IMPL(PEREGRINE_CONCAT(try_result_, __LINE__), expr, co_return)
