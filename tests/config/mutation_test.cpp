// The laws of the fuzzer, for a few thousand mutated files that are the same in every run.
#include <array>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "wafersim/base/random.hpp"

#include "config/shipped_machines.hpp"
#include "fuzz/config_laws.hpp"

namespace wafersim {
namespace {

std::vector<std::string> seeds() {
  std::vector<std::string> texts{
      "a: [1, {b: c}]\n", "? x\n: - y\n  - |\n   text\n", "{\"a\":[1,2.5e3,null,true,\"\\u00e9\"],\"b\":{}}",
      "a: &x 1\nb: *x\nc: !!str 2\n---\nd: 1\n...\n", "base: a.yaml\n\"k\\n\": 'it''s'\n"};
  for (const std::string& name : test::shipped_machines()) {
    std::ostringstream text;
    text << std::ifstream{test::shipped_machine(name)}.rdbuf();
    texts.push_back(text.str());
    // Without comments a mutation is more likely to hit something that is read.
    texts.push_back(to_json(to_tree(load_machine(test::shipped_machine(name)))));
  }
  return texts;
}

std::size_t below(Random& random, std::size_t bound) {
  return static_cast<std::size_t>(random.below(bound));
}

void mutate(std::string& text, const std::string& other, Random& random) {
  constexpr std::array<std::string_view, 22> kWords{
      "\n", ": ",   "- ",    "{", "}",  "[", "]",    "\"",  "'",  "&a ",      "*a",
      "|",  "!!x ", "---\n", "#", "\t", "~", "1e99", "-1 ", "%%", "\xC3\xA9", std::string_view{"\0", 1}};
  const std::size_t at = below(random, text.size() + 1);
  switch (random.below(5)) {
    case 0:
      text.insert(at, kWords.at(below(random, kWords.size())));
      break;
    case 1:
      text.erase(at, below(random, 40));
      break;
    case 2:
      if (at < text.size()) text[at] = static_cast<char>(random.below(256));
      break;
    case 3:
      text.insert(at, text.substr(below(random, text.size() + 1), below(random, 60)));
      break;
    default:
      text.insert(at, other.substr(below(random, other.size() + 1), below(random, 60)));
      break;
  }
}

TEST(MutatedFiles, AreReadOrRefusedInOneLine) {
  const std::vector<std::string> texts = seeds();
  Random random{20221};
  for (int i = 0; i < 3000; ++i) {
    std::string text = texts[below(random, texts.size())];
    const std::string& other = texts[below(random, texts.size())];
    for (std::uint64_t n = 1 + random.below(6); n > 0; --n) mutate(text, other, random);
    ASSERT_NO_THROW(test::check_config_laws(text)) << "round " << i << ":\n" << text;
  }
}

TEST(HostileFiles, CostNeitherStackNorTime) {
  constexpr std::size_t kMany = 200'000;
  const auto repeat = [](std::string_view piece) {
    std::string text;
    for (std::size_t i = 0; i < kMany; ++i) text += piece;
    return text;
  };
  for (const std::string_view piece :
       {"[",    "{",     "[[]", "{a: ", "- ",  "? ", "? - ",  "a: {",  "'", "\"", "!",    "&a ", "*a ",
        "a:\n", "- a\n", ": ",  "|\n",  "#\n", "%",  "---\n", "...\n", ",", "\\", "[a, ", "\n ", "a: 1, "}) {
    EXPECT_NO_THROW(test::check_config_laws(repeat(piece))) << piece;
  }
}

}  // namespace
}  // namespace wafersim
