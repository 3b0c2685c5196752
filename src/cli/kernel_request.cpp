// Reads sizes and settings, by family of kernels.
#include "cli/kernel_request.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/parse.hpp"
#include "wafersim/base/suggest.hpp"
#include "wafersim/config/machine.hpp"
#include "wafersim/workload/mask_file.hpp"

#include "cli/command.hpp"

namespace wafersim::cli {
namespace {

constexpr std::uint64_t kLargestNumber = 1'000'000'000;

using Setter = std::function<void(const std::string& key, const std::string& value)>;
using Setters = std::map<std::string, Setter>;

void apply_settings(const std::vector<std::string>& settings, const Setters& setters) {
  for (const std::string& setting : settings) {
    const auto [key, value] = parse_override(setting);
    const auto found = setters.find(key);
    if (found == setters.end()) {
      std::vector<std::string> known;
      for (const auto& [name, set] : setters) known.push_back(name);
      refuse("--set " + setting, fmt::format("unknown key (known: {})", fmt::join(known, ", ")));
    }
    found->second(key, value);
  }
}

Precision precision(const std::string& key, const std::string& text) {
  for (const Precision it : {Precision::f32, Precision::f16, Precision::mixed}) {
    if (text == name_of(it)) return it;
  }
  refuse(key, "expected f32, f16 or mixed, got '" + text + "'");
}

Fraction share(const std::string& key, const std::string& text) {
  const wafersim::Parsed<Fraction> share = parse_fraction(text);
  if (!share.value) refuse(key, share.problem);
  return *share.value;
}

CollectiveRequest collective_request(const KernelWords& words) {
  CollectiveRequest request{
      .kernel = words.name, .grid = words.grid, .length = kernel_number("--size", words.size)};
  apply_settings(
      words.settings,
      {{"kernel.dtype",
        [&](const std::string& key, const std::string& value) { request.precision = precision(key, value); }},
       {"kernel.group", [&](const std::string& key, const std::string& value) {
          request.group = kernel_number(key, value);
        }}});
  return request;
}

std::vector<std::uint32_t> sizes(const std::string& text) {
  std::vector<std::uint32_t> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('x', begin), text.size());
    parts.push_back(kernel_number("--size", text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

// The dimensions that a kernel's size names; one number stands for all.
struct SizeWords {
  const char* form;
  std::vector<std::uint32_t MatrixRequest::*> parts;
};
SizeWords size_words(const std::string& kernel) {
  if (kernel.starts_with("stencil.")) return {"the cells of a column", {&MatrixRequest::m}};
  if (kernel.starts_with("fft.")) return {"the points along an axis", {&MatrixRequest::m}};
  if (kernel.starts_with("gemv.")) return {"KxN", {&MatrixRequest::k, &MatrixRequest::n}};
  if (kernel == "attention" || kernel == "layernorm")
    return {"TOKENSxFEATURES", {&MatrixRequest::m, &MatrixRequest::k}};
  return {"MxKxN", {&MatrixRequest::m, &MatrixRequest::k, &MatrixRequest::n}};
}

void set_size(MatrixRequest& request, const std::string& text) {
  const std::vector<std::uint32_t> given = sizes(text);
  const SizeWords wanted = size_words(request.kernel);
  if (given.size() != 1 && given.size() != wanted.parts.size())
    refuse("--size", fmt::format("{} takes {}, got '{}'", request.kernel, wanted.form, text));
  for (std::size_t i = 0; i < wanted.parts.size(); ++i)
    request.*wanted.parts[i] = given.size() == 1 ? given[0] : given[i];
}

// How a mask is drawn, or where it is read from.
struct MaskWords {
  Fraction sparsity;
  std::uint64_t seed = 1;
  std::string pattern = "uniform";
};

std::shared_ptr<const MaskSample> mask_of(const MaskWords& words, std::uint64_t in, std::uint64_t out) {
  constexpr const char* kKey = "kernel.mask";
  const std::string& text = words.pattern;
  const bool levels = text == "uniform" || text.starts_with("block:");
  if (!levels && words.sparsity.billionths != 0)
    refuse("kernel.sparsity", fmt::format("the mask {} has a level of its own", text));
  if (text.starts_with("file:"))
    return std::make_shared<MaskSample>(in, out, read_mask(text.substr(5), out, in));
  const wafersim::Parsed<MaskPattern> pattern = parse_mask_pattern(text);
  if (!pattern.value)
    refuse(kKey, pattern.problem + (text.find(':') == std::string::npos ? "; or file:PATH" : ""));
  if (levels && words.sparsity.billionths == 0) return nullptr;
  return std::make_shared<MaskSample>(in, out, words.sparsity, words.seed, *pattern.value);
}

MatrixRequest matrix_request(const KernelWords& words) {
  MatrixRequest request{.kernel = words.name, .grid = words.grid};
  MaskWords mask;
  set_size(request, words.size);
  const auto set_values = [&](const std::string& key, const std::string& value) {
    if (value != "whole" && value != "fractions")
      refuse(key, fmt::format("expected 'whole' or 'fractions', got '{}'", value));
    request.values = value == "whole" ? OperandValues::whole : OperandValues::fractions;
  };
  const auto set_sparsity = [&](const std::string& key, const std::string& value) {
    mask.sparsity = share(key, value);
    request.sparsity = static_cast<double>(mask.sparsity.billionths) / Fraction::kOne;
  };
  const auto set_mask = [&](const std::string& key, const std::string& value) {
    if (words.name != "spmm") refuse(key, fmt::format("{} has no matrix with zeros", words.name));
    mask.pattern = value;
  };
  apply_settings(
      words.settings,
      {{"kernel.dtype", [&](const std::string&, const std::string& value) { request.dtype = value; }},
       {"kernel.group",
        [&](const std::string& key, const std::string& value) { request.group = kernel_number(key, value); }},
       {"kernel.mask", set_mask},
       {"kernel.seed",
        [&](const std::string& key, const std::string& value) { request.seed = kernel_number(key, value); }},
       {"kernel.sparsity", set_sparsity},
       {"kernel.values", set_values}});
  mask.seed = request.seed;
  if (mask.pattern != "uniform") request.mask = mask_of(mask, request.k, request.m);
  return request;
}

// X,Y
void set_place(SlowPe& slow, const std::string& key, const std::string& text) {
  const std::size_t comma = text.find(',');
  if (comma == std::string::npos) refuse(key, fmt::format("expected X,Y, as in 0,3, got '{}'", text));
  slow.column = kernel_number(key, text.substr(0, comma), 0);
  slow.row = kernel_number(key, text.substr(comma + 1), 0);
}

// M tokens, K inputs, N outputs; the delta pass sums over the outputs.
WsRequest ws_request(const KernelWords& words) {
  const std::vector<std::uint32_t> parts = sizes(words.size);
  if (parts.size() != 1 && parts.size() != 3)
    refuse("--size", fmt::format("{} takes MxKxN, got '{}'", words.name, words.size));
  WsRequest request{.kernel = words.name,
                    .grid = words.grid,
                    .tokens = parts.front(),
                    .in = parts[parts.size() / 2],
                    .out = parts.back(),
                    .parameters = ws_parameters()};
  if (words.name == "ws.delta") std::swap(request.in, request.out);
  MaskWords mask;
  const auto set_number = [](std::uint32_t& field) {
    return [&field](const std::string& key, const std::string& value) { field = kernel_number(key, value); };
  };
  const auto set_dtype = [&](const std::string& key, const std::string& value) {
    const std::map<std::string, Arithmetic> known{
        {"f16", Arithmetic::fp16}, {"mixed", Arithmetic::mixed}, {"f32", Arithmetic::fp32}};
    if (!known.contains(value)) refuse(key, fmt::format("expected f16, mixed or f32, got '{}'", value));
    request.arithmetic = known.at(value);
  };
  const auto set_entry = [&](const std::string& key, const std::string& value) {
    if (value != "edge" && value != "ports")
      refuse(key, fmt::format("expected edge or ports, got '{}'", value));
    request.entry = value == "edge" ? WeightEntry::edge : WeightEntry::ports;
  };
  const auto set_sparsity = [&](const std::string& key, const std::string& value) {
    mask.sparsity = share(key, value);
  };
  const auto set_zeros = [&](const std::string& key, const std::string& value) {
    request.zeros = share(key, value);
  };
  const auto set_gradient = [&](const std::string& key, const std::string& value) {
    if (value != "delta" && value != "weight")
      refuse(key, fmt::format("expected 'delta' or 'weight', got '{}'", value));
    request.gradient = value == "delta" ? GradientStyle::by_delta : GradientStyle::by_weight;
  };
  std::optional<SlowPe> slow;
  std::uint32_t slow_cycles = 0;
  const auto set_slow = [&](const std::string& key, const std::string& value) {
    set_place(slow.emplace(), key, value);
  };
  apply_settings(
      words.settings,
      {{"kernel.accumulators", set_number(request.accumulators)},
       {"kernel.dtype", set_dtype},
       {"kernel.entry", set_entry},
       {"kernel.gradient", set_gradient},
       {"kernel.groups", set_number(request.groups)},
       {"kernel.mask", [&](const std::string&, const std::string& value) { mask.pattern = value; }},
       {"kernel.seed",
        [&](const std::string& key, const std::string& value) { mask.seed = kernel_number(key, value); }},
       {"kernel.skip_block", set_number(request.skip_block)},
       {"kernel.slow_cycles", set_number(slow_cycles)},
       {"kernel.slow_pe", set_slow},
       {"kernel.sparsity", set_sparsity},
       {"kernel.zeros", set_zeros}});
  request.zeros_seed = mask.seed;
  request.mask = mask_of(mask, request.in, request.out);
  if (slow.has_value() != (slow_cycles != 0))
    refuse("kernel.slow_pe", "needs kernel.slow_cycles, and that needs kernel.slow_pe: which PE, how slow");
  if (slow) slow->cycles = slow_cycles;
  request.slow = slow;
  return request;
}

}  // namespace

std::uint32_t kernel_number(const std::string& option, const std::string& text, std::uint64_t least) {
  const wafersim::Parsed<std::uint64_t> value = parse_count(text);
  if (!value.value) refuse(option, value.problem);
  if (*value.value < least || *value.value > kLargestNumber)
    refuse(option, fmt::format("expected a number from {} to {}, got '{}'", least, kLargestNumber, text));
  return static_cast<std::uint32_t>(*value.value);
}

KernelRequest kernel_request(const KernelWords& words) {
  const auto is_in = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), words.name) != names.end();
  };
  if (is_in(matrix_kernel_names())) return matrix_request(words);
  if (is_in(ws_names())) return ws_request(words);
  if (is_in(collective_names())) return collective_request(words);
  const auto near = nearest_word(words.name, kernel_names());
  refuse("kernel",
         fmt::format("unknown kernel '{}'{}", words.name, near ? " (did you mean '" + *near + "'?)" : ""));
}

}  // namespace wafersim::cli
