// Walks the tree in its order.
#include "study/flatten.hpp"

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

}  // namespace wafersim::study_detail
