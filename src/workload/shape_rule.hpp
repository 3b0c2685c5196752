// The shape rules of one layer, as a class that several files share; private to shapes.cpp and
// matrix_shapes.cpp.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "wafersim/base/wide.hpp"
#include "wafersim/workload/graph_builder.hpp"

#include "workload/graph_report.hpp"

namespace wafersim::workload_detail {

// "[tokens x 768]", "[56x56 x 64]".
[[nodiscard]] std::string shape_of(std::uint64_t features, const Extent& extent = {});
// What a layer that is taken as input gives, in words.
[[nodiscard]] std::string gives(const Layer& source);

// One layer under examination; each rule returns whether the layer is right.
class ShapeRule {
 public:
  ShapeRule(Layer& layer, const LayerDraft& draft, const std::vector<const Layer*>& inputs,
            const Layer* owner, GraphReport& report)
      : layer_{layer}, draft_{draft}, inputs_{inputs}, owner_{owner}, report_{report} {}

  bool apply();

 private:
  bool wrong(std::string message) {
    report_.add(draft_.at, draft_.name, std::move(message));
    return false;
  }
  [[nodiscard]] std::string takes() const {
    return fmt::format("{} '{}' takes", to_string(layer_.kind), layer_.name);
  }
  bool size(std::string_view what, std::uint64_t value);
  bool input_count(std::size_t least, std::size_t most);
  bool declared_input();
  bool function();
  bool affine();
  bool matrix(Wide weights);
  bool solved(const std::string& problem);
  bool tie();
  bool equal_inputs();
  bool split_inputs();
  bool heads();
  bool concat();
  bool input();
  bool move();
  bool same_shape();
  // Operators with matrices, and attention between them (matrix_shapes.cpp).
  bool embedding();
  bool linear();
  bool attention();
  bool recurrent();

  Layer& layer_;
  const LayerDraft& draft_;
  const std::vector<const Layer*>& inputs_;
  const Layer* owner_;
  GraphReport& report_;
};

}  // namespace wafersim::workload_detail
