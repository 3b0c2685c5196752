// What costly functions answered before. Each is a pure function of numbers, so it makes no difference to any
// result which process found an answer, or when.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace wafersim {

class Answers {
 public:
  using Numbers = std::vector<std::uint64_t>;

  // Those of this process to one function, by its name: a word without spaces. A forked process begins with
  // what its parent knew.
  static Answers& to(std::string_view function);

  // What the function gave for these arguments before, or else what `find` gives now.
  template <class Find>
  [[nodiscard]] Numbers recall(const Numbers& arguments, const Find& find) {
    if (const Numbers* before = known(arguments)) return *before;
    Numbers answer = find();
    add(arguments, answer);
    return answer;
  }

  // The two halves of it, where the answer comes from something larger: null if there was none before.
  [[nodiscard]] const Numbers* known(const Numbers& arguments) const;
  void add(const Numbers& arguments, const Numbers& answer);

  // What was found since the program began, or since the last call, by any function, on one line; and the way
  // back, in another process.
  [[nodiscard]] static std::string take_news();
  static void learn(std::string_view news);

 private:
  std::map<Numbers, Numbers> answers_;
  std::string news_;  // "arguments=answer;" for each, numbers behind spaces
};

}  // namespace wafersim
