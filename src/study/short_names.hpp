// Keys as column titles; private to this room.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace wafersim::study_detail {

// "nodes" of "cluster.nodes", where no other key ends so.
inline std::string short_name(const std::string& key, const std::vector<std::string>& keys) {
  const auto last = [](const std::string& name) { return name.substr(name.rfind('.') + 1); };
  const auto same = std::count_if(keys.begin(), keys.end(),
                                  [&](const std::string& other) { return last(other) == last(key); });
  return same == 1 ? last(key) : key;
}

}  // namespace wafersim::study_detail
