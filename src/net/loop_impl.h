#pragma once
// The Asio objects behind Loop; included by net's own sources only.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/loop.h"

namespace peregrine::net {

struct Loop::Impl {
  boost::asio::io_context context{1};
  boost::asio::steady_timer timer{context};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      context.get_executor()};
};

}  // namespace peregrine::net
