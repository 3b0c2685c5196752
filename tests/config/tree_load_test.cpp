// Files inherit from other files; what cannot be read is named.
#include <gtest/gtest.h>

#include "wafersim/config/tree.hpp"

#include "config/temporary_folder.hpp"

namespace wafersim {
namespace {

class LoadTree : public testing::Test {
 protected:
  [[nodiscard]] std::string complaint_about(const std::string& name) const {
    return folder.without_folder(test::complaint([&] { (void)load_tree(folder.path() / name); }));
  }
  test::TemporaryFolder folder;
};

TEST_F(LoadTree, MergesMapsKeyByKeyAndReplacesTheRest) {
  (void)folder.write("lib/base.yaml", "a: {x: 1, y: 2}\nb: [1, 2]\nc: 3\n");
  (void)folder.write("middle.yaml", "base: lib/base.yaml\na: {y: 5}\n");
  (void)folder.write("top.yaml", "base: middle.yaml\nb: [9]\nd: 4\n");
  const Tree tree = load_tree(folder.path() / "top.yaml");
  EXPECT_EQ(to_json(tree), R"({"a":{"x":1,"y":5},"b":[9],"c":3,"d":4})");
  EXPECT_EQ(folder.without_folder(to_string(tree.find("a")->find("x")->at)), "lib/base.yaml:1:8");
  EXPECT_EQ(folder.without_folder(to_string(tree.find("a")->find("y")->at)), "middle.yaml:2:8");
}

TEST_F(LoadTree, TwoFilesMayShareOneBase) {
  (void)folder.write("base.yaml", "a: 1\n");
  (void)folder.write("one.yaml", "base: ./base.yaml\n");
  EXPECT_EQ(to_json(load_tree(folder.path() / "one.yaml")), R"({"a":1})");
}

TEST_F(LoadTree, NamesWhatItCannotRead) {
  (void)folder.write("empty.yaml", "");
  (void)folder.write("text.yaml", "just some words\n");
  (void)folder.write("null.yaml", "~\n");
  EXPECT_EQ(complaint_about("missing.yaml"), "missing.yaml: no such file");
  EXPECT_EQ(folder.without_folder(test::complaint([&] { (void)load_tree(folder.path()); })),
            folder.path().string() + ": is a directory, expected a file");
  EXPECT_EQ(complaint_about("empty.yaml"), "empty.yaml: is empty, expected YAML");
  EXPECT_EQ(complaint_about("null.yaml"), "null.yaml: is empty, expected YAML");
  EXPECT_EQ(complaint_about("text.yaml"), "text.yaml:1:1: expected a map of keys, got 'just some words'");
}

TEST_F(LoadTree, NamesTheBaseThatIsWrong) {
  (void)folder.write("a.yaml", "x: 1\nbase: gone.yaml\n");
  (void)folder.write("b.yaml", "base: [a.yaml]\n");
  (void)folder.write("c.yaml", "base: .\n");
  EXPECT_EQ(complaint_about("a.yaml"), "a.yaml:2:7: base: 'gone.yaml' no such file");
  EXPECT_EQ(complaint_about("b.yaml"), "b.yaml:1:7: base: expected the name of a file");
  EXPECT_NE(complaint_about("c.yaml").find("is a directory, expected a file"), std::string::npos);
}

TEST_F(LoadTree, FindsLoopsEvenThroughOtherNames) {
  (void)folder.write("a.yaml", "base: sub/b.yaml\n");
  (void)folder.write("sub/b.yaml", "base: ../sub/../a.yaml\n");
  (void)folder.write("self.yaml", "base: self.yaml\n");
  EXPECT_EQ(complaint_about("a.yaml"),
            "sub/b.yaml:1:7: base: files inherit from each other in a loop: a.yaml -> sub/b.yaml -> a.yaml");
  EXPECT_EQ(complaint_about("self.yaml"),
            "self.yaml:1:7: base: files inherit from each other in a loop: self.yaml -> self.yaml");
}

TEST_F(LoadTree, BoundsTheLengthOfAChain) {
  for (int i = 0; i < 40; ++i)
    (void)folder.write(std::to_string(i) + ".yaml", "base: " + std::to_string(i + 1) + ".yaml\n");
  EXPECT_NE(complaint_about("0.yaml").find("inherit from each other too often"), std::string::npos);
}

}  // namespace
}  // namespace wafersim
