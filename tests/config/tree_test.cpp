// Text becomes a tree, or an error that names its line and column.
#include "wafersim/config/tree.hpp"

#include <gtest/gtest.h>

#include "config/temporary_folder.hpp"

namespace wafersim {
namespace {

using test::complaint;

std::string complaint_about(std::string_view text) {
  return complaint([&] { (void)parse_tree(text, "f.yaml"); });
}

TEST(ParseTree, KeepsTheTextAndThePlaceOfEachValue) {
  const Tree tree = parse_tree("a: 010\nb:\n  c: '1.1 GHz'  # why\n  d: [x, ~]\n", "f.yaml");
  ASSERT_NE(tree.find("a"), nullptr);
  EXPECT_EQ(tree.find("a")->text, "010");
  EXPECT_FALSE(tree.find("a")->quoted);
  const Tree* c = tree.find("b")->find("c");
  EXPECT_EQ(c->text, "1.1 GHz");
  EXPECT_TRUE(c->quoted);
  EXPECT_EQ(to_string(c->at), "f.yaml:3:6");
  EXPECT_EQ(tree.find("b")->find("d")->items.at(1).kind, Tree::Kind::null);
  EXPECT_EQ(to_string(tree.entries.at(1).key_at), "f.yaml:2:1");
  EXPECT_EQ(tree.find("nothing"), nullptr);
}

TEST(ParseTree, AcceptsWindowsFilesAndByteOrderMarks) {
  const Tree tree = parse_tree(
      "\xEF\xBB\xBF"
      "a: 1\r\nb: 2\r\n",
      "f.yaml");
  EXPECT_EQ(tree.find("a")->text, "1");
  EXPECT_EQ(tree.find("b")->text, "2");
  EXPECT_EQ(to_string(tree.find("b")->at), "f.yaml:2:4");
}

TEST(ParseTree, ReadsJson) {
  const Tree tree = parse_tree("{\n\t\"a\":\"x\\/y\\u00e9\",\"b\":[1,2.5,true,null],\"c\":{}}", "f.json");
  EXPECT_EQ(tree.find("a")->text, "x/y\u00e9");
  EXPECT_EQ(to_json(tree), "{\"a\":\"x/y\u00e9\",\"b\":[1,2.5,true,null],\"c\":{}}");
}

TEST(ParseTree, RefusesWhatIsAmbiguous) {
  EXPECT_EQ(complaint_about("a: 1\nb:\n  c: 1\n  c: 2\n"),
            "f.yaml:4:3: b.c: duplicate key, already set at line 3");
  EXPECT_EQ(complaint_about("a: &x 1\n"),
            "f.yaml:1:4: a: anchors (&name) are not supported; use 'base:' to share values");
  EXPECT_EQ(complaint_about("a: !!int 1\n"), "f.yaml:1:4: a: tags (tag:yaml.org,2002:int) are not supported");
  EXPECT_EQ(complaint_about("a: 1\n---\nb: 2\n"),
            "f.yaml:2:1: text after the end of the document (a file holds one YAML document)");
  EXPECT_EQ(complaint_about("[a, b]: 1\n"),
            "f.yaml:1:1: expected a word as key, got a list or a bracket that is never closed");
  EXPECT_EQ(complaint_about("? {a: b}\n: 1\n"),
            "f.yaml:1:3: expected a word as key, got a map or a bracket that is never closed");
  EXPECT_EQ(complaint_about("~: 1\n"), "f.yaml:1:1: expected a word as key, got nothing");
}

TEST(ParseTree, NamesAllDuplicatesAtOnce) {
  EXPECT_EQ(
      complaint_about("a: &x 1\nb: *x\na: 2\n"),
      "f.yaml:1:4: a: anchors (&name) are not supported; use 'base:' to share values\n"
      "f.yaml:2:4: b: aliases (*name) are not supported; write the value out, or quote it if the '*' is "
      "text\n"
      "f.yaml:3:1: a: duplicate key, already set at line 1");
}

TEST(ParseTree, RefusesWhatIsNotYaml) {
  EXPECT_EQ(complaint_about(""), "f.yaml: is empty, expected YAML");
  EXPECT_EQ(complaint_about("# nothing but a comment\n"), "f.yaml: is empty, expected YAML");
  EXPECT_EQ(complaint_about("a: [1, 2\nb: 3\n"),
            "f.yaml:2:2: a: not valid YAML: end of sequence flow not found");
  EXPECT_EQ(complaint_about("{\"a\": \"b"),
            "f.yaml:1:9: not valid YAML: illegal EOF in scalar");  // cut short
  EXPECT_EQ(complaint_about("a: b: c\n"), "f.yaml:1:5: not valid YAML: illegal map value");
  EXPECT_EQ(complaint_about(std::string_view{"a: \0", 4}),
            "f.yaml:1:4: not a text file: control character 0x00");
  EXPECT_EQ(complaint_about("a: 1\nb: \xFF\n"), "f.yaml:2:4: not a text file: not UTF-8");
  EXPECT_EQ(complaint_about("a: \"\\0\"\n"), "f.yaml:1:4: a: a NUL character is not allowed");
}

TEST(ParseTree, BoundsDepthAndSize) {
  EXPECT_EQ(complaint_about("a: " + std::string(100, '[') + std::string(100, ']')),
            "f.yaml:1:67: a: nested deeper than 64 levels");
  EXPECT_EQ(complaint_about(std::string(10'000, '[')),
            "f.yaml:1:1: expected a word as key, got a list or a bracket that is never closed");
  EXPECT_EQ(complaint_about(std::string(10'001, '[')), "f.yaml:1:10001: more than 10000 open brackets");
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_NE(complaint_about(deep).find("nested deeper than 64 levels"), std::string::npos);
  EXPECT_EQ(complaint_about(std::string((16U << 20U) + 1, ' ')), "f.yaml: is larger than 16 MiB");
}

TEST(SetValue, OverridesAndMakesMapsOnTheWay) {
  Tree tree = parse_tree("wafer: {clock: 1 GHz, pe: {sram: 48 KiB}}", "f.yaml");
  set_value(tree, "wafer.clock", "2 GHz", "--set");
  set_value(tree, "swarmx.fanout", "8", "--set");
  set_value(tree, "wafer.pe", "{reserved: 1 KiB}", "--set");
  EXPECT_EQ(to_json(tree),
            R"({"wafer":{"clock":"2 GHz","pe":{"sram":"48 KiB","reserved":"1 KiB"}},"swarmx":{"fanout":8}})");
  EXPECT_EQ(to_string(tree.find("wafer")->find("clock")->at), "--set");
}

TEST(SetValue, ANumberPicksAnItemOfAList) {
  Tree tree = parse_tree("a: [{b: 1}, {b: 2}]", "f.yaml");
  set_value(tree, "a.1.b", "3", "--set");
  EXPECT_EQ(to_json(tree), R"({"a":[{"b":1},{"b":3}]})");
  EXPECT_EQ(complaint([&] { set_value(tree, "a.2.b", "3", "--set"); }),
            "--set: a.2.b: 'a' is a list, and '2' is none of its 2 positions");
}

TEST(SetValue, NamesTheOptionWhenItIsWrong) {
  Tree tree = parse_tree("a: {b: 1}", "f.yaml");
  const auto set = [&](std::string_view key, std::string_view value) {
    return complaint([&] { set_value(tree, key, value, "--set"); });
  };
  EXPECT_EQ(set("a.b.c", "1"), "--set: a.b.c: 'a.b' holds a value, not a map of keys");
  EXPECT_EQ(set("a..b", "1"), "--set: a..b: expected a key such as 'wafer.clock'");
  EXPECT_EQ(set("a.c", ""), "--set: a.c: is empty, expected YAML");
  EXPECT_EQ(set("a.c", "[1"),
            "--set: a.c: expected a word as key, got a list or a bracket that is never closed");
}

TEST(ToJson, QuotesWhatIsNotAJsonNumber) {
  const Tree tree = parse_tree("[010, 1e9, 1e999, -0, .5, '1', \"a\\tb\\\"\", true, 'true', ~, 5 us]", "f");
  EXPECT_EQ(to_json(tree), R"(["010",1e9,"1e999",-0,".5","1","a\tb\"",true,"true",null,"5 us"])");
}

}  // namespace
}  // namespace wafersim
