#include <gtest/gtest.h>

#include "base/codec.h"
#include "store/records/frame.h"
#include "store/records/keys.h"
#include "store/records/packer.h"

namespace peregrine::store {
namespace {

TEST(Frame, gives_the_payload_back) {
  for (const Bytes& payload : {Bytes(), Bytes("x"), Bytes(100000, '\0')}) {
    Bytes stored = frame("key", payload);
    EXPECT_EQ(stored.size(), payload.size() + k_frame_overhead);
    EXPECT_EQ(unframe("key", stored), BytesView(payload));
  }
}

TEST(Frame, finds_every_single_flipped_bit) {
  Bytes stored = frame("key", "payload");
  for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
    Bytes damaged = stored;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(unframe("key", damaged)) << bit;
  }
}

TEST(Frame, finds_a_record_under_a_foreign_key) {
  EXPECT_EQ(unframe("kez", frame("key", "payload")).error(), FrameError::bad_checksum);
}

TEST(Frame, refuses_what_is_cut_at_any_byte) {
  Bytes stored = frame("key", "payload");
  for (std::size_t size = 0; size < stored.size(); ++size) {
    EXPECT_FALSE(unframe("key", BytesView(stored).substr(0, size)));
  }
}

TEST(Frame, refuses_a_later_version) {
  Bytes later = "payload\x02";
  later += Encoder{}.fixed32(crc32c(later, crc32c("key"))).view();
  EXPECT_EQ(unframe("key", later).error(), FrameError::unknown_version);
}

TEST(Packer, packs_text_and_leaves_noise) {
  Packer packer;
  Bytes text;
  while (text.size() < kib(64)) text += "Received: from mail.example.org by mx.example.net\r\n";
  Bytes packed = packer.pack(text);
  EXPECT_LT(packed.size(), text.size() / 10);
  EXPECT_EQ(unpack(packed), text);

  Bytes noise;
  for (std::uint32_t x = 1; noise.size() < 5000;) {
    x = x * 1664525 + 1013904223;
    noise.push_back(static_cast<char>(x >> 24));
  }
  packed = packer.pack(noise);
  EXPECT_EQ(packed.size(), noise.size() + 3);
  EXPECT_EQ(unpack(packed), noise);
  EXPECT_EQ(unpack(packer.pack("")), "");
}

TEST(Packer, refuses_what_is_cut_or_lies_about_its_size) {
  Packer packer;
  Bytes packed = packer.pack(Bytes(5000, 'a'));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_FALSE(unpack(BytesView(packed).substr(0, size))) << size;
  }
  EXPECT_FALSE(unpack(packed + "x"));
  BytesView frame_alone = BytesView(packed).substr(3);
  for (std::uint64_t size : {0UL, 4999UL, 5001UL, 1UL << 29, UINT64_MAX}) {
    Bytes lie = Encoder{}.u8(1).varint(size).raw(frame_alone).take();
    EXPECT_FALSE(unpack(lie)) << size;
  }
  EXPECT_FALSE(unpack(Encoder{}.u8(2).varint(1).raw("x").view()));
}

TEST(Packer, marks_a_blob_in_pieces) {
  EXPECT_EQ(piece_count(0), 0U);
  EXPECT_EQ(piece_count(k_piece_bytes), 0U);
  EXPECT_EQ(piece_count(k_piece_bytes + 1), 2U);
  EXPECT_EQ(piece_count(2 * k_piece_bytes), 2U);
  EXPECT_EQ(unpack_pieces_mark(pack_pieces_mark(mib(5))), mib(5));
  EXPECT_FALSE(unpack_pieces_mark(pack_pieces_mark(k_piece_bytes)));
  EXPECT_FALSE(unpack_pieces_mark(pack_pieces_mark(k_max_blob_bytes + 1)));
  EXPECT_FALSE(unpack_pieces_mark(pack_pieces_mark(mib(5)) + "x"));
  EXPECT_FALSE(unpack_pieces_mark(Packer().pack("text")));
  EXPECT_FALSE(unpack_pieces_mark(""));
  EXPECT_FALSE(unpack(pack_pieces_mark(mib(5))));
}

TEST(Keys, sort_by_number) {
  EXPECT_LT(data_key(PartitionId{255}, "z"), data_key(PartitionId{256}, "a"));
  EXPECT_LT(collect_key(255, BlobId{}), collect_bound(256));
  EXPECT_GE(collect_key(256, BlobId{}), collect_bound(256));
}

TEST(Keys, are_read_back_and_refused_when_they_are_not_whole) {
  BlobLink link{BlobId{{1, 2, 3}}, PartitionId{5}, 6};
  auto back = parse_link_key(link_key(link));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->blob, link.blob);
  EXPECT_EQ(back->partition, link.partition);
  EXPECT_EQ(back->holder, link.holder);
  EXPECT_FALSE(parse_link_key(link_key(link) + "x"));
  EXPECT_FALSE(parse_link_key(head_key(link.blob)));

  auto collect = parse_collect_key(collect_key(77, link.blob));
  ASSERT_TRUE(collect);
  EXPECT_EQ(collect->due_seconds, 77);
  EXPECT_EQ(collect->blob, link.blob);
  EXPECT_FALSE(parse_collect_key(collect_bound(77)));
  EXPECT_FALSE(parse_collect_key(version_key(PartitionId{1})));
  EXPECT_FALSE(partition_of("short"));
}

TEST(Keys, end_of_a_prefix) {
  EXPECT_EQ(prefix_end("ab"), "ac");
  EXPECT_EQ(prefix_end("a\xff"), "b");
  EXPECT_EQ(prefix_end("\xff\xff"), "");
}

TEST(Keys, are_printable) {
  EXPECT_EQ(printable(Table::data, data_key(PartitionId{9}, Bytes("a\n\0", 3))),
            "partition 9 key 'a\\x0a\\x00'");
  EXPECT_EQ(printable(Table::data, "x"), "data key 78");
}

}  // namespace
}  // namespace peregrine::store
