// Names and shapes of layers that an ONNX graph becomes.
#include "workload/onnx_values.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace wafersim::workload_detail {
namespace {

// Exporters put anything into names; ours have few characters.
std::string clean(std::string_view wanted) {
  constexpr std::size_t kLongest = 150;
  for (const std::string_view suffix : {".weight", "_weight", "_w_0", ".kernel"}) {
    if (wanted.ends_with(suffix) && wanted.size() > suffix.size()) wanted.remove_suffix(suffix.size());
  }
  while (wanted.starts_with('/')) wanted.remove_prefix(1);
  std::string name{wanted.substr(0, kLongest)};
  for (char& c : name) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                         std::string_view{"._-/:"}.find(c) != std::string_view::npos;
    if (!allowed) c = '_';
  }
  return name.empty() ? "layer" : name;
}

}  // namespace

std::uint64_t numbers_of(const Dims& dims) {
  std::uint64_t numbers = 1;
  for (const std::uint64_t dim : dims) numbers *= dim;
  return numbers;
}

LayerDraft OnnxLayers::start(const std::string& wanted, OpKind op, const std::vector<std::string>& inputs) {
  LayerDraft draft;
  draft.name = clean(wanted);
  while (shapes_.contains(draft.name))
    draft.name = fmt::format("{}:{}", clean(wanted), ++used_[clean(wanted)]);
  draft.op = op;
  draft.at = {.file = file_};
  for (const std::string& input : inputs) draft.inputs.push_back({.layer = input, .at = draft.at});
  return draft;
}

std::string OnnxLayers::add(LayerDraft draft, Shape shape) {
  std::string name = draft.name;
  shapes_[name] = shape;
  drafts_.push_back(std::move(draft));
  return name;
}

LayerDraft* OnnxLayers::last_unused(const std::string& layer) {
  if (drafts_.empty() || drafts_.back().name != layer) return nullptr;
  return &drafts_.back();
}

std::optional<Extent> OnnxLayers::extent(std::uint64_t positions) const {
  if (tokens_ > 0 && positions == tokens_) return Extent{};
  return Extent{.width = positions, .height = 1};
}

Graph OnnxLayers::build(const std::string& name) const {
  GraphBuilder builder{name, {.file = file_}};
  for (const LayerDraft& draft : drafts_) builder.add(draft);
  return builder.build();
}

}  // namespace wafersim::workload_detail
