// Explains why nothing moves any more: who waits for what, followed until the waits close a circle or end.
#pragma once

#include <string>
#include <vector>

#include "wafersim/mesh/engine.hpp"

namespace wafersim {

struct Wait {
  PeAt at;
  std::string what;  // "task 'reduce' waits for a wavelet of color 3"
  friend bool operator==(const Wait&, const Wait&) = default;
};

struct DeadlockExplanation {
  std::vector<Wait> chain;     // each waits for the next
  bool closes = false;         // the last waits for one before it
  std::size_t circle_begin{};  // which one, if it closes
  // All waits of tasks and microthreads that read alike, with how many PEs have them and the first of these.
  struct Group {
    std::string what;
    std::size_t pes{};
    PeAt first;
  };
  std::vector<Group> groups;
};
// For an engine whose outcome is `deadlock`.
[[nodiscard]] DeadlockExplanation explain_deadlock(const MeshEngine& engine);
// As lines for a person.
[[nodiscard]] std::string to_string(const DeadlockExplanation& explanation);

}  // namespace wafersim
