// The masks of layers' matrices, and what of a matrix is sent to cores that can only skip whole blocks.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "wafersim/kernel/flow.hpp"
#include "wafersim/kernel/mask_sample.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim {

// Samples of masks as cores see them, by all that they depend on: layers of one shape share a draw.
class MaskLibrary {
 public:
  struct Request {
    std::uint64_t width{}, rows{};  // of the matrix
    Fraction level{};
    MaskPattern pattern{};
    std::uint64_t seed{};
    std::uint64_t skip_block = 1;  // weights that a core can only skip together
  };
  // Null for a level of zero: nothing is pruned.
  const MaskSample* sample(const Request& request);

 private:
  std::map<std::vector<std::uint64_t>, std::unique_ptr<MaskSample>> samples_;
};

// Weights of the layer's matrix that a wafer is sent: those that are kept, and zeros that fill blocks of
// `skip_block` neighbouring inputs of an output feature in which any is kept. A table that tokens look up is
// no product: nothing is filled there.
[[nodiscard]] std::uint64_t sent_weights(const Layer& layer, const Sparsity& sparsity,
                                         std::uint64_t skip_block, MaskLibrary& masks);

// The matrix of a linear layer, or of one of its experts, as a wafer is sent it: `kept` of its weights stay
// at this level, and `MatrixShape::kept` also counts zeros that fill blocks of `skip_block`. A level so small
// that it prunes nothing leaves the matrix dense. The mask lives as long as the library.
[[nodiscard]] MatrixShape matrix_of(const Layer& layer, const TrainingPlan& plan, Fraction level,
                                    std::uint64_t kept, std::uint64_t skip_block, MaskLibrary& masks);

}  // namespace wafersim
