// Numbers and tables as people read them.
#include "wafersim/report/format.hpp"

#include <gtest/gtest.h>

#include "wafersim/report/csv.hpp"
#include "wafersim/report/table.hpp"

namespace wafersim {
namespace {

TEST(Format, GroupsThousandsOfAnySize) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(Wide{1} << 100U), "1,267,650,600,228,229,401,496,703,205,376");
}

TEST(Format, GivesThreeDigitsAndAPrefix) {
  EXPECT_EQ(si(0.0, "B"), "0 B");
  EXPECT_EQ(si(5.0, "B"), "5 B");
  EXPECT_EQ(si(999.0, "B"), "999 B");
  EXPECT_EQ(si(999.6, "B"), "1.00 kB");
  EXPECT_EQ(si(1234.0, "B/s"), "1.23 kB/s");
  EXPECT_EQ(si(2.4e15, "B"), "2.40 PB");
  EXPECT_EQ(si(0.0131, "s"), "13.1 ms");
  EXPECT_EQ(si(1.5e-12, "s"), "1.50 ps");
  EXPECT_EQ(si(45'300.0, "tokens/s"), "45.3 k tokens/s");
  EXPECT_EQ(si(12.25, ""), "12.2");
}

TEST(Format, WrapsAtBlanksAndIndents) {
  EXPECT_EQ(wrapped("one two three four", 9, 2), "one two\n  three\n  four");
  EXPECT_EQ(wrapped("unbreakable", 4, 2), "unbreakable");
}

TEST(Format, ClipsInTheMiddleByCharacters) {
  EXPECT_EQ(clipped("abcdefghij", 6), "ab..ij");
  EXPECT_EQ(clipped("short", 6), "short");
  EXPECT_EQ(clipped("äöüäöüäöü", 6), "äö..öü");
}

TEST(TableText, AlignsColumnsAndLeavesNoBlanksAtTheEnd) {
  Table table{{{"name", Align::left}, {"n"}, {"note", Align::left}}};
  table.add({"a", "100"});
  table.add({"längeres", "1", "x"});
  EXPECT_EQ(table.text(),
            "  name        n  note\n"
            "  a         100\n"
            "  längeres    1  x\n");
}

TEST(Csv, QuotesWhatHasToBe) {
  EXPECT_EQ(csv_cell("plain"), "plain");
  EXPECT_EQ(csv_cell("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_cell("say \"x\""), "\"say \"\"x\"\"\"");
}

TEST(Duration, IsInSecondsAndFromAThousandOnInMinutesHoursAndDays) {
  const auto seconds = [](std::uint64_t n) { return duration(Picoseconds{n * 1'000'000'000'000}); };
  EXPECT_EQ(duration(Picoseconds{26'994'488'182}), "27.0 ms");
  EXPECT_EQ(seconds(119), "119 s");
  EXPECT_EQ(seconds(1'000), "16.7 min");
  EXPECT_EQ(seconds(31'051), "8.63 h");
  EXPECT_EQ(seconds(432'000), "5.00 days");
}

}  // namespace
}  // namespace wafersim
