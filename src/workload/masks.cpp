// Finds the layer of each tensor, checks its shape, and adds up what stays.
#include "workload/masks.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "workload/quote.hpp"
#include "workload/tensor_files.hpp"

namespace wafersim::workload_detail {
namespace {

namespace fs = std::filesystem;
using Dims = std::vector<std::uint64_t>;

[[noreturn]] void refuse(const std::string& file, const std::string& key, const std::string& message) {
  throw InputError{{.at = {.file = file}, .key = key, .message = message}};
}

// Shapes that the matrix of a layer may be stored in; of several experts, that of one.
std::vector<Dims> shapes_of(const Layer& layer) {
  const std::uint64_t active = layer.experts.active;
  switch (layer.kind) {
    case OpKind::linear: {
      const std::uint64_t in = layer.experts.combine ? layer.in_features / active : layer.in_features;
      const std::uint64_t out = layer.experts.combine ? layer.out_features : layer.out_features / active;
      return {{out, in}, {in, out}};
    }
    case OpKind::embedding:
      return {{layer.in_features, layer.out_features}};
    case OpKind::convolution: {
      const WindowShape& window = layer.window;
      const std::uint64_t first = window.transposed ? layer.in_features : layer.out_features;
      const std::uint64_t second =
          (window.transposed ? layer.out_features : layer.in_features) / window.groups;
      Dims dims{first, second, window.kernel.height, window.kernel.width};
      if (window.kernel.height == 1 && layer.window.in.height <= 1)
        return {dims, {first, second, window.kernel.width}};
      return {dims};
    }
    default:
      return {};
  }
}

// Matches names: "model.layers.0.mlp.up_proj.weight" is the matrix of the layer "layers.0.mlp.up_proj".
class Matcher : public TensorSink {
 public:
  explicit Matcher(const Graph& graph) {
    for (const Layer& layer : graph.layers) {
      known_.insert(layer.name);
      if (layer.matrix_weights == 0 || layer.tied_to) continue;
      owners_[layer.name] = &layer;
    }
  }

  void enter(std::string file) { file_ = std::move(file); }

  bool wants(const TensorHeader& header) override {
    const std::string wanted = without_suffix(header.name);
    const Layer* layer = owner_of(wanted);
    if (layer == nullptr || header.dims.size() < 2) {
      if (!belongs(wanted)) counts_.unmatched.push_back(header.name);
      return false;
    }
    const std::vector<Dims> shapes = shapes_of(*layer);
    if (std::find(shapes.begin(), shapes.end(), header.dims) == shapes.end()) {
      std::vector<std::string> words;
      for (const Dims& shape : shapes) words.push_back(fmt::format("{}", fmt::join(shape, " x ")));
      refuse(file_, in_quotes(header.name),
             fmt::format("has the shape {}, but {} '{}' needs {}", fmt::join(header.dims, " x "),
                         to_string(layer->kind), layer->name, fmt::join(words, " or ")));
    }
    if (!seen_.insert(header.name).second || seen_of_[layer->name]++ == layer->experts.count) {
      refuse(file_, in_quotes(header.name),
             fmt::format("is there twice: '{}' has its matrix already", layer->name));
    }
    current_ = &kept_[layer->name];
    return true;
  }
  void count(std::uint64_t kept) override { *current_ += kept; }

  MaskCounts finish(const std::string& path) {
    for (const auto& [name, seen] : seen_of_) {
      const std::uint64_t count = owners_.at(name)->experts.count;
      if (seen != count) refuse(path, in_quotes(name), fmt::format("has {} of {} experts", seen, count));
    }
    for (const auto& [name, kept] : kept_) counts_.kept.push_back({.layer = name, .weights = kept});
    return std::move(counts_);
  }

