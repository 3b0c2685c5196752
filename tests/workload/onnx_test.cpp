// Well-known networks through ONNX: parameters and multiply-adds exactly as published.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/workload/summary.hpp"

#include "workload/onnx_models.hpp"
#include "workload/workload_text.hpp"

namespace wafersim {
namespace {

using testing::HasSubstr;

LoadedWorkload load(const std::string& name, const std::string& bind) {
  return load_workload(test::onnx_model(name), std::vector<Override>{{.key = "bind", .value = bind}});
}

struct Published {
  std::string name;
  std::uint64_t parameters;
  std::uint64_t macs;  // of one image
};

void PrintTo(const Published& network, std::ostream* out) {
  *out << network.name;
}

class OnnxNetwork : public testing::TestWithParam<Published> {};

TEST_P(OnnxNetwork, HasThePublishedCounts) {
  const Workload workload = load(GetParam().name, "batch=1").workload;
  const WorkloadSummary summary = summarize(workload);
  EXPECT_EQ(summary.parameters, GetParam().parameters);
  EXPECT_EQ(summary.forward_macs_per_sequence, Wide{GetParam().macs});
  EXPECT_EQ(workload.plan.sequence_length, 1U);  // a sample is an image
}

// source of the parameters, where no other is named: the models of these papers in torchvision 0.15, whose
// documentation lists num_params; multiply-adds follow there as "GFLOPS" to two digits.
INSTANTIATE_TEST_SUITE_P(
    Of, OnnxNetwork,
    testing::Values(
        // He et al., arXiv:1512.03385; 4.09 G
        Published{"resnet50", 25'557'032, 4'089'184'256},
        // Simonyan and Zisserman, arXiv:1409.1556; 19.63 G, which includes 124 M of the classifier
        Published{"vgg19", 143'667'240, 19'632'062'464},
        // Krizhevsky, arXiv:1404.5997; 0.71 G
        Published{"alexnet", 61'100'840, 714'188'480},
        // Iandola et al., arXiv:1602.07360; 0.82 G
        Published{"squeezenet", 1'248'424, 818'924'576},
        // Huang et al., arXiv:1608.06993; 2.83 G
        Published{"densenet121", 7'978'856, 2'834'161'664},
        // Szegedy et al., arXiv:1409.4842; the paper says 1.5 G; 6,998,552 is the Caffe model zoo's
        // bvlc_googlenet
        Published{"inception_v1", 6'998'552, 1'582'671'872},
        // Zhang et al., arXiv:1707.01083, table 5: 137 M for 1x and g = 3. Parameters by hand: stem 24·27 +
        // 48; per unit the three convolutions and their norms; 960·1000 + 1000
        Published{"shufflenet", 1'865'728, 137'460'672},
        // Dosovitskiy et al., arXiv:2010.11929; 17.56 G: 12 blocks of 197·12·768² and 2·197²·768, patches of
        // 196·768², classifier 768,000
        Published{"vit_b16", 86'567'656,
                  12ULL * (197ULL * 12 * 768 * 768 + 2ULL * 197 * 197 * 768) + 196ULL * 768 * 768 + 768'000}),
    [](const auto& given) { return given.param.name; });

TEST(Onnx, BertBaseHasThePublishedParameters) {
  // source: Devlin et al., arXiv:1810.04805 (110 M); the checkpoint bert-base-uncased has 109,482,240 with
  // its pooler. A forward pass: 12 blocks of 12·768² for each of 128 tokens, 2·128²·768 of attention; one
  // pooler.
  const WorkloadSummary summary = summarize(load("bert", "batch=1,sequence=128").workload);
  EXPECT_EQ(summary.parameters, 109'482'240U);
  EXPECT_EQ(summary.forward_macs_per_sequence,
            Wide{12ULL * (128ULL * 12 * 768 * 768 + 2ULL * 128 * 128 * 768) + 768 * 768});
}

std::vector<Layer> products_of(const Graph& graph) {
  std::vector<Layer> products;
  for (Layer layer : graph.layers) {
    if (layer.kind != OpKind::linear && layer.kind != OpKind::attention) continue;
    layer.inputs.clear();  // their numbers differ with what lies between
    layer.output = 0;
    layer.block = 0;
    products.push_back(layer);
  }
  return products;
}

// Shapes and weights of two lists of layers, whatever they are called.
void expect_same_products(const Workload& a, const Workload& b) {
  const std::vector<Layer> ours = products_of(a.graph);
  const std::vector<Layer> theirs = products_of(b.graph);
  ASSERT_EQ(ours.size(), theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_EQ(ours[i].kind, theirs[i].kind) << ours[i].name;
    EXPECT_EQ(ours[i].in_features, theirs[i].in_features) << ours[i].name;
    EXPECT_EQ(ours[i].out_features, theirs[i].out_features) << ours[i].name;
    EXPECT_EQ(ours[i].matrix_weights, theirs[i].matrix_weights) << ours[i].name;
    EXPECT_EQ(ours[i].vector_weights, theirs[i].vector_weights) << ours[i].name;
    EXPECT_EQ(ours[i].attention, theirs[i].attention) << ours[i].name;
    EXPECT_EQ(ours[i].tied_to.has_value(), theirs[i].tied_to.has_value()) << ours[i].name;
    EXPECT_EQ(ours[i].extent, theirs[i].extent) << ours[i].name;
  }
  EXPECT_EQ(work_of(a, 1), work_of(b, 1));
}

TEST(Onnx, Gpt2WithSymbolicDimensionsIsTheModelOfItsConfig) {
  const Workload exported = load("gpt2", "batch=4,sequence=1024").workload;
  const Workload config = test::load_text(R"(model: { model_type: gpt2, vocab_size: 50257, n_positions: 1024,
         n_embd: 768, n_layer: 12, n_head: 12 }
)")
                              .workload;
  expect_same_products(exported, config);
  EXPECT_EQ(exported.graph.parameters(), 124'439'808U);  // source: the checkpoint gpt2 on huggingface.co
  EXPECT_EQ(exported.plan.sequence_length, 1024U);
}

TEST(Onnx, ALlamaBlockWithRotaryPositionsAndGroupedKeysIsTheBlockOfItsConfig) {
  const Workload exported = load("llama_block", "batch=2,sequence=256").workload;
  const Workload config = test::load_text(R"(model: { model_type: llama, vocab_size: 8, hidden_size: 512,
         num_hidden_layers: 1, num_attention_heads: 8, num_key_value_heads: 2, intermediate_size: 1408 }
sequence_length: 256
)")
                              .workload;
  Workload block = config;
  std::erase_if(block.graph.layers, [](const Layer& layer) { return layer.name == "lm_head"; });
  expect_same_products(exported, block);
  // Both have the two gains of the block; the config a table, a projection and a last gain as well.
  EXPECT_EQ(exported.graph.parameters(), config.graph.parameters() - 2 * 8 * 512 - 512);
}

TEST(Onnx, ARecurrenceRunsOverTheSequenceInBothDirections) {
  // 4 gates of 64 for 40 inputs and 64 of state, 8 · 64 biases, twice; then 128 · 10 + 10.
  const Workload workload = load("lstm", "batch=8").workload;
  EXPECT_EQ(workload.graph.parameters(), 2U * (4 * 64 * (40 + 64) + 8 * 64) + 1290U);
  EXPECT_EQ(workload.plan.sequence_length, 20U);
  EXPECT_EQ(summarize(workload).forward_macs_per_sequence, Wide{20U * (2 * 4 * 64 * (40 + 64) + 1280)});
}

// A known deviation: docs/deviations.md has a row to take out when this fails.
TEST(OnnxDeviation, LocalResponseNormalizationCountsAsANormWithoutAGain) {
  const Workload workload = load("inception_v1", "batch=1").workload;
  std::size_t found = 0;
  for (const Layer& layer : workload.graph.layers) {
    if (!layer.name.starts_with("lrn")) continue;
    ++found;
    EXPECT_EQ(layer.function, "rmsnorm");
    EXPECT_EQ(layer.vector_weights, 0U);
  }
  EXPECT_EQ(found, 2U);
}

TEST(Onnx, EveryOtherOperatorBecomesALayer) {
  const Graph graph = load("operators", "batch=2").workload.graph;
  const auto named = [&](std::string_view name) {
    const auto found = std::find_if(graph.layers.begin(), graph.layers.end(),
                                    [&](const Layer& layer) { return layer.name == name; });
    return found == graph.layers.end() ? Layer{} : *found;
  };
  EXPECT_EQ(named("conv0").window.groups, 8U);  // depthwise
  EXPECT_EQ(named("conv0").matrix_weights, 8U * 9);
  EXPECT_EQ(named("same").extent, (Extent{16, 16}));  // auto_pad with dilation
  EXPECT_EQ(named("up").extent, (Extent{32, 32}));    // transposed
  EXPECT_TRUE(named("up").window.transposed);
  EXPECT_EQ(named("in").function, "instancenorm");
  EXPECT_EQ(named("fc").matrix_weights, 60U);
  // The resized image is halved after padding by one: 34 / 2.
  EXPECT_TRUE(std::any_of(graph.layers.begin(), graph.layers.end(), [](const Layer& layer) {
    return layer.kind == OpKind::move && layer.extent == Extent{17, 17};
  }));
}

TEST(Onnx, TheBatchThatIsBoundChangesNothing) {
  EXPECT_EQ(load("resnet50", "batch=1").workload.graph, load("resnet50", "batch=32").workload.graph);
  EXPECT_EQ(load("vit_b16", "batch=1").workload.graph, load("vit_b16", "batch=7").workload.graph);
}

TEST(Onnx, UnboundDimensionsAreNamed) {
  try {
    (void)load_workload(test::onnx_model("bert"));
    FAIL() << "batch and sequence are open";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("unbound symbolic dimensions 'batch', 'sequence'"));
    EXPECT_THAT(error.what(), HasSubstr("--bind batch=1"));
  }
}

TEST(Onnx, TheResolvedFormLoadsAsTheSameWorkload) {
  for (const char* name : {"resnet50", "shufflenet", "operators", "lstm", "vit_b16"}) {
    const LoadedWorkload loaded = load(name, "batch=1");
    const std::string json = to_json(loaded.resolved);
    const LoadedWorkload again = read_workload(parse_tree(json, "again"), "other");
    EXPECT_EQ(again.workload, loaded.workload) << name;
    EXPECT_EQ(to_json(again.resolved), json) << name;
  }
}

}  // namespace
}  // namespace wafersim
