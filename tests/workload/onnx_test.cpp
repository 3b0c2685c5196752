// Well-known networks through ONNX: parameters and multiply-adds exactly as published.
#include <algorithm>
#include <array>
#include <vector>

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

// source, where no other is named: the models of these papers in torchvision (torchvision/models/*.py, meta
// of each IMAGENET1K_V1): num_params exactly, and _ops, its multiply-adds in 10^9 to three digits, which
// stand here.
INSTANTIATE_TEST_SUITE_P(
    Of, OnnxNetwork,
    testing::Values(
        // He et al., arXiv:1512.03385; _ops 4.089. All digits: the tests of Microsoft NNI's
        // count_flops_params say 4,089,184,256 for torchvision's resnet50 at 224 x 224
        Published{"resnet50", 25'557'032, 4'089'184'256},
        // Simonyan and Zisserman, arXiv:1409.1556; _ops 19.632, which includes 124 M of the classifier
        Published{"vgg19", 143'667'240, 19'632'062'464},
        // Krizhevsky, arXiv:1404.5997; _ops 0.714
        Published{"alexnet", 61'100'840, 714'188'480},
        // Iandola et al., arXiv:1602.07360; _ops 0.819
        Published{"squeezenet", 1'248'424, 818'924'576},
        // Huang et al., arXiv:1608.06993; _ops 2.834
        Published{"densenet121", 7'978'856, 2'834'161'664},
        // Szegedy et al., arXiv:1409.4842, table 1, to whose rounded figures (6.8 M, 1.5 G) it does not add
        // up; by hand below. Collections of the Caffe model zoo list 6.998552 M for bvlc_googlenet
        Published{"inception_v1", 6'998'552, 1'582'671'872},
        // Zhang et al., arXiv:1707.01083, table 5: 137 M for 1x and g = 3; it names no parameters. Those are
        // of "ShuffleNet x1.0 (g=3)" in the tables of github.com/osmr/imgclsmob (pytorch/README.md), whose
        // tests say weight_count == 1865728 of shufflenet_g3_w1
        Published{"shufflenet", 1'865'728, 137'460'672},
        // Dosovitskiy et al., arXiv:2010.11929; _ops 17.564: 12 blocks of 197·12·768² and 2·197²·768, patches
        // of 196·768², classifier 768,000
        Published{"vit_b16", 86'567'656,
                  12ULL * (197ULL * 12 * 768 * 768 + 2ULL * 197 * 197 * 768) + 196ULL * 768 * 768 + 768'000}),
    [](const auto& given) { return given.param.name; });

// What one branch of convolutions adds up to: in · out · taps weights and `out` biases, on so many positions.
struct HandCount {
  std::uint64_t parameters{};
  std::uint64_t macs{};

  void convolution(std::uint64_t in, std::uint64_t out, std::uint64_t side, std::uint64_t positions) {
    parameters += in * out * side * side + out;
    macs += in * out * side * side * positions;
  }
};

TEST(Onnx, InceptionV1IsWhatItsTableAddsUpTo) {
  // source: table 1 of arXiv:1409.4842: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection, and what
  // comes in
  HandCount count;
  count.convolution(3, 64, 7, 112UL * 112);
  count.convolution(64, 64, 1, 56UL * 56);
  count.convolution(64, 192, 3, 56UL * 56);
  const std::vector<std::array<std::uint64_t, 8>> modules{
      {28, 192, 64, 96, 128, 16, 32, 32},     {28, 256, 128, 128, 192, 32, 96, 64},
      {14, 480, 192, 96, 208, 16, 48, 64},    {14, 512, 160, 112, 224, 24, 64, 64},
      {14, 512, 128, 128, 256, 24, 64, 64},   {14, 512, 112, 144, 288, 32, 64, 64},
      {14, 528, 256, 160, 320, 32, 128, 128}, {7, 832, 256, 160, 320, 32, 128, 128},
      {7, 832, 384, 192, 384, 48, 128, 128}};
  for (const auto& [side, in, one, three_in, three, five_in, five, pool] : modules) {
    const std::uint64_t positions = side * side;
    count.convolution(in, one, 1, positions);
    count.convolution(in, three_in, 1, positions);
    count.convolution(three_in, three, 3, positions);
    count.convolution(in, five_in, 1, positions);
    count.convolution(five_in, five, 5, positions);
    count.convolution(in, pool, 1, positions);
  }
  count.convolution(1024, 1000, 1, 1);  // the classifier
  EXPECT_EQ(count.parameters, 6'998'552U);
  EXPECT_EQ(count.macs, 1'582'671'872U);
}

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

const Layer& layer_named(const Graph& graph, const std::string& name) {
  const auto found = std::find_if(graph.layers.begin(), graph.layers.end(),
                                  [&](const Layer& layer) { return layer.name == name; });
  EXPECT_NE(found, graph.layers.end()) << name;
  return *found;
}

TEST(Onnx, AConcatLiesAlongTheAxisThatItNames) {
  // Twice 8 rows of 32 features: one after the other, or side by side, also as heads of a reshaped tensor.
  const Graph graph = load("stacked", "batch=3").workload.graph;
  EXPECT_EQ(layer_named(graph, "long").in_features, 32U);
  EXPECT_EQ(layer_named(graph, "long").extent, (Extent{16, 1}));
  EXPECT_EQ(layer_named(graph, "wide").in_features, 64U);
  EXPECT_EQ(layer_named(graph, "wide").extent, (Extent{8, 1}));
  EXPECT_EQ(layer_named(graph, "heads").in_features, 64U);
  EXPECT_EQ(layer_named(graph, "heads").extent, (Extent{8, 1}));
  const Layer& last = graph.layers[graph.layers.size() - 2];
  EXPECT_EQ(last.kind, OpKind::concat);
  EXPECT_EQ(last.extent, (Extent{16 + 8 + 8, 1}));
}

TEST(Onnx, AStoredMaskIsLookedInto) {
  const Graph graph = load("masked", "batch=1").workload.graph;
  const auto causal = [&](const std::string& out) {
    // The attention comes right before the projection that is called so.
    const auto at = std::find_if(graph.layers.begin(), graph.layers.end(),
                                 [&](const Layer& layer) { return layer.name == out; });
    const auto attention = std::find_if(std::reverse_iterator{at}, graph.layers.rend(),
                                        [](const Layer& layer) { return layer.kind == OpKind::attention; });
    return attention->attention.causal;
  };
  EXPECT_TRUE(causal("triangle"));      // 0 up to the diagonal, -10^9 above it
  EXPECT_TRUE(causal("computed"));      // from booleans, while the model runs
  EXPECT_TRUE(causal("without_data"));  // of the right shape; nobody can know more
  EXPECT_FALSE(causal("band"));         // hides keys on both sides
  EXPECT_FALSE(causal("nothing"));      // hides no key
  EXPECT_FALSE(causal("bias"));         // another one for each head: trained
}

TEST(Onnx, GroupNormalizationIsOneLayerInEveryFormThatItIsWrittenIn) {
  // Two convolutions of 8 x 8 channels and 9 taps, two norms, a classifier of 8 x 5 and 5.
  constexpr std::uint64_t kRest = 2 * 8 * 8 * 9 + 8 * 5 + 5;
  const std::vector<OpKind> kinds{
      OpKind::input, OpKind::convolution, OpKind::norm, OpKind::elementwise, OpKind::convolution,
      OpKind::norm,  OpKind::elementwise, OpKind::pool, OpKind::linear,      OpKind::loss};
  for (const char* form : {"group_norm_parts", "group_norm_21"}) {
    const Graph graph = load(form, "batch=3").workload.graph;
    std::vector<OpKind> found;
    std::vector<Layer> norms;
    for (const Layer& layer : graph.layers) {
      found.push_back(layer.kind);
      if (layer.kind == OpKind::norm) norms.push_back(layer);
    }
    EXPECT_EQ(found, kinds) << form;
    ASSERT_EQ(norms.size(), 2U) << form;
    for (const Layer& norm : norms) {
      EXPECT_EQ(norm.function, "groupnorm") << form;
      EXPECT_EQ(norm.out_features, 8U) << form;
      EXPECT_EQ(norm.extent, (Extent{10, 10})) << form;
    }
    EXPECT_EQ(norms.front().name, "four") << form;
    EXPECT_EQ(norms.front().window.groups, 4U) << form;
    EXPECT_EQ(norms.front().vector_weights, 16U) << form;
    EXPECT_EQ(norms.back().window.groups, 1U) << form;
    // A gain of 1 and a bias of 0 for each group only make the instance norm do nothing else.
    const std::uint64_t affine = norms.back().vector_weights;
    EXPECT_EQ(affine, std::string{form} == "group_norm_parts" ? 0U : 16U);
    EXPECT_EQ(graph.parameters(), kRest + 16 + affine) << form;
  }
}

// A known deviation: docs/deviations.md has a row to take out when this fails.
TEST(OnnxDeviation, AGainForEachGroupIsNotCounted) {
  const Graph graph = load("group_norm_18", "batch=3").workload.graph;
  const Layer& four = *std::find_if(graph.layers.begin(), graph.layers.end(),
                                    [](const Layer& layer) { return layer.kind == OpKind::norm; });
  EXPECT_EQ(four.function, "groupnorm");
  EXPECT_EQ(four.window.groups, 4U);
  EXPECT_EQ(four.vector_weights, 0U);  // the file has 4 gains and 4 biases
}

TEST(Onnx, OperatorsThatAreNewerThanTheLibraryAreReadWhereTheyKeepTheirShape) {
  const Graph graph = load("newer", "batch=3").workload.graph;
  EXPECT_EQ(layer_named(graph, "group").function, "groupnorm");
  EXPECT_EQ(layer_named(graph, "group").window.groups, 4U);
  EXPECT_EQ(layer_named(graph, "group").extent, (Extent{8, 8}));
  EXPECT_EQ(layer_named(graph, "layer").function, "layernorm");
  // 3 gates of 16 for 64 inputs and 16 of state; two biases for each.
  EXPECT_EQ(layer_named(graph, "gru").function, "gru");
  EXPECT_EQ(layer_named(graph, "gru").matrix_weights, 3U * 16 * (64 + 16));
  EXPECT_EQ(layer_named(graph, "gru").vector_weights, 2U * 3 * 16);
  EXPECT_EQ(graph.parameters(), 8U * 8 * 9 + 2 * 8 + 3 * 16 * 80 + 96 + 2 * 16 + 16 * 4 + 4);
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
  for (const char* name : {"resnet50", "shufflenet", "operators", "lstm", "vit_b16", "stacked", "masked"}) {
    const LoadedWorkload loaded = load(name, "batch=1");
    const std::string json = to_json(loaded.resolved);
    const LoadedWorkload again = read_workload(parse_tree(json, "again"), "other");
    EXPECT_EQ(again.workload, loaded.workload) << name;
    EXPECT_EQ(to_json(again.resolved), json) << name;
  }
}

}  // namespace
}  // namespace wafersim