 private:
  static std::string without_suffix(std::string name) {
    for (const std::string_view suffix : {".weight_mask", ".weight", ".mask", ".kernel"}) {
      if (name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
    }
    return name;
  }
  // Experts are numbered in files, one layer here: "experts.3.w1" is a part of "experts.w1".
  static std::string without_expert(const std::string& name) {
    const std::size_t at = name.find("experts.");
    if (at == std::string::npos) return name;
    const std::size_t number = at + std::string_view{"experts."}.size();
    const std::size_t end = name.find('.', number);
    const bool digits = end != std::string::npos && end > number &&
                        std::all_of(name.begin() + static_cast<std::ptrdiff_t>(number),
                                    name.begin() + static_cast<std::ptrdiff_t>(end),
                                    [](char c) { return c >= '0' && c <= '9'; });
    return digits ? name.substr(0, number) + name.substr(end + 1) : name;
  }
  // The name itself, or what is left of it without its first modules ("model.", "transformer.").
  template <class Found>
  static bool any_tail(std::string name, const Found& found) {
    constexpr int kMostPrefixes = 3;
    for (int i = 0; i <= kMostPrefixes; ++i) {
      if (found(name)) return true;
      const std::size_t dot = name.find('.');
      if (dot == std::string::npos) return false;
      name.erase(0, dot + 1);
    }
    return false;
  }
  [[nodiscard]] const Layer* owner_of(const std::string& wanted) const {
    const Layer* layer = nullptr;
    (void)any_tail(without_expert(wanted), [&](const std::string& name) {
      const auto known = owners_.find(name);
      if (known != owners_.end()) layer = known->second;
      return layer != nullptr;
    });
    return layer;
  }
  // Biases, gains and tied matrices of layers that we know: nothing to count, nothing to complain about.
  [[nodiscard]] bool belongs(std::string wanted) const {
    if (wanted.ends_with(".bias")) wanted.resize(wanted.size() - 5);
    return any_tail(without_expert(wanted), [&](const std::string& name) { return known_.contains(name); });
  }

  std::set<std::string> known_;
  std::map<std::string, const Layer*> owners_;
  std::set<std::string> seen_;
  std::map<std::string, std::uint64_t> seen_of_;
  std::map<std::string, std::uint64_t> kept_;
  MaskCounts counts_;
  std::string file_;
  std::uint64_t* current_{};
};

void read_file(const fs::path& file, Matcher& matcher) {
  matcher.enter(file.string());
  read_tensors(file, matcher);
}

void read_index(const fs::path& file, Matcher& matcher) {
  constexpr std::uintmax_t kLargestIndex = 100'000'000;
  std::error_code error;
  if (fs::file_size(file, error) > kLargestIndex || error)
    refuse(file.string(), {}, "is too large for an index");
  std::ifstream stream{file, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{stream}, {}};
  for (const std::string& shard : parse_shard_index(text, file.string()))
    read_file(file.parent_path() / shard, matcher);
}

// Of a folder, what an index names, or else every file of tensors, in the order of their names.
void read_folder(const fs::path& folder, const SourceLocation& at, Matcher& matcher) {
  std::set<fs::path> files;
  std::set<fs::path> indices;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator{folder, error}) {
    if (is_tensor_file(entry.path())) files.insert(entry.path());
    if (entry.path().string().ends_with(".safetensors.index.json")) indices.insert(entry.path());
  }
  if (!indices.empty()) return read_index(*indices.begin(), matcher);
  if (error || files.empty()) {
    throw InputError{{.at = at,
                      .key = "masks",
                      .message = fmt::format("{} has no file of tensors (.npy, .npz, .safetensors, .mtx)",
                                             in_quotes(folder.string()))}};
  }
  for (const fs::path& file : files) read_file(file, matcher);
}

}  // namespace

MaskCounts count_masks(const fs::path& path, const Graph& graph, const SourceLocation& at) {
  Matcher matcher{graph};
  std::error_code error;
  if (fs::is_directory(path, error)) {
    read_folder(path, at, matcher);
  } else if (path.extension() == ".json") {
    matcher.enter(path.string());
    read_index(path, matcher);
  } else if (!is_tensor_file(path) || !fs::is_regular_file(path, error)) {
    throw InputError{
        {.at = at,
         .key = "masks",
         .message = fmt::format("expected a .npy, .npz, .safetensors or .mtx file, an index, or a folder "
                                "of them, got {}",
                                in_quotes(path.string()))}};
  } else {
    read_file(path, matcher);
  }
  return matcher.finish(path.string());
}

}  // namespace wafersim::workload_detail
