// Critical paths through mask samples that were found before. Each is a pure function of its key, so it makes
// no difference to any result which process found it, or when.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace wafersim {

class PathMemory {
 public:
  // Width, rows, share pruned, seed; features of a column, outputs that may be ahead.
  using Key = std::array<std::uint64_t, 6>;

  // That of this process. A forked process begins with what its parent knew.
  static PathMemory& of_process();

  [[nodiscard]] std::optional<std::uint64_t> find(const Key& key) const;
  void add(const Key& key, std::uint64_t path);

  // What was added since the program began, or since the last call, on one line; and the way back.
  [[nodiscard]] std::string take_news();
  void learn(std::string_view news);

 private:
  std::map<Key, std::uint64_t> paths_;
  std::string news_;
};

}  // namespace wafersim
