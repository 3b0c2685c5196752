// The journal: what it keeps, what it passes over, and what it refuses.
#include "study/journal.hpp"

#include <fstream>
#include <sstream>

#include <boost/uuid/string_generator.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/temporary_folder.hpp"

namespace wafersim::study_detail {
namespace {

const JournalIdentity kStudy{"weak", "cs2.yaml", "gpt2.yaml"};

boost::uuids::uuid key(int number) {
  return boost::uuids::string_generator{}("00000000-0000-5000-8000-00000000000" + std::to_string(number));
}

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream{file}.rdbuf();
  return text.str();
}

void write_two(const std::filesystem::path& folder) {
  Journal journal{folder, kStudy};
  journal.open_for({});
  journal.add(key(1), {.exit_code = 0, .document = R"({"nodes":1})", .error = {}});
  journal.add(key(2), {.exit_code = 3, .document = {}, .error = "too \"large\""});
}

TEST(Journal, ReadsBackWhatWasAdded) {
  const test::TemporaryFolder folder;
  write_two(folder.path());
  const Journal again{folder.path(), kStudy};
  EXPECT_EQ(again.size(), 2U);
  EXPECT_EQ(again.read(key(1)).document, R"({"nodes":1})");
  EXPECT_EQ(again.read(key(2)).error, "too \"large\"");
  EXPECT_EQ(again.read(key(2)).exit_code, 3);
  EXPECT_FALSE(again.has(key(3)));
}

TEST(Journal, SurvivesBeingCutAtEveryByte) {
  const test::TemporaryFolder whole;
  write_two(whole.path());
  const std::string text = text_of(whole.path() / "journal-1-of-1.jsonl");
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const test::TemporaryFolder folder;
    const auto file = folder.write("journal-1-of-1.jsonl", text.substr(0, length));
    Journal journal{folder.path(), kStudy};
    const auto lines = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length), '\n');
    EXPECT_EQ(journal.size(), static_cast<std::size_t>(std::max<std::ptrdiff_t>(lines - 1, 0))) << length;
    journal.open_for({});
    for (const int number : {1, 2}) {
      if (journal.has(key(number))) continue;
      journal.add(key(number),
                  number == 1 ? JournalEntry{0, R"({"nodes":1})", {}} : JournalEntry{3, {}, "too \"large\""});
    }
    EXPECT_EQ(text_of(file), text) << length;
  }
}

TEST(Journal, KeepsALostPointUntilItHasEnded) {
  const test::TemporaryFolder folder;
  const JournalEntry lost{.exit_code = 4, .document = {}, .error = "signal 9", .lost = true};
  const auto expect_lost = [&](const Journal& journal) {
    EXPECT_FALSE(journal.has(key(1)));
    EXPECT_TRUE(journal.has_lost(key(1)));
    EXPECT_EQ(journal.read(key(1)).error, "signal 9");
    EXPECT_EQ(journal.read(key(1)).exit_code, 4);
    EXPECT_TRUE(journal.read(key(1)).lost);
    EXPECT_EQ(journal.size(), 1U);
  };
  const auto expect_ended = [&](const Journal& journal) {
    EXPECT_TRUE(journal.has(key(1)));
    EXPECT_FALSE(journal.has_lost(key(1)));
    EXPECT_EQ(journal.read(key(1)).document, R"({"nodes":1})");
    EXPECT_FALSE(journal.read(key(1)).lost);
    EXPECT_EQ(journal.size(), 1U);
  };
  {
    Journal journal{folder.path(), kStudy};
    journal.open_for({.number = 2, .of = 2});
    journal.add(key(1), lost);
    expect_lost(journal);
  }
  expect_lost(Journal{folder.path(), kStudy});
  {  // in another file, which is read first
    Journal journal{folder.path(), kStudy};
    journal.open_for({.number = 1, .of = 2});
    journal.add(key(1), {.exit_code = 0, .document = R"({"nodes":1})", .error = {}});
    expect_ended(journal);
    journal.add(key(1), lost);
    expect_ended(journal);
  }
  expect_ended(Journal{folder.path(), kStudy});
}

TEST(Journal, RefusesTheJournalOfAnotherStudy) {
  const test::TemporaryFolder folder;
  write_two(folder.path());
  EXPECT_EQ(
      folder.without_folder(test::complaint([&] {
        const Journal other{folder.path(), {"strong", "cs2.yaml", "gpt2.yaml"}};
      })),
      "journal-1-of-1.jsonl:1:1: was written by another study: 'weak' (cs2.yaml, gpt2.yaml), not 'strong' "
      "(cs2.yaml, gpt2.yaml); choose another folder");
}

TEST(Journal, RefusesDamageInItsMiddle) {
  const test::TemporaryFolder folder;
  write_two(folder.path());
  std::string text = text_of(folder.path() / "journal-1-of-1.jsonl");
  text[text.find("{\"key\"")] = 'x';
  (void)folder.write("journal-1-of-1.jsonl", text);
  EXPECT_THAT(folder.without_folder(test::complaint([&] {
    const Journal damaged{folder.path(), kStudy};
  })),
              testing::StartsWith("journal-1-of-1.jsonl:2:1: is no line of a journal"));
}

TEST(Journal, KeepsOneFilePerShard) {
  const test::TemporaryFolder folder;
  for (const std::uint64_t number : {1U, 2U}) {
    Journal journal{folder.path(), kStudy};
    journal.open_for({.number = number, .of = 2});
    journal.add(key(static_cast<int>(number)), {0, "{}", {}});
  }
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "journal-2-of-2.jsonl"));
  EXPECT_EQ(Journal(folder.path(), kStudy).size(), 2U);
}

}  // namespace
}  // namespace wafersim::study_detail
