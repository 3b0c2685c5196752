// Workload files: plans, defaults, overrides, models beside them, and the shipped ones.
#include "wafersim/workload/load.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "wafersim/workload/summary.hpp"

#include "config/temporary_folder.hpp"
#include "support/source_dir.hpp"
#include "workload/workload_text.hpp"

namespace wafersim {
namespace {

namespace fs = std::filesystem;
using test::load_text;
using test::what_is_wrong;

constexpr const char* kTiny =
    R"(model: { model_type: gpt2, n_embd: 8, n_layer: 2, n_head: 2, n_positions: 16, vocab_size: 10 }
)";

std::vector<fs::path> shipped() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator{test::source_dir() / "configs/workload"}) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(ShippedWorkloads, HaveExactlyTheParametersOfTheirModels) {
  const auto gpt = [](std::uint64_t layers, std::uint64_t d, std::uint64_t positions = 2048) {
    return (50257 + positions) * d + layers * (12 * d * d + 13 * d) + 2 * d;
  };
  const std::map<std::string, std::uint64_t> expected{
      {"bert-large", 335'141'888},         {"brain-120t", gpt(142, 265344, 256)},
      {"cerebras-gpt-13b", gpt(40, 5120)}, {"gpt2", 124'439'808},
      {"gpt2-large", 774'030'080},         {"gpt2-medium", 354'823'168},
      {"gpt2-xl", 1'557'611'200},          {"gpt3-13b", gpt(40, 5120)},
      {"gpt3-175b", gpt(96, 12288)},       {"gpt3-2.7b", gpt(32, 2560)},
      {"gpt3-20b", gpt(44, 6144)},         {"gpt3-256m", gpt(14, 1088)},
      {"gpt3-590m", gpt(18, 1536)},        {"gpt3-6.7b", gpt(32, 4096)},
      {"llama2-70b", 68'976'648'192},      {"llama2-7b", 6'738'415'616},
  };
  std::map<std::string, std::uint64_t> found;
  for (const fs::path& file : shipped()) {
    found[file.stem().string()] = load_workload(file).workload.graph.parameters();
  }
  EXPECT_EQ(found, expected);
}

TEST(ShippedWorkloads, HaveABertWhoseCountFollowsFromItsShape) {
  const std::uint64_t d = 1024;
  const std::uint64_t block = 4 * (d * d + d) + 2 * 4 * d * d + 4 * d + d + 2 * 2 * d;
  EXPECT_EQ((30522 + 512 + 2) * d + 2 * d + 24 * block + d * d + d, 335'141'888U);
}

TEST(ShippedWorkloads, HaveABrainThatFillsItsMemoryXAndNoMore) {
  const LoadedWorkload brain = load_workload(test::source_dir() / "configs/workload/brain-120t.yaml");
  const std::uint64_t parameters = brain.workload.graph.parameters();
  EXPECT_GE(parameters, 119'950'000'000'000U);
  EXPECT_LE(parameters * 20, 2'400'000'000'000'000U);
}

TEST(ShippedWorkloads, LoadAgainFromTheirResolvedForm) {
  for (const fs::path& file : shipped()) {
    const LoadedWorkload first = load_workload(file);
    const LoadedWorkload second =
        read_workload(parse_tree(to_json(first.resolved), "resolved.json"), "other");
    EXPECT_EQ(first.workload, second.workload) << file;
    EXPECT_EQ(to_json(first.resolved), to_json(second.resolved)) << file;
  }
}

TEST(ShippedWorkloads, RecomputeFromOneAndAHalfBillionParametersOn) {
  for (const fs::path& file : shipped()) {
    const Workload workload = load_workload(file).workload;
    const bool large = workload.graph.parameters() >= 1'500'000'000;
    EXPECT_EQ(workload.plan.recompute, large ? Recompute::layer : Recompute::none) << file;
  }
}

TEST(WorkloadFile, FillsEveryDefault) {
  const LoadedWorkload loaded = load_text(kTiny);
  EXPECT_EQ(loaded.workload.plan, (TrainingPlan{.sequence_length = 16}));
  EXPECT_EQ(loaded.workload.graph.name, "w");
  EXPECT_EQ(
      to_json(loaded.resolved),
      R"({"name":"w","model":{"model_type":"gpt2","vocab_size":10,"n_positions":16,"n_embd":8,"n_layer":2,)"
      R"("n_head":2,"n_inner":32,"activation_function":"gelu_new","tie_word_embeddings":true},)"
      R"("mode":"train","execution":"weight_streaming","sequence_length":16,"global_batch":null,"tokens_per_node":null,)"
      R"("micro_batch":"auto","recompute":"none","optimizer":"adam",)"
      R"("precision":{"weights":"fp16","gradients":"fp16","accumulate":"mixed"},)"
      R"("gradient_accumulation":"auto","expert_stream":"all","sparsity":{"level":0,"seed":1,"exceptions":[]},"training_tokens":"auto"})");
}

TEST(WorkloadFile, ReadsEveryKeyOfThePlan) {
  const std::string text = std::string{kTiny} + R"(name: tiny
sequence_length: 8
tokens_per_node: 64
micro_batch: 4
recompute: layer
optimizer: momentum
precision: { weights: fp32, gradients: fp32, accumulate: fp32 }
gradient_accumulation: memoryx
sparsity: { level: 0.9, seed: 7, exceptions: [ { layers: "*.attn.*", level: 25 % } ] }
)";
  const LoadedWorkload loaded = load_text(text);
  TrainingPlan plan{.sequence_length = 8,
                    .tokens_per_node = 64,
                    .micro_batch = 4,
                    .recompute = Recompute::layer,
                    .optimizer = Optimizer::momentum,
                    .weights = Precision::fp32,
                    .gradients = Precision::fp32,
                    .accumulate = Accumulate::fp32,
                    .gradient_accumulation = GradientAccumulation::memoryx};
  plan.sparsity = {.level = Fraction{900'000'000},
                   .exceptions = {{.layers = "*.attn.*", .level = Fraction{250'000'000}}},
                   .seed = 7};
  EXPECT_EQ(loaded.workload.plan, plan);
  EXPECT_EQ(loaded.workload.graph.name, "tiny");
  EXPECT_EQ(read_workload(parse_tree(to_json(loaded.resolved), "r"), "").workload, loaded.workload);
}

TEST(WorkloadFile, TakesOverridesOfThePlanAndOfTheModel) {
  const LoadedWorkload loaded = load_text(
      kTiny,
      {{"sparsity.level", "0.9"}, {"model.n_layer", "3"}, {"global_batch", "256"}, {"micro_batch", "2"}});
  EXPECT_EQ(loaded.workload.plan.sparsity.level, Fraction{900'000'000});
  EXPECT_EQ(loaded.workload.plan.global_batch, 256U);
  EXPECT_EQ(loaded.workload.plan.micro_batch, 2U);
  EXPECT_EQ(loaded.workload.graph.layers.size(), 3U + 3 * 10 + 3);
}

TEST(WorkloadFile, BlamesAnOverrideThatIsWrong) {
  EXPECT_EQ(what_is_wrong(kTiny, {{"sparsity.level", "1.5"}}),
            "--set: sparsity.level: must be at most 0.999999999, got 1.5");
  EXPECT_EQ(what_is_wrong(kTiny, {{"sparsty.level", "0.5"}}),
            "--set: sparsty: unknown key (did you mean 'sparsity'?)");
}

TEST(WorkloadFile, ReportsEverythingThatIsWrongAtOnce) {
  EXPECT_EQ(
      what_is_wrong(
          R"(model: { model_type: gpt2, n_embd: 9, n_layer: 2, n_head: 2, n_positions: 16, vocab_size: 0 }
optimizer: adamw
recompute: sometimes
micro_batch: -1
)"),
      "w.yaml:1:59: n_head: 2 heads do not divide n_embd 9\n"
      "w.yaml:1:91: vocab_size: must be at least 1, got 0\n"
      "w.yaml:2:12: optimizer: expected one of 'sgd', 'momentum', 'adam', 'adafactor', got 'adamw' (did you "
      "mean 'adam'?)\n"
      "w.yaml:3:12: recompute: expected one of 'none', 'layer', got 'sometimes'\n"
      "w.yaml:4:14: micro_batch: expected a whole number, got '-1' (must not be negative)");
}

TEST(WorkloadFile, RefusesPlansThatContradictThemselves) {
  const std::string tiny = kTiny;
  EXPECT_EQ(what_is_wrong(tiny + "global_batch: 4\ntokens_per_node: 16\n"),
            "w.yaml:3:18: tokens_per_node: give either 'global_batch' or 'tokens_per_node', not both");
  EXPECT_EQ(what_is_wrong(tiny + "tokens_per_node: 20\n"),
            "w.yaml:2:18: tokens_per_node: must be a multiple of the sequence length 16, got 20");
  EXPECT_EQ(what_is_wrong(tiny + "tokens_per_node: 32\nmicro_batch: 3\n"),
            "w.yaml:3:14: micro_batch: must be at most the 2 sequences of the batch, got 3");
  EXPECT_EQ(what_is_wrong(tiny + "sequence_length: 17\n"),
            "w.yaml:2:18: sequence_length: must be at most the 16 positions that the model learns, got 17");
}

TEST(WorkloadFile, RefusesAPatternThatNamesNoMatrix) {
  EXPECT_EQ(
      what_is_wrong(std::string{kTiny} + "sparsity: { exceptions: [ { layers: '*.atn.*', level: 0 } ] }\n"),
      "w.yaml:2:27: sparsity.exceptions.0.layers: no layer with a matrix of its own has a name like "
      "'*.atn.*'");
}

TEST(WorkloadFile, NamesThePatternOfItsMasks) {
  const auto read = [](const std::vector<Override>& overrides) {
    const LoadedWorkload loaded = load_text(kTiny, overrides);
    EXPECT_EQ(read_workload(parse_tree(to_json(loaded.resolved), "r"), "").workload, loaded.workload);
    return loaded.workload.plan.sparsity;
  };
  EXPECT_EQ(read({{"sparsity.pattern", "unstructured"}}).pattern, MaskPattern{});
  const Sparsity blocks =
      read({{"sparsity.level", "0.9"}, {"sparsity.pattern", "block"}, {"sparsity.block_size", "16"}});
  EXPECT_EQ(blocks.pattern, MaskPattern{.block = 16});
  EXPECT_EQ(blocks.level, Fraction{900'000'000});
  const Sparsity two_of_four = read({{"sparsity.pattern", "2:4"}});
  EXPECT_EQ(two_of_four.pattern, (MaskPattern{.of = 4, .keep = 2}));
  EXPECT_EQ(two_of_four.level, Fraction{500'000'000});  // nobody has to say it
  EXPECT_EQ(read({{"sparsity.pattern", "2:4"}, {"sparsity.level", "50 %"}}), two_of_four);  // but may
}

TEST(WorkloadFile, NOfMKeepsExactlyThat) {
  // Of 8 inputs, 3 of 8; and 1 of 4. Layer 3 is the first linear one: 8 -> 24.
  for (const auto& [pattern, kept] : {std::pair{"3:8", 3}, std::pair{"1:4", 2}}) {
    const Workload workload = load_text(kTiny, {{"sparsity.pattern", pattern}}).workload;
    for (const Layer& layer : workload.graph.layers) {
      if (layer.kind != OpKind::linear || layer.tied_to_embedding) continue;
      EXPECT_EQ(kept_matrix_weights(layer, workload.plan.sparsity), layer.matrix_weights / 8 * kept)
          << layer.name;
    }
  }
}

TEST(WorkloadFile, RefusesMaskPatternsThatMeanNothing) {
  const auto wrong = [](const std::string& keys) {
    return what_is_wrong(std::string{kTiny} + "sparsity: { " + keys + " }\n");
  };
  EXPECT_EQ(wrong("pattern: '5:4'"),
            "w.yaml:2:22: sparsity.pattern: keeps 5 of 4 weights: N of N:M must be at most M");
  EXPECT_EQ(wrong("pattern: '0:4'"), "w.yaml:2:22: sparsity.pattern: expected N:M such as '2:4', got '0:4'");
  EXPECT_EQ(wrong("pattern: '2:512'"), "w.yaml:2:22: sparsity.pattern: M of N:M must be at most 256");
  EXPECT_EQ(wrong("pattern: tiles"),
            "w.yaml:2:22: sparsity.pattern: expected 'unstructured', 'block' or N:M such as '2:4', got "
            "'tiles'");
  EXPECT_EQ(wrong("pattern: block, level: 0.5"),
            "w.yaml:2:22: sparsity.block_size: is required by the pattern 'block': 1 to 64 weights");
  EXPECT_EQ(wrong("pattern: block, block_size: 0"),
            "w.yaml:2:41: sparsity.block_size: must be between 1 and 64, got 0");
  EXPECT_EQ(wrong("pattern: block, block_size: 65"),
            "w.yaml:2:41: sparsity.block_size: must be between 1 and 64, got 65");
  EXPECT_EQ(wrong("block_size: 4, level: 0.5"),
            "w.yaml:2:25: sparsity.block_size: is of the pattern 'block' only");
  EXPECT_EQ(wrong("pattern: '2:4', block_size: 4"),
            "w.yaml:2:41: sparsity.block_size: is of the pattern 'block' only");
}

TEST(WorkloadFile, RefusesWhatContradictsNOfM) {
  const auto wrong = [](const std::string& keys) {
    return what_is_wrong(std::string{kTiny} + "sparsity: { pattern: '2:4', " + keys + " }\n");
  };
  EXPECT_EQ(
      wrong("level: 0.9"),
      "w.yaml:2:36: sparsity.level: must be left out: the pattern 2:4 prunes 0.5 of the weights, got 0.9");
  EXPECT_EQ(
      wrong("level: 0"),
      "w.yaml:2:36: sparsity.level: must be left out: the pattern 2:4 prunes 0.5 of the weights, got 0");
  EXPECT_EQ(wrong("distribution: erk"),
            "w.yaml:2:43: sparsity.distribution: erk gives each matrix another level, the pattern 2:4 gives "
            "all the same");
  EXPECT_EQ(wrong("exceptions: [ { layers: '*.attn.*', level: 0.75 } ]"),
            "w.yaml:2:41: sparsity.exceptions.0.level: must be 0 beside the pattern 2:4, which fixes the "
            "level, got 0.75");
  EXPECT_NO_THROW((void)load_text(
      kTiny, {{"sparsity.pattern", "2:4"}, {"sparsity.exceptions", "[{layers: '*.attn.*', level: 0}]"}}));
  EXPECT_EQ(wrong("kept: [ { layer: h.0.mlp.c_fc, weights: 5 } ]"),
            "w.yaml:2:22: sparsity.pattern: masks with counts of their own leave nothing for 2:4 to say");
  EXPECT_EQ(what_is_wrong(kTiny, {{"sparsity.pattern", "2:3"}}),
            "--set: sparsity.pattern: 2:3 needs matrices whose inputs are a multiple of 3, "
            "'h.0.attn.c_attn' has 8: an exception of level 0 leaves it dense");
}

TEST(WorkloadFile, RefusesWorkThat64BitsCannotCount) {
  EXPECT_EQ(
      what_is_wrong(
          R"(model: { model_type: llama, hidden_size: 1e9, num_hidden_layers: 1, num_attention_heads: 1, intermediate_size: 1, vocab_size: 1 }
sequence_length: 1e9
)"),
      "w.yaml:2:18: sequence_length: a sequence of 1000000000 tokens takes more multiply-adds than 64 bits "
      "can "
      "count");
}

TEST(WorkloadFile, NeedsExactlyOneModelOrGraph) {
  EXPECT_EQ(what_is_wrong("optimizer: adam\n"),
            "w.yaml:1:1: a workload needs a 'model' (a Hugging Face config.json) or a 'graph'");
  EXPECT_EQ(what_is_wrong(std::string{kTiny} + "graph: [ { name: loss, op: loss } ]\n"),
            "w.yaml:2:8: graph: give either 'model' or 'graph', not both");
}

TEST(WorkloadFile, FindsAModelBesideItself) {
  const test::TemporaryFolder folder;
  fs::create_directory(folder.path() / "hf");
  std::ofstream{folder.path() / "hf/tiny.json"}
      << R"({"model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 16, "vocab_size": 10})";
  std::ofstream{folder.path() / "w.yaml"} << "model: hf/tiny.json\nsequence_length: 4\n";
  const LoadedWorkload loaded = load_workload(folder.path() / "w.yaml");
  EXPECT_EQ(loaded.workload.graph.layers.size(), 16U);
  EXPECT_EQ(loaded.workload.plan.sequence_length, 4U);
  const std::vector<Override> deeper{{"model.n_layer", "2"}};
  EXPECT_EQ(load_workload(folder.path() / "w.yaml", deeper).workload.graph.layers.size(), 26U);
}

TEST(WorkloadFile, BlamesTheLineThatNamesAMissingModel) {
  const test::TemporaryFolder folder;
  const std::string file = (folder.path() / "w.yaml").string();
  std::ofstream{file} << "name: x\nmodel: gone.json\n";
  try {
    (void)load_workload(file);
    FAIL() << "a model that is not there was loaded";
  } catch (const InputError& error) {
    EXPECT_EQ(error.what(),
              file + ":2:8: model: '" + (folder.path() / "gone.json").string() + "' no such file");
  }
}

TEST(WorkloadFile, IsKnownByItsModelOrGraph) {
  EXPECT_TRUE(is_workload(parse_tree("model: x.json", "w")));
  EXPECT_TRUE(is_workload(parse_tree("graph: []", "w")));
  EXPECT_TRUE(is_workload(parse_tree("model_type: gpt2", "w")));
  EXPECT_FALSE(is_workload(parse_tree("wafer: { grid: 2x2 }", "w")));
}

}  // namespace
}  // namespace wafersim
