// Turns named operators, in any order, into a graph whose shapes have been checked; every importer ends here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wafersim/base/error.hpp"
#include "wafersim/workload/graph.hpp"

namespace wafersim {

// No graph of ours is larger; a file that asks for more is wrong or hostile.
inline constexpr std::uint64_t kMaxLayers = 1'000'000;
inline constexpr std::uint64_t kMaxFeatures = 1'000'000'000'000;
inline constexpr std::uint64_t kMaxSide = 1'000'000;  // of an image or a window

// A layer's name, and where it was written.
struct Reference {
  std::string layer;
  SourceLocation at;
};

// What an importer says about one operator; everything else follows from its inputs.
struct LayerDraft {
  std::string name;
  OpKind op{};
  SourceLocation at;
  std::vector<Reference> inputs;             // layers whose outputs it takes; embeddings and inputs have none
  std::uint64_t rows{};                      // embedding: entries of the table
  std::uint64_t features{};                  // that come out, of operators that may choose; of a move 0: the
                                             // same as come in
  std::optional<std::uint64_t> in_features;  // if given, the features that must come in
  bool bias{};                               // operators with a matrix, norm
  bool affine{true};                         // norm: has a gain (and a bias, if `bias`)
  std::optional<Reference> tied_to;          // linear, embedding: the owner of its matrix
  ExpertShape experts{};                     // linear
  bool along_positions{};            // concat: one after the other, even if they could lie side by side
  std::uint64_t heads{};             // attention
  std::uint64_t kv_heads{};          // attention; 0: as many as heads
  std::uint64_t head_dim{};          // attention; 0: what the inputs give
  bool causal{true};                 // attention
  std::uint64_t window{};            // attention: keys a query meets at most; 0: all
  std::uint64_t position_buckets{};  // attention: learned distances, one number a head each
  std::optional<Extent> extent;      // input, move: positions; convolution, pool: instead of padding
  std::optional<Extent> kernel;      // convolution (1x1 if left out), pool (the whole image)
  std::optional<Extent> stride;      // convolution (1x1), pool (its kernel)
  Extent dilation{1, 1};             // convolution, pool
  Extent padding{};                  // convolution, pool: positions added at each side
  std::uint64_t groups{1};           // convolution, groupnorm
  bool transposed{};                 // convolution
  std::uint64_t directions{1};       // recurrent
  std::string function;              // elementwise, norm, pool, recurrent
  std::optional<Fraction> zeros{};   // relu: share of its output that is zero
  std::uint32_t block{};             // recomputation block, 0 for none
};

// Collects drafts, then links, orders and checks them.
class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name, SourceLocation at) : name_{std::move(name)}, at_{std::move(at)} {}

  void add(LayerDraft draft) { drafts_.push_back(std::move(draft)); }
  [[nodiscard]] std::size_t size() const { return drafts_.size(); }

  // The graph, in the order of the drafts as far as the data allows. Throws InputError with every problem of
  // the first stage that found one: names, order, shapes, whole graph.
  [[nodiscard]] Graph build() const;

 private:
  std::string name_;
  SourceLocation at_;
  std::vector<LayerDraft> drafts_;
};

// Functions that an operator of a kind may have; empty if it has none.
[[nodiscard]] std::span<const std::string> functions_of(OpKind kind);

// "linear", "attention" …, in the order of OpKind.
[[nodiscard]] std::span<const std::string> op_names();

}  // namespace wafersim
