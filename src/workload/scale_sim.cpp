// Lines of a table become layers; what they leave open is decided as docs/formats/scale-sim.md says.
#include "workload/scale_sim.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "wafersim/base/parse.hpp"
#include "wafersim/base/wide.hpp"
#include "wafersim/workload/graph_builder.hpp"

#include "workload/graph_writer.hpp"
#include "workload/quote.hpp"

namespace wafersim::workload_detail {
namespace {

constexpr std::uintmax_t kLargestFile = 64U << 20U;

struct Cell {
  std::string text;
  SourceLocation at;
};

// Columns of the two forms, after the name.
constexpr std::size_t kConvolutionColumns = 7;
constexpr std::size_t kProductColumns = 3;

std::vector<Cell> cells_of(std::string_view line, const std::string& file, std::uint32_t number) {
  std::vector<Cell> cells;
  std::size_t from = 0;
  while (from <= line.size()) {
    const std::size_t comma = std::min(line.find(',', from), line.size());
    std::string_view text = line.substr(from, comma - from);
    std::size_t column = from + 1;
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
      text.remove_prefix(1);
      ++column;
    }
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
    cells.push_back({.text = std::string{text},
                     .at = {.file = file, .line = number, .column = static_cast<std::uint32_t>(column)}});
    from = comma + 1;
  }
  if (!cells.empty() && cells.back().text.empty()) cells.pop_back();  // lines end with a comma
  return cells;
}

std::string layer_name(const std::string& text) {
  std::string name = text.substr(0, 150);
  for (char& c : name) {
    const bool allowed = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                         std::string_view{"._-/:"}.find(c) != std::string_view::npos;
    if (!allowed) c = '_';
  }
  return name;
}

class Topology {
 public:
  Topology(const std::string& file, const std::string& name) : file_{file}, builder_{name, {.file = file}} {}

  ImportedModel read(std::string_view text) {
    std::uint32_t number = 0;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      take(cells_of(line, file_, ++number));
      if (problems_.items().size() > 20) break;
    }
    if (problems_.empty() && builder_.size() == 0) problems_.add({.file = file_}, {}, "has no layers");
    problems_.throw_if_any();
    end_chain();
    ImportedModel model;
    model.graph = builder_.build();
    model.key = "graph";
    model.resolved = write_graph(model.graph);
    model.max_positions = 1;
    model.fixed_sequence = true;
    model.kept = kept_of(model.graph);
    return model;
  }

 private:
  void take(const std::vector<Cell>& cells);
  [[nodiscard]] std::optional<std::uint64_t> number(const Cell& cell, std::uint64_t high);
  void convolution(const std::string& name, const std::vector<std::uint64_t>& sizes,
                   const SourceLocation& at);
  void product(const std::string& name, const std::vector<std::uint64_t>& sizes, const SourceLocation& at);
  void sparsity(const std::string& name, const Cell& cell);
  [[nodiscard]] LayerDraft start(const std::string& name, OpKind op, const SourceLocation& at) const;
  // The layer before, if it gives what is wanted; else an input that does.
  std::string source(const std::string& name, std::uint64_t features, Extent extent, Extent slack,
                     const SourceLocation& at);
  void end_chain();
  [[nodiscard]] std::vector<KeptWeights> kept_of(const Graph& graph) const;

  std::string file_;
  GraphBuilder builder_;
  Problems problems_;
  std::size_t columns_{0};  // of the header; 0 before it
  std::set<std::string> names_;
  std::string last_;  // the layer before; empty at the start
  std::uint64_t last_features_{};
  Extent last_extent_{};
  std::uint64_t losses_{};
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> ratios_;  // N of M weights stay
};

LayerDraft Topology::start(const std::string& name, OpKind op, const SourceLocation& at) const {
  LayerDraft draft;
  draft.name = name;
  draft.op = op;
  draft.at = at;
  return draft;
}

std::optional<std::uint64_t> Topology::number(const Cell& cell, std::uint64_t high) {
  const Parsed<std::uint64_t> parsed = parse_count(cell.text);
  if (!parsed.value) {
    problems_.add(cell.at, {}, fmt::format("expected a whole number, got {}", in_quotes(cell.text)));
  } else if (*parsed.value == 0 || *parsed.value > high) {
    problems_.add(cell.at, {}, fmt::format("must be between 1 and {}, got {}", high, *parsed.value));
  } else {
    return parsed.value;
  }
  return std::nullopt;
}

void Topology::take(const std::vector<Cell>& cells) {
  if (cells.empty() || (cells.size() == 1 && cells.front().text.empty())) return;
  if (columns_ == 0) {
    // The header says which form it is: "M, N, K" or seven sizes of a convolution.
    columns_ = cells.size() >= 2 && cells[1].text == "M" ? kProductColumns : kConvolutionColumns;
    if (cells.size() >= columns_ + 1 && !parse_count(cells[1].text).value) return;
    problems_.add(cells.front().at, {},
                  "expected a header: 'Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, "
                  "Channels, Num Filter, Strides,' or 'Layer, M, N, K,'");
    return;
  }
  if (cells.size() < columns_ + 1 || cells.size() > columns_ + 2) {
    problems_.add(cells.front().at, {},
                  fmt::format("expected {} columns, and perhaps one for N:M sparsity, got {}", columns_ + 1,
                              cells.size()));
    return;
  }
  const std::string name = layer_name(cells.front().text);
  if (name.empty() || !names_.insert(name).second) {
    problems_.add(cells.front().at, {},
                  name.empty() ? "a layer needs a name" : fmt::format("duplicate name {}", in_quotes(name)));
    return;
  }
  std::vector<std::uint64_t> sizes;
  for (std::size_t i = 1; i <= columns_; ++i) {
    const bool side = columns_ == kConvolutionColumns && i != 5 && i != 6;
    if (const auto value = number(cells[i], side ? kMaxSide : kMaxFeatures)) sizes.push_back(*value);
  }
  if (sizes.size() != columns_) return;
  if (columns_ == kConvolutionColumns) {
    convolution(name, sizes, cells.front().at);
  } else {
    product(name, sizes, cells.front().at);
  }
  if (cells.size() == columns_ + 2) sparsity(name, cells.back());
}

