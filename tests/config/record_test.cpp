// A struct that names its fields once can be read, written and described.
#include "wafersim/config/record.hpp"

#include <array>

#include <gtest/gtest.h>

#include "config/temporary_folder.hpp"

namespace wafersim {
namespace {

using namespace literals;

enum class Colour { red, green };
constexpr std::array kColours{Choice<Colour>{"red", Colour::red}, Choice<Colour>{"green", Colour::green}};
constexpr std::span<const Choice<Colour>> choices(Colour) {
  return kColours;
}

struct Part {
  std::string name;
  std::uint64_t count{};
  friend bool operator==(const Part&, const Part&) = default;
};
struct Whole {
  Bytes size;
  Fraction share;
  std::optional<std::uint64_t> groups;
  bool fast{true};
  Colour colour{Colour::red};
  Part part;
  std::vector<Part> parts;
  std::vector<Bytes> sizes;
  friend bool operator==(const Whole&, const Whole&) = default;
};

template <class Visitor>
void visit_fields(Visitor& visit, Part& part) {
  visit.field("name", part.name, {.help = "a name"});
  visit.field("count", part.count, {.help = "how many", .low = 1, .high = 9});
}
template <class Visitor>
void visit_fields(Visitor& visit, Whole& whole) {
  visit.field("size", whole.size, {.help = "a size", .low = 1_KiB});
  visit.field("share", whole.share, {.help = "a share", .high = Fraction{Fraction::kOne}});
  visit.field("groups", whole.groups, {.help = "groups", .low = 1, .nothing = "auto"});
  visit.field("fast", whole.fast, {.help = "hurry", .presence = Presence::defaulted});
  visit.field("colour", whole.colour, {.help = "a colour", .presence = Presence::defaulted});
  visit.field("part", whole.part, {.help = "one part"});
  visit.field("parts", whole.parts, {.help = "more parts", .presence = Presence::defaulted});
  visit.field("sizes", whole.sizes, {.help = "sizes", .low = 1_B, .presence = Presence::defaulted});
}

constexpr std::string_view kGood =
    "size: 2 KiB\nshare: 50 %\ngroups: 3\ncolour: green\npart: {name: a, count: 1}\n"
    "parts: [{name: '7', count: 2}]\nsizes: [1 B, 2 B]\n";

Whole read(std::string_view text) {
  Whole whole;
  Problems problems;
  read_record(parse_tree(text, "f"), "", whole, problems);
  problems.throw_if_any();
  return whole;
}

std::string complaint_about(std::string_view text) {
  return test::complaint([&] { (void)read(text); });
}

// The good text with one line replaced, so that each error stands alone.
std::string complaint_with(std::string_view old, std::string_view changed) {
  std::string text{kGood};
  text.replace(text.find(old), old.size(), changed);
  return complaint_about(text);
}

TEST(ReadRecord, FillsEveryFieldAndKeepsDefaults) {
  const Whole expected{.size = 2_KiB,
                       .share = Fraction{Fraction::kOne / 2},
                       .groups = 3,
                       .fast = true,
                       .colour = Colour::green,
                       .part = {"a", 1},
                       .parts = {{"7", 2}},
                       .sizes = {1_B, 2_B}};
  EXPECT_EQ(read(kGood), expected);
}

TEST(ReadRecord, NothingIsSaidByTheWordByNullOrByAbsence) {
  for (const char* groups : {"groups: auto", "groups: ~", ""}) {
    std::string text{kGood};
    text.replace(text.find("groups: 3"), 9, groups);
    EXPECT_EQ(read(text).groups, std::nullopt) << groups;
  }
}

TEST(ReadRecord, NamesThePlaceAndWhatWasExpected) {
  EXPECT_EQ(complaint_with("size: 2 KiB", "size: 2 GHz"),
            "f:1:7: size: expected a size such as '48 KiB', got '2 GHz'");
  EXPECT_EQ(complaint_with("size: 2 KiB", "size: 2 B"), "f:1:7: size: must be at least 1 KiB, got 2 B");
  EXPECT_EQ(complaint_with("size: 2 KiB", "size: -2 KiB"),
            "f:1:7: size: expected a size such as '48 KiB', got '-2 KiB' (must not be negative)");
  EXPECT_EQ(complaint_with("size: 2 KiB", "size: 1e30 KiB"),
            "f:1:7: size: expected a size such as '48 KiB', got '1e30 KiB' (too large for 64 bits)");
  EXPECT_EQ(complaint_with("size: 2 KiB", "size: [2 KiB]"),
            "f:1:7: size: expected a size such as '48 KiB', got a list");
  EXPECT_EQ(complaint_with("size: 2 KiB", "size:"),
            "f:1:1: size: expected a size such as '48 KiB', got nothing");
  EXPECT_EQ(complaint_with("size: 2 KiB", "sise: 2 KiB"),
            "f:1:1: size: required key is missing\nf:1:1: sise: unknown key (did you mean 'size'?)");
  EXPECT_EQ(complaint_with("50 %", "101 %"), "f:2:8: share: must be at most 1, got 1.01");
  EXPECT_EQ(complaint_with("count: 1", "count: 10"), "f:5:24: part.count: must be between 1 and 9, got 10");
  EXPECT_EQ(complaint_with("colour: green", "colour: gren"),
            "f:4:9: colour: expected one of 'red', 'green', got 'gren' (did you mean 'green'?)");
  EXPECT_EQ(complaint_with("colour: green", "fast: yes"), "f:4:7: fast: expected true or false, got 'yes'");
  EXPECT_EQ(complaint_with("{name: a, count: 1}", "3"), "f:5:7: part: expected a map of keys, got '3'");
  EXPECT_EQ(complaint_with("count: 2", "cuont: 2"),
            "f:6:9: parts.0.count: required key is missing\n"
            "f:6:21: parts.0.cuont: unknown key (did you mean 'count'?)");
  EXPECT_EQ(complaint_with("[1 B, 2 B]", "[1 B, 0 B]"), "f:7:14: sizes.1: must be at least 1 B, got 0 B");
  EXPECT_EQ(complaint_with("[1 B, 2 B]", "1 B"), "f:7:8: sizes: expected a list, got '1 B'");
}

TEST(ReadRecord, BoundsTheNumberOfComplaints) {
  std::string text{kGood};
  for (int i = 0; i < 5000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  const std::string all = complaint_about(text);
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 100);
  EXPECT_NE(all.find("4900 more unknown keys"), std::string::npos);
}

TEST(ReadRecord, StopsReadingAListThatIsWrongAllTheWay) {
  std::string text{kGood};
  text.replace(text.find("[1 B, 2 B]"), 10, "[" + std::string(9999, '0') + "]");
  for (std::size_t at = text.find("000");
       at != std::string::npos && at + 3 < text.size() && text[at + 2] == '0'; at += 2)
    text[at + 1] = ',';
  const std::string all = complaint_about(text);
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 99);
}

TEST(WriteRecord, GivesATreeThatReadsBackToTheSameRecord) {
  Whole whole = read(kGood);
  EXPECT_EQ(to_json(write_record(whole)),
            R"({"size":"2 KiB","share":0.5,"groups":3,"fast":true,"colour":"green",)"
            R"("part":{"name":"a","count":1},"parts":[{"name":"7","count":2}],"sizes":["1 B","2 B"]})");
  EXPECT_EQ(read(to_json(write_record(whole))), whole);
  whole.groups.reset();
  EXPECT_EQ(read(to_json(write_record(whole))), whole);
}

TEST(DescribeRecord, ListsWhatEachFieldMaySay) {
  const std::vector<FieldInfo> fields = describe_record<Whole>();
  ASSERT_EQ(fields.size(), 8U);
  EXPECT_EQ(fields[0].low, "1 KiB");
  EXPECT_TRUE(fields[0].required);
  EXPECT_TRUE(fields[2].optional);
  EXPECT_FALSE(fields[3].required);
  EXPECT_EQ(fields[4].choices, (std::vector<std::string>{"red", "green"}));
  EXPECT_EQ(fields[6].fields.at(1).high, "9");
  EXPECT_TRUE(fields[6].list);
}

}  // namespace
}  // namespace wafersim
