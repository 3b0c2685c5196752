// An ONNX model in plain structs: what the importer needs of it, with every shape known.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wafersim/base/error.hpp"

namespace wafersim::workload_detail {

using Dims = std::vector<std::uint64_t>;

struct OnnxNode {
  std::string name;  // never empty
  std::string op;    // with its domain before a dot, unless that is the standard one
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::map<std::string, std::vector<std::int64_t>> ints;
  std::map<std::string, std::string> texts;

  [[nodiscard]] std::int64_t number(const std::string& attribute, std::int64_t otherwise) const;
};

struct OnnxTensor {
  Dims dims;
  bool real{};                       // floating point of some width, not whole numbers
  std::vector<std::int64_t> values;  // of a small tensor of whole numbers whose data is there
  // Of a stored square matrix whose data is there: whether it holds one number above its diagonal and another
  // one everywhere else, as a causal mask does.
  std::optional<bool> triangle;
  bool symbolic_first{};  // of a graph input: its first dimension had a name in the file
  bool symbolic_second{};
};

struct OnnxModel {
  std::vector<std::string> inputs;  // that are not initializers, in the order of the file
  std::vector<std::string> outputs;
  std::vector<OnnxNode> nodes;                // each after those whose outputs it takes
  std::map<std::string, OnnxTensor> weights;  // initializers and constants
  std::map<std::string, OnnxTensor> shapes;   // of everything else whose shape is known
};

using Bindings = std::map<std::string, std::uint64_t>;

// Parses a model, replaces symbolic dimensions by their bindings and infers the shapes. Weights need not be
// there: only their dimensions are looked at. Throws InputError.
[[nodiscard]] OnnxModel load_onnx(const std::filesystem::path& file, const Bindings& bindings);
[[nodiscard]] OnnxModel parse_onnx(std::string_view bytes, const std::string& file, const Bindings& bindings);

}  // namespace wafersim::workload_detail
