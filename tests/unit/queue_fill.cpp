// queue_fill STORE COUNT: puts COUNT messages into the queue of a stopped server's store, for tests
// of the commands. Message N goes from user@example.test to N@destN.test, N modulo 10 destinations;
// each has the trace id N.

#include <cstdio>
#include <cstdlib>

#include "queue/queue.h"

namespace {

using namespace peregrine;

bool add(store::Store& store, queue::Queue& queue, std::uint64_t first, std::uint64_t end) {
  UnixTime now = wall_now();
  Bytes content = "Subject: test\r\n\r\nbody\r\n";
  store::BlobId blob{crypto::sha256(content)};
  queue::Change change = queue.change();
  for (std::uint64_t number = first; number < end; ++number) {
    queue::NewMessage message;
    message.envelope.mail_from = "user@example.test";
    message.blob = blob;
    message.size = content.size();
    message.header_size = 17;
    message.trace = queue::TraceId(number);
    std::string to = std::to_string(number) + "@dest" + std::to_string(number % 10) + ".test";
    message.recipients = {{.address = to}};
    if (!queue.enqueue(change, message, now)) return false;
    if (!queue.trace(change, message.trace, {"queued", "to=" + to, {to}}, now)) return false;
  }
  auto commit = queue.finish(change, now);
  if (!commit) return false;
  commit->new_blobs.emplace_back(blob, content);
  auto sequence = store.commit(*commit);
  if (!sequence) return false;
  while (store.durable() < *sequence) continue;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto store = store::open_rocksdb({.directory = argv[1]});
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().detail.c_str());
    return 1;
  }
  queue::Queue queue(**store, {});
  std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
  for (std::uint64_t first = 1; first <= count; first += 1000) {
    if (!add(**store, queue, first, std::min(first + 1000, count + 1))) return 1;
  }
  return 0;
}
