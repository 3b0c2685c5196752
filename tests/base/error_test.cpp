// Problems are reported all at once, in the order of the file.
#include "wafersim/base/error.hpp"

#include <gtest/gtest.h>

namespace wafersim {
namespace {

TEST(Problem, ReadsAsFileLineColumnKeyMessage) {
  const Problem problem{{"cs2-slow.yaml", 4, 3}, "wafer.clokc", "unknown key (did you mean 'clock'?)"};
  EXPECT_EQ(to_string(problem), "cs2-slow.yaml:4:3: wafer.clokc: unknown key (did you mean 'clock'?)");
}

TEST(Problem, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ(to_string(Problem{{"--set"}, "a.b", "bad"}), "--set: a.b: bad");
  EXPECT_EQ(to_string(Problem{{"f.yaml", 2}, "", "bad"}), "f.yaml:2: bad");
}

TEST(Problems, AreThrownTogetherInTheOrderOfTheFile) {
  Problems problems;
  problems.throw_if_any();  // nothing to throw
  problems.add({"f", 9, 1}, "b", "second");
  problems.add({"f", 2, 1}, "a", "first");
  try {
    problems.throw_if_any();
    FAIL() << "nothing was thrown";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "f:2:1: a: first\nf:9:1: b: second");
  }
}

}  // namespace
}  // namespace wafersim