// "2:4": of four neighbouring weights two stay.
void Topology::sparsity(const std::string& name, const Cell& cell) {
  const std::size_t colon = cell.text.find(':');
  if (colon == std::string::npos) {
    problems_.add(cell.at, {}, fmt::format("expected N:M, such as 2:4, got {}", in_quotes(cell.text)));
    return;
  }
  const auto part = [&](std::size_t from, std::size_t count) {
    return number({.text = cell.text.substr(from, count), .at = cell.at}, kMaxSide);
  };
  const auto n = part(0, colon);
  const auto m = part(colon + 1, std::string::npos);
  if (n && m && *n > *m) problems_.add(cell.at, {}, fmt::format("{} of {} weights cannot stay", *n, *m));
  if (n && m && *n < *m) ratios_[name] = {*n, *m};
}

std::string Topology::source(const std::string& name, std::uint64_t features, Extent extent, Extent slack,
                             const SourceLocation& at) {
  // Sizes of the file include padding, of less than a window.
  const auto pads = [](std::uint64_t from, std::uint64_t to, std::uint64_t window) {
    return from <= to && to - from < window;
  };
  const bool follows = !last_.empty() && last_features_ == features &&
                       pads(last_extent_.width, extent.width, slack.width) &&
                       pads(last_extent_.height, extent.height, slack.height);
  if (follows) return last_;
  if (!last_.empty()) end_chain();
  LayerDraft draft = start(name + ".input", OpKind::input, at);
  draft.features = features;
  draft.extent = extent;
  std::string input = draft.name;
  builder_.add(std::move(draft));
  return input;
}

void Topology::convolution(const std::string& name, const std::vector<std::uint64_t>& sizes,
                           const SourceLocation& at) {
  const Extent image{.width = sizes[1], .height = sizes[0]};
  const Extent kernel{.width = sizes[3], .height = sizes[2]};
  const std::uint64_t stride = sizes[6];
  if (kernel.width > image.width || kernel.height > image.height) {
    problems_.add(at, name,
                  fmt::format("a filter of {}x{} does not fit an input of {}x{}", kernel.width, kernel.height,
                              image.width, image.height));
    return;
  }
  const std::string input = source(name, sizes[4], image, kernel, at);
  LayerDraft draft = start(name, OpKind::convolution, at);
  draft.inputs.push_back({.layer = input, .at = at});
  draft.features = sizes[5];
  draft.kernel = kernel;
  draft.stride = Extent{stride, stride};
  draft.extent = Extent{.width = (image.width - kernel.width) / stride + 1,
                        .height = (image.height - kernel.height) / stride + 1};
  last_ = name;
  last_features_ = draft.features;
  last_extent_ = *draft.extent;
  builder_.add(std::move(draft));
}

void Topology::product(const std::string& name, const std::vector<std::uint64_t>& sizes,
                       const SourceLocation& at) {
  const Extent rows{.width = sizes[0], .height = 1};
  const std::string input = source(name, sizes[2], rows, {1, 1}, at);
  LayerDraft draft = start(name, OpKind::linear, at);
  draft.inputs.push_back({.layer = input, .at = at});
  draft.features = sizes[1];
  last_ = name;
  last_features_ = draft.features;
  last_extent_ = rows;
  builder_.add(std::move(draft));
}

void Topology::end_chain() {
  LayerDraft draft =
      start(losses_ == 0 ? "loss" : fmt::format("loss.{}", losses_), OpKind::loss, {.file = file_});
  while (names_.contains(draft.name)) draft.name += ".end";
  ++losses_;
  draft.inputs.push_back({.layer = last_, .at = draft.at});
  builder_.add(std::move(draft));
}

std::vector<KeptWeights> Topology::kept_of(const Graph& graph) const {
  std::vector<KeptWeights> kept;
  for (const Layer& layer : graph.layers) {
    const auto ratio = ratios_.find(layer.name);
    if (ratio == ratios_.end()) continue;
    const auto [n, m] = ratio->second;
    kept.push_back({.layer = layer.name, .weights = multiply_divide_up(layer.matrix_weights, n, m)});
  }
  return kept;
}

}  // namespace

ImportedModel read_scale_sim(std::string_view text, const std::string& file, const std::string& name) {
  const auto control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t';
  };
  if (std::any_of(text.begin(), text.end(), control)) {
    throw InputError{
        {.at = {.file = file}, .key = {}, .message = "is not a table: it has control characters"}};
  }
  return Topology{file, name}.read(text);
}

ImportedModel load_scale_sim(const std::filesystem::path& file, const std::string& name) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error || size > kLargestFile) {
    throw InputError{{.at = {.file = file.string()},
                      .key = {},
                      .message = error ? fmt::format("cannot be read: {}", error.message())
                                       : fmt::format("is larger than {} MiB", kLargestFile >> 20U)}};
  }
  std::ifstream stream{file, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{stream}, {}};
  return read_scale_sim(text, file.string(), name);
}

}  // namespace wafersim::workload_detail
