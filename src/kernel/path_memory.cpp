// A table that stops growing at some size: a study of random sparsities never asks the same twice.
#include "wafersim/kernel/path_memory.hpp"

#include <charconv>
#include <utility>

namespace wafersim {
namespace {
constexpr std::size_t kMostPaths = 20'000;  // two megabytes
}

PathMemory& PathMemory::of_process() {
  static PathMemory memory;
  return memory;
}

std::optional<std::uint64_t> PathMemory::find(const Key& key) const {
  const auto known = paths_.find(key);
  if (known == paths_.end()) return {};
  return known->second;
}

void PathMemory::add(const Key& key, std::uint64_t path) {
  if (paths_.size() >= kMostPaths || !paths_.emplace(key, path).second) return;
  for (const std::uint64_t number : key) news_ += std::to_string(number) + ' ';
  news_ += std::to_string(path) + ' ';
}

std::string PathMemory::take_news() {
  return std::exchange(news_, {});
}

void PathMemory::learn(std::string_view news) {
  Key key{};
  std::size_t field = 0;
  while (!news.empty()) {
    const std::size_t end = news.find(' ');
    if (end == std::string_view::npos) return;
    std::uint64_t number = 0;
    std::from_chars(news.data(), news.data() + end, number);
    news.remove_prefix(end + 1);
    if (field < key.size()) {
      key[field++] = number;
    } else {
      if (paths_.size() < kMostPaths) paths_.emplace(key, number);
      field = 0;
    }
  }
}

}  // namespace wafersim
