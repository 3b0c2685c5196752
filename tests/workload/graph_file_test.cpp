// Layer graphs written in YAML: names, blocks that repeat, and what can be wrong with them.
#include <gtest/gtest.h>

#include "workload/workload_text.hpp"

namespace wafersim {
namespace {

using test::load_text;
using test::what_is_wrong;

std::string graph(const std::string& layers) {
  return "sequence_length: 8\ngraph:\n" + layers;
}

std::string names(const Graph& graph) {
  std::string all;
  for (const Layer& layer : graph.layers) all += layer.name + " ";
  return all;
}

constexpr const char* kRepeated = R"(  - { name: e, op: embedding, rows: 10, features: 8 }
  - repeat: 2
    name: b
    layers:
      - { name: q, op: linear, input: $in, features: 8 }
      - { name: k, op: linear, input: $in, features: 8 }
      - { name: core, op: attention, inputs: [q, k, k], heads: 2 }
      - { name: sum, op: residual, inputs: [$in, core] }
  - { name: out, op: linear, features: 10, tied_to: e }
  - { name: loss, op: loss }
)";

TEST(GraphFile, RepeatsBlocksUnderTheirOwnNames) {
  const Graph graph_read = load_text(graph(kRepeated)).workload.graph;
  EXPECT_EQ(names(graph_read), "e b.0.q b.0.k b.0.core b.0.sum b.1.q b.1.k b.1.core b.1.sum out loss ");
  const auto input_of = [&](std::size_t layer) {
    return graph_read.tensors[graph_read.layers[layer].inputs.front()].name;
  };
  EXPECT_EQ(input_of(1), "e");
  EXPECT_EQ(input_of(5), "b.0.sum");
  EXPECT_EQ(input_of(9), "b.1.sum");
  EXPECT_EQ(graph_read.layers[1].block, 1U);
  EXPECT_EQ(graph_read.layers[8].block, 2U);
  EXPECT_EQ(graph_read.layers[9].block, 0U);
  EXPECT_EQ(graph_read.parameters(), 80U + 2 * 128);
}

TEST(GraphFile, LoadsAgainFromItsResolvedForm) {
  const LoadedWorkload first = load_text(graph(kRepeated));
  const LoadedWorkload second = read_workload(parse_tree(to_json(first.resolved), "r.json"), "");
  EXPECT_EQ(first.workload, second.workload);
}

TEST(GraphFile, LetsARepeatStartFromANamedLayer) {
  const Graph read = load_text(graph(R"(  - { name: a, op: embedding, rows: 10, features: 8 }
  - { name: b, op: embedding, rows: 10, features: 8 }
  - { repeat: 1, name: r, input: a, layers: [ { name: x, op: elementwise, function: relu } ] }
  - { name: s, op: residual, inputs: [b, r.0.x] }
  - { name: loss, op: loss }
)"))
                         .workload.graph;
  EXPECT_EQ(read.tensors[read.layers[2].inputs.front()].name, "a");
}

TEST(GraphFile, GivesNormsABiasByFunction) {
  const Graph read = load_text(graph(R"(  - { name: e, op: embedding, rows: 10, features: 8 }
  - { name: layer, op: norm }
  - { name: rms, op: norm, function: rmsnorm }
  - { name: plain, op: norm, bias: false }
  - { name: loss, op: loss }
)"))
                         .workload.graph;
  EXPECT_EQ(read.layers[1].vector_weights, 16U);
  EXPECT_EQ(read.layers[2].vector_weights, 8U);
  EXPECT_EQ(read.layers[3].vector_weights, 8U);
}

TEST(GraphFile, NamesACycleAtItsFirstLayer) {
  EXPECT_EQ(what_is_wrong(graph(R"(  - { name: e, op: embedding, rows: 10, features: 8 }
  - { name: s, op: residual, inputs: [e, b] }
  - { name: a, op: linear, features: 8 }
  - { name: b, op: linear, features: 8 }
  - { name: loss, op: loss }
)")),
            "w.yaml:4:5: s: layers form a cycle: s -> a -> b -> s");
}

TEST(GraphFile, NamesBothSidesOfAMismatchOnceForAllRepetitions) {
  EXPECT_EQ(what_is_wrong(graph(R"(  - { name: e, op: embedding, rows: 10, features: 8 }
  - repeat: 3
    name: b
    layers:
      - { name: up, op: linear, input: $in, features: 32 }
      - { name: sum, op: residual, inputs: [$in, up] }
  - { name: loss, op: loss }
)")),
            "w.yaml:8:9: b.0.sum: shapes do not match: residual 'b.0.sum' takes equal shapes, but embedding "
            "'e' gives "
            "[tokens x 8] and linear 'b.0.up' gives [tokens x 32]");
}

TEST(GraphFile, SuggestsNamesForUnknownInputsAtTheirPlace) {
  EXPECT_EQ(what_is_wrong(graph(R"(  - { name: embed, op: embedding, rows: 10, features: 8 }
  - { name: x, op: linear, input: embd, features: 8 }
  - { name: loss, op: loss }
)")),
            "w.yaml:4:35: x: unknown input 'embd' (did you mean 'embed'?)");
}

TEST(GraphFile, RefusesKeysThatAnOperatorDoesNotHave) {
  EXPECT_EQ(
      what_is_wrong(graph(R"(  - { name: e, op: embedding, rows: 10, features: 8, heads: 2 }
  - { name: x, op: linear }
  - { name: y, op: linear, features: 8, wide: 3 }
  - { name: z, op: convolve }
  - { name: loss, op: loss }
)")),
      "w.yaml:3:54: graph.0.heads: op 'embedding' has no such key\n"
      "w.yaml:4:5: graph.1.features: op 'linear' needs it\n"
      "w.yaml:5:41: graph.2.wide: unknown key\n"
      "w.yaml:6:20: graph.3.op: expected one of 'embedding', 'linear', 'attention', 'norm', 'elementwise', "
      "'multiply', 'residual', 'loss', 'input', 'convolution', 'pool', 'concat', 'move', 'recurrent', got "
      "'convolve'");
}

TEST(GraphFile, RefusesMisusedNames) {
  EXPECT_EQ(what_is_wrong(graph("  - { name: a b, op: embedding, rows: 10, features: 8 }\n")),
            "w.yaml:3:13: graph.0.name: a name has 1 to 200 letters, digits and characters of '._-/:'");
  EXPECT_EQ(what_is_wrong(graph(R"(  - { name: e, op: embedding, rows: 10, features: 8 }
  - { name: x, op: linear, input: $in, features: 8 }
)")),
            "w.yaml:4:35: x: '$in' has a meaning only inside a repeat");
  EXPECT_EQ(
      what_is_wrong(graph(
          "  - { repeat: 2, name: r, layers: [ { name: x, op: linear, input: $in, features: 8 } ] }\n")),
      "w.yaml:3:67: r.0.x: nothing enters this repeat; '$in' needs a layer before it");
}

TEST(GraphFile, RefusesRepeatsThatAreEmptyOrEndless) {
  EXPECT_EQ(what_is_wrong(graph("  - { repeat: 2, name: r, layers: [] }\n")),
            "w.yaml:3:35: graph.0.layers: expected a list of at least one layer");
  EXPECT_EQ(
      what_is_wrong(graph(
          "  - { repeat: 600000, name: r, layers: [ { name: x, op: loss }, { name: y, op: loss } ] }\n")),
      "w.yaml:3:5: graph.0: 600000 repetitions of 2 layers are more than the 1000000 layers allowed");
  EXPECT_EQ(what_is_wrong(graph("  - { repeat: 0, name: r, layers: [ { name: x, op: loss } ] }\n")),
            "w.yaml:3:15: graph.0.repeat: must be between 1 and 1000000, got 0");
}

TEST(GraphFile, RefusesAGraphThatIsNoList) {
  EXPECT_EQ(what_is_wrong("sequence_length: 8\ngraph: { name: e }\n"),
            "w.yaml:2:8: graph: expected a list of layers");
  EXPECT_EQ(what_is_wrong("sequence_length: 8\ngraph: []\n"), "w.yaml:2:8: a graph needs at least one layer");
}

TEST(GraphFile, NeedsASequenceLength) {
  EXPECT_EQ(what_is_wrong(std::string{"graph:\n"} + kRepeated),
            "w.yaml:1:1: sequence_length: is required: the model does not say how long its sequences are");
}

}  // namespace
}  // namespace wafersim
