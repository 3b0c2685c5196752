// Times the products of a training step by their programs on the mesh, wavelet by wavelet, instead of by
// closed forms.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wafersim/kernel/flow.hpp"

namespace wafersim {

[[nodiscard]] std::string_view to_string(ProductPass pass);
[[nodiscard]] std::string_view to_string(Fidelity fidelity);

// One product, by both.
struct TimedProduct {
  ProductPass pass{};
  std::uint64_t in{}, out{};  // features
  std::uint64_t tokens{};     // of a PE
  std::uint64_t columns{};    // over which the features of a token are spread
  bool sparse{};
  std::uint64_t flow{};         // cycles by the closed form
  std::uint64_t mesh{};         // cycles by the program; those of `flow` if it could not run
  std::uint64_t outputs_run{};  // output features that really ran
  std::string why_not{};        // there is no program for it; empty if there is

  [[nodiscard]] double error_percent() const;  // of the closed form
};

// Two rounds: in the first one `time` only notes what it is asked; `measure` runs it; in the second one
// `time` has the answers.
//
// One group of columns runs alone (two in a gradient pass, whose sums meet), as the others do the same beside
// it. Of its rows the northernmost runs, if on the first output features it does with others below what it
// does alone, in every count of every PE: then they neither hold it up nor hand it anything, and each does
// what it does, later by a constant (docs/mesh.md has the proof, and the folding engine checks it). Else all
// of those few rows run.
class MeshTimer final : public ProductTimer {
 public:
  // `sampled`: so many output features that the rest must follow at the same pace; the pace of two stretches
  // has to agree within a hundredth, or longer ones are run. There, rows are taken for alike if one and
  // several of them agree as well as that.
  explicit MeshTimer(Fidelity fidelity) : fidelity_{fidelity} {}

  std::optional<std::uint64_t> time(const FlowContext& context, const MatrixShape& shape, ProductPass pass,
                                    std::uint64_t flow) override;

  // Runs all that was noted. `progress` gets the share that is done, from 0 to 1.
  void measure(const std::function<void(double)>& progress = {});

  // In the order in which they were first asked for.
  [[nodiscard]] const std::vector<TimedProduct>& products() const { return products_; }

 private:
  struct Key {
    ProductPass pass;
    Arithmetic arithmetic;
    std::uint64_t in, out, tokens, columns, groups;
    const MaskSample* mask;
    std::uint64_t zeros;  // among the deltas, in billionths, that are filtered
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Wanted {
    FlowContext context;
    MatrixShape shape;
  };

  Fidelity fidelity_;
  std::map<Key, std::size_t> known_;
  std::vector<TimedProduct> products_;
  std::vector<Wanted> wanted_;  // one for each product; those from `measured_` on have not run
  std::size_t measured_{};
};

}  // namespace wafersim
