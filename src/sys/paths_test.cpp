#include "sys/paths.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace peregrine::sys {
namespace {

namespace fs = std::filesystem;

class DirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(::mkdtemp(path_.data()), nullptr);
    fs::create_directory(path_ + "/data");
    std::ofstream(path_ + "/outside") << "secret";
  }
  void TearDown() override { fs::remove_all(path_); }

  Directory open() { return std::move(*Directory::open(path_ + "/data")); }
  std::string data(const std::string& name) { return path_ + "/data/" + name; }

  std::string path_ = "/tmp/peregrine-paths-test-XXXXXX";
};

TEST_F(DirectoryTest, WritesAtomicallyAndReadsBack) {
  Directory directory = open();
  ASSERT_TRUE(directory.make_directory("state"));
  ASSERT_TRUE(directory.make_directory("state"));
  ASSERT_TRUE(directory.write_file_atomic("state/key", "one"));
  ASSERT_TRUE(directory.write_file_atomic("state/key", "two"));
  EXPECT_EQ(directory.read_file("state/key", 3), "two");
  EXPECT_EQ(directory.read_file("state/key", 2).error(), (SysError{SysCall::limit, EFBIG}));
  EXPECT_EQ(fs::status(data("state/key")).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(data("state")).permissions(), fs::perms::owner_all);
  EXPECT_FALSE(fs::exists(data("state/key.new")));
  ASSERT_TRUE(directory.remove_file("state/key"));
  EXPECT_EQ(directory.read_file("state/key", 9).error(), (SysError{SysCall::open, ENOENT}));
}

TEST_F(DirectoryTest, ALeftOverTemporaryFileDoesNoHarm) {
  Directory directory = open();
  fs::create_symlink(path_ + "/outside", data("key.new"));
  ASSERT_TRUE(directory.write_file_atomic("key", "mine"));
  EXPECT_EQ(read_file(path_ + "/outside", 100), "secret");
  EXPECT_EQ(directory.read_file("key", 100), "mine");
}

TEST_F(DirectoryTest, NothingLeadsOut) {
  Directory directory = open();
  fs::create_symlink(path_ + "/outside", data("link"));
  fs::create_symlink("..", data("up"));
  fs::create_hard_link(path_ + "/outside", data("hard"));
  ::mkfifo(data("pipe").c_str(), 0600);
  for (const char* name :
       {"link", "up/outside", "../outside", "hard", "pipe", "/etc/passwd", "."}) {
    EXPECT_FALSE(directory.read_file(name, 1000)) << name;
    EXPECT_FALSE(directory.open_file(name, O_RDWR)) << name;
  }
  EXPECT_FALSE(directory.write_file_atomic("../new", "x"));
  EXPECT_FALSE(directory.write_file_atomic("up/new", "x"));
  EXPECT_FALSE(directory.write_file_atomic("", "x"));
  EXPECT_FALSE(directory.write_file_atomic("..", "x"));
  EXPECT_FALSE(directory.make_directory("../other"));
  EXPECT_FALSE(directory.open_directory("up"));
  EXPECT_FALSE(directory.remove_file("../outside"));
  // Replacing a planted link replaces the link, not what it points to.
  ASSERT_TRUE(directory.write_file_atomic("link", "mine"));
  EXPECT_EQ(read_file(path_ + "/outside", 100), "secret");
}

TEST_F(DirectoryTest, AnyPathIsReadWithinItsBound) {
  EXPECT_EQ(read_file(path_ + "/outside", 6), "secret");
  EXPECT_EQ(read_file(path_ + "/outside", 5).error(), (SysError{SysCall::limit, EFBIG}));
  EXPECT_FALSE(read_file("/dev/zero", 100));
  EXPECT_FALSE(read_file(path_, 100));
  // Announces no size, yet has content.
  auto status = read_file("/proc/self/status", 100'000);
  ASSERT_TRUE(status);
  EXPECT_NE(status->find("Name:"), std::string::npos);
  EXPECT_FALSE(read_file("/proc/self/status", 20));
}

}  // namespace
}  // namespace peregrine::sys
