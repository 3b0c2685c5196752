// Walks the tree in its order.
#include "study/flatten.hpp"

#include <cstdlib>

namespace wafersim::study_detail {
namespace {

void add(const Tree& tree, const std::string& path, std::vector<Override>& values) {
  const auto below = [&](const std::string& name) { return path.empty() ? name : path + "." + name; };
  if (tree.kind == Tree::Kind::scalar || tree.kind == Tree::Kind::null) {
    values.push_back({.key = path, .value = tree.kind == Tree::Kind::null ? "null" : tree.text});
  }
  for (const Tree::Entry& entry : tree.entries) add(entry.value, below(entry.key), values);
  for (std::size_t i = 0; i < tree.items.size(); ++i) {
    const Tree* name = tree.items[i].find("name");
    if (name == nullptr) name = tree.items[i].find("part");
    add(tree.items[i], below(name != nullptr ? name->text : std::to_string(i)), values);
  }
}

}  // namespace

std::vector<Override> flatten(const Tree& tree, const std::string& path) {
  std::vector<Override> values;
  add(tree, path, values);
  return values;
}

std::vector<Override> figures_of(const Tree& result) {
  std::vector<Override> values;
  for (const Tree::Entry& entry : result.entries) {
    if (entry.key == "schema" || entry.key == "version" || entry.key == "inputs" || entry.key == "tolerance")
      continue;
    add(entry.value, entry.key, values);
  }
  return values;
}

std::vector<Override> inputs_of(const Tree& result) {
  const Tree* inputs = result.find("inputs");
  std::vector<Override> values = flatten(*inputs->find("machine"));
  const std::vector<Override> workload = flatten(*inputs->find("workload"), "workload");
  values.insert(values.end(), workload.begin(), workload.end());
  return values;
}

bool same_value(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto is_real = [](const std::string& text) { return text.find_first_of(".e") != std::string::npos; };
  if (!is_real(a) && !is_real(b)) return false;
  char* end_a = nullptr;
  char* end_b = nullptr;
  const double x = std::strtod(a.c_str(), &end_a);
  const double y = std::strtod(b.c_str(), &end_b);
  return end_a != a.c_str() && end_b != b.c_str() && *end_a == '\0' && *end_b == '\0' && x == y;
}

}  // namespace wafersim::study_detail
