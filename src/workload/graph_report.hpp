// Collects what is wrong with a graph, once for each place, however often a block repeats it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "wafersim/base/error.hpp"

namespace wafersim::workload_detail {

class GraphReport {
 public:
  // Silent if another layer, another repetition of the same text, was already blamed for this place.
  void add(const SourceLocation& at, const std::string& layer, std::string message) {
    const auto [blamed, first] = blamed_.try_emplace(std::tuple{at.file, at.line, at.column}, layer);
    if (first || blamed->second == layer) problems_.add(at, layer, std::move(message));
  }
  [[nodiscard]] bool empty() const { return problems_.empty(); }
  void throw_if_any() const { problems_.throw_if_any(); }

 private:
  std::map<std::tuple<std::string, std::uint32_t, std::uint32_t>, std::string> blamed_;
  Problems problems_;
};

}  // namespace wafersim::workload_detail
