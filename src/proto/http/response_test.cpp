#include "proto/http/response.h"

#include <gtest/gtest.h>

namespace peregrine::http {
namespace {

struct Read {
  ResponseEvent event;
  Response response;
};

Read read(BytesView input, std::size_t step) {
  ResponseReader reader({.header = 300, .body = 100});
  ResponseEvent event = ResponseEvent::need_more;
  for (std::size_t i = 0; i < input.size() && event == ResponseEvent::need_more; i += step) {
    event = reader.feed(input.substr(i, step));
  }
  if (event == ResponseEvent::need_more) event = reader.end();
  return {event, reader.response()};
}

const Bytes k_head = "HTTP/1.1 200 OK\r\nContent-Type: Text/Plain; charset=utf-8\r\n";

TEST(HttpResponse, IsReadWhereverItIsCut) {
  for (const Bytes& input :
       {k_head + "Content-Length: 5\r\n\r\nhello", k_head + "\r\nhello",
        k_head + "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nX: y\r\n\r\n",
        "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + k_head + "Content-Length: 5\r\n\r\nhello"}) {
    for (std::size_t step = 1; step <= input.size(); ++step) {
      Read got = read(input, step);
      EXPECT_EQ(got.event, ResponseEvent::complete) << input << step;
      EXPECT_EQ(got.response.status, 200);
      EXPECT_EQ(got.response.body, "hello");
      EXPECT_EQ(got.response.content_type, "text/plain");
    }
  }
}

TEST(HttpResponse, RefusesWhatCouldBeReadInTwoWays) {
  for (const Bytes& input :
       {k_head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        k_head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        k_head + "Content-Length: +5\r\n\r\nhello", k_head + "Content-Length: 9\r\n\r\nhello",
        k_head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        k_head + "Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n0\r\n\r\n",
        k_head + "Transfer-Encoding: chunked\r\n\r\n2\r\nhexx0\r\n\r\n",
        k_head + "Content-Encoding: gzip\r\n\r\nhello", k_head + "X : y\r\n\r\n",
        k_head + " folded\r\n\r\n", k_head + "X: a\nY: b\r\n\r\n", Bytes("HTTP/2 200\r\n\r\n"),
        Bytes("ICY 200 OK\r\n\r\n"), Bytes("HTTP/1.1 20 OK\r\n\r\n"), Bytes("")}) {
    EXPECT_EQ(read(input, input.size() + 1).event, ResponseEvent::malformed) << input;
  }
}

TEST(HttpResponse, IsBounded) {
  Bytes hundred(100, 'x');
  EXPECT_EQ(read(k_head + "\r\n" + hundred, 7).event, ResponseEvent::complete);
  EXPECT_EQ(read(k_head + "\r\n" + hundred + "x", 7).event, ResponseEvent::too_big);
  EXPECT_EQ(read(k_head + "Content-Length: 101\r\n\r\n", 7).event, ResponseEvent::too_big);
  EXPECT_EQ(read(k_head + "X: " + Bytes(400, 'x'), 7).event, ResponseEvent::too_big);
  Bytes chunked = k_head + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(read(chunked + "65\r\n", 7).event, ResponseEvent::too_big);
  EXPECT_EQ(read(chunked + "64\r\n" + hundred + "\r\n1\r\n", 7).event, ResponseEvent::too_big);
  EXPECT_EQ(read(chunked + Bytes(300, '0'), 7).event, ResponseEvent::malformed);
  EXPECT_EQ(read(chunked + "0\r\nX: " + Bytes(400, 'x'), 7).event, ResponseEvent::too_big);
}

TEST(HttpResponse, AskingForOne) {
  EXPECT_EQ(
      get_request("h.example", "/x"),
      "GET /x HTTP/1.1\r\nHost: h.example\r\nAccept: text/plain\r\nConnection: close\r\n\r\n");
}

}  // namespace
}  // namespace peregrine::http
