// Which layers leave zeros, and whose deltas share them.
#include <gtest/gtest.h>

#include "wafersim/workload/load.hpp"

#include "workload/onnx_models.hpp"
#include "workload/workload_text.hpp"

namespace wafersim {
namespace {

using test::load_text;
using test::what_is_wrong;

// One key of the act of a small perceptron, and of its plan.
std::string perceptron(const std::string& act, const std::string& plan = "") {
  return "graph:\n"
         "  - { name: in, op: input, features: 8 }\n"
         "  - { name: fc, op: linear, features: 16 }\n"
         "  - { name: act, op: elementwise, " +
         act +
         " }\n"
         "  - { name: out, op: linear, features: 4 }\n"
         "  - { name: loss, op: loss }\n"
         "sequence_length: 1\n" +
         plan;
}

Fraction delta_zeros(const std::string& text, const std::string& layer) {
  const Workload workload = load_text(text).workload;
  for (const Layer& it : workload.graph.layers) {
    if (it.name == layer) return it.delta_zeros;
  }
  return {Fraction::kOne};
}

constexpr Fraction kHalf{Fraction::kOne / 2};

TEST(Zeros, OfAReluAreThoseOfTheDeltasThatItHandsBack) {
  EXPECT_EQ(delta_zeros(perceptron("function: relu, zeros: 0.5"), "fc"), kHalf);
  EXPECT_EQ(delta_zeros(perceptron("function: relu, zeros: 50 %"), "out"), Fraction{});
  EXPECT_EQ(delta_zeros(perceptron("function: relu"), "fc"), Fraction{});
}

TEST(Zeros, AreThoseOfTheWholeWorkloadWhereAReluNamesNone) {
  const std::string plan = "sparsity: { activations: 0.5 }\n";
  EXPECT_EQ(delta_zeros(perceptron("function: relu", plan), "fc"), kHalf);
  const std::string two = R"(graph:
  - { name: in, op: input, features: 8 }
  - { name: a, op: linear, features: 8 }
  - { name: ra, op: elementwise, function: relu, zeros: 0 }
  - { name: b, op: linear, features: 8 }
  - { name: rb, op: elementwise, function: relu }
  - { name: loss, op: loss }
sequence_length: 1
sparsity: { activations: 0.5 }
)";
  EXPECT_EQ(delta_zeros(two, "a"), Fraction{});
  EXPECT_EQ(delta_zeros(two, "b"), kHalf);
}

TEST(Zeros, AreFilledUpWhereOthersAddTheirDeltas) {
  EXPECT_EQ(delta_zeros(R"(graph:
  - { name: in, op: input, features: 8 }
  - { name: fc, op: linear, features: 8 }
  - { name: act, op: elementwise, function: relu, zeros: 0.5 }
  - { name: sum, op: residual, inputs: [fc, act] }
  - { name: loss, op: loss }
sequence_length: 1
)",
                        "fc"),
            Fraction{});
}

TEST(Zeros, AreLeftByTheRelusOfAnOnnxModelButNotByLeakyOnes) {
  const std::vector<Override> half{{"sparsity.activations", "0.5"}, {"bind", "batch=2"}};
  const auto relus = [&](const char* model) {
    const Workload workload = load_workload(test::onnx_model(model), half).workload;
    std::size_t some = 0;
    for (const Layer& layer : workload.graph.layers)
      some += output_zeros(layer, workload.plan.sparsity) == kHalf ? 1 : 0;
    return some;
  };
  EXPECT_EQ(relus("alexnet"), 7U);  // behind five convolutions and two of three linear layers
  EXPECT_THROW((void)relus("operators"), InputError);  // has a LeakyRelu, and no other
}

TEST(Zeros, LoadAgainFromTheResolvedForm) {
  for (const char* act : {"function: relu, zeros: 0.5", "function: relu, zeros: 0", "function: relu"}) {
    const LoadedWorkload first = load_text(perceptron(act, "sparsity: { level: 0 }\n"));
    EXPECT_EQ(read_workload(parse_tree(to_json(first.resolved), "r"), "").workload, first.workload) << act;
    EXPECT_EQ(to_json(first.resolved).find("activations"), std::string::npos);
    EXPECT_EQ(load_text(write_yaml(first)).workload.graph, first.workload.graph) << act;
  }
  const LoadedWorkload all = load_text(perceptron("function: relu", "sparsity: { activations: 0.25 }\n"));
  EXPECT_EQ(read_workload(parse_tree(to_json(all.resolved), "r"), "").workload, all.workload);
}

TEST(Zeros, ThatCannotBeAreRefusedWhereTheyStand) {
  EXPECT_EQ(what_is_wrong(perceptron("function: relu, zeros: 1.0")),
            "w.yaml:4:58: graph.2.zeros: must be at most 0.999999999, got 1");
  EXPECT_EQ(what_is_wrong(perceptron("function: relu, zeros: -0.5")),
            "w.yaml:4:58: graph.2.zeros: expected a share such as '0.9' or '90 %', got '-0.5' (must not be "
            "negative)");
  EXPECT_EQ(what_is_wrong(perceptron("function: gelu, zeros: 0.5")),
            "w.yaml:4:51: graph.2.zeros: function 'gelu' leaves no zeros; relu does");
  EXPECT_EQ(what_is_wrong(R"(graph:
  - { name: in, op: input, features: 8, zeros: 0.5 }
  - { name: loss, op: loss }
sequence_length: 1
)"),
            "w.yaml:2:41: graph.0.zeros: op 'input' has no such key");
  EXPECT_EQ(what_is_wrong(perceptron("function: relu", "sparsity: { activations: 1 }\n")),
            "w.yaml:8:26: sparsity.activations: must be at most 0.999999999, got 1");
  EXPECT_EQ(
      what_is_wrong(perceptron("function: gelu", "sparsity: { activations: 0.5 }\n")),
      "w.yaml:8:26: sparsity.activations: the model has no relu that it could be of: only a relu leaves "
      "zeros (a gelu, for instance, does not); leave it out");
}

}  // namespace
}  // namespace wafersim
