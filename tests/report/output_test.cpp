// A file is written whole or not at all.
#include "wafersim/report/output.hpp"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "config/temporary_folder.hpp"

namespace wafersim {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream{file}.rdbuf();
  return text.str();
}

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator{folder}, fs::directory_iterator{}));
}

TEST(Output, ReplacesAFileAndLeavesNothingBeside) {
  const test::TemporaryFolder folder;
  const fs::path file = folder.write("out.json", "old");
  save(file, "new");
  EXPECT_EQ(read(file), "new");
  EXPECT_EQ(files_in(folder.path()), 1U);
}

TEST(Output, KeepsASymbolicLinkALink) {
  const test::TemporaryFolder folder;
  const fs::path file = folder.write("real", "old");
  fs::create_symlink(file, folder.path() / "link");
  save(folder.path() / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder.path() / "link"));
  EXPECT_EQ(read(file), "new");
}

TEST(Output, WritesToADeviceInPlace) {
  save("/dev/null", "text");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(Output, RefusesWhatCannotBeAFile) {
  const test::TemporaryFolder folder;
  const auto complaint = [&](const fs::path& file) {
    const std::string text = test::complaint([&] { require_writable(file); });
    return text.empty() ? text : text.substr(folder.path().string().size() + 1);
  };
  EXPECT_EQ(complaint(folder.path() / "no" / "x.json"),
            "no/x.json: there is no folder '" + (folder.path() / "no").string() + "'");
  fs::create_directory(folder.path() / "sub");
  EXPECT_EQ(complaint(folder.path() / "sub"), "sub: is a directory, expected a file");
  EXPECT_EQ(complaint(folder.path() / "new.json"), "");
  EXPECT_EQ(test::complaint([] { save("/dev/full", "x"); }),
            "/dev/full: cannot be written: No space left on device");
}

}  // namespace
}  // namespace wafersim
