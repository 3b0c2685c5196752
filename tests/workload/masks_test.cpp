// Masks of every format: what they keep is what the layer keeps, to the weight.
#include "workload/masks.hpp"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/base/random.hpp"
#include "wafersim/workload/mask_file.hpp"
#include "wafersim/workload/summary.hpp"

#include "workload/tensor_text.hpp"
#include "workload/workload_text.hpp"

namespace wafersim {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using workload_detail::count_masks;
using workload_detail::MaskCounts;

const std::string kGraph = R"(graph:
  - { name: wte, op: embedding, rows: 10, features: 6 }
  - { name: up, op: linear, features: 8, bias: true }
  - { name: down, op: linear, features: 6 }
  - { name: words, op: linear, features: 10, tied_to: wte }
  - { name: loss, op: loss }
sequence_length: 4
)";

MaskCounts count(const std::filesystem::path& path) {
  return count_masks(path, test::load_text(kGraph).workload.graph,
                     {.file = "w.yaml", .line = 7, .column = 8});
}

std::string wrong(const std::filesystem::path& path) {
  try {
    (void)count(path);
    return {};
  } catch (const InputError& error) {
    return error.what();
  }
}

KeptWeights kept(const std::string& layer, std::uint64_t weights) {
  return {.layer = layer, .weights = weights};
}

// 8 x 6 numbers of which every third is pruned, in turn as 0, as −0 and as NaN: 16 of 48.
std::vector<float> thirds() {
  std::vector<float> numbers(48, 0.5F);
  const std::array<float, 3> pruned{0.0F, -0.0F, std::nanf("")};
  for (std::size_t i = 0; i < numbers.size(); i += 3) numbers[i] = pruned.at(i / 3 % 3);
  numbers[1] = std::numeric_limits<float>::infinity();  // kept
  return numbers;
}

TEST(Masks, OfNumPyKeepWhatIsNeitherZeroNorNan) {
  const test::ScratchFolder folder;
  EXPECT_THAT(count(folder.write("up.npy", test::npy("<f4", {8, 6}, test::bytes_of(thirds())))).kept,
              ElementsAre(kept("up", 32)));
  const std::vector<std::uint8_t> bits{1, 0, 1, 1};
  std::string many;
  for (int i = 0; i < 12; ++i) many += test::bytes_of(bits);
  EXPECT_THAT(count(folder.write("down.weight.npy", test::npy("|b1", {6, 8}, many))).kept,
              ElementsAre(kept("down", 36)));
  // Half floats: 0x7E00 is NaN, 0x7C00 infinity, 0x8000 minus zero.
  std::vector<std::uint16_t> halves(48, 0x3C00);
  halves[0] = 0x7E00;
  halves[1] = 0x7C00;
  halves[2] = 0x8000;
  EXPECT_THAT(count(folder.write("up.npy", test::npy("<f2", {8, 6}, test::bytes_of(halves)))).kept,
              ElementsAre(kept("up", 46)));
}

TEST(Masks, MayBeStoredTransposedAsSomeLibrariesDo) {
  const test::ScratchFolder folder;
  EXPECT_THAT(count(folder.write("up.npy", test::npy("<f4", {6, 8}, test::bytes_of(thirds())))).kept,
              ElementsAre(kept("up", 32)));
}

TEST(Masks, OfAnArchiveAreMatchedByNameAndStrangersListed) {
  const test::ScratchFolder folder;
  const std::string numbers = test::bytes_of(thirds());
  test::write_npz(folder.path() / "m.npz", {{"model.up.weight", test::npy("<f4", {8, 6}, numbers)},
                                            {"up.bias", test::npy("<f4", {8}, std::string(32, '\1'))},
                                            {"somebody.else", test::npy("<f4", {8, 6}, numbers)}});
  const MaskCounts counts = count(folder.path() / "m.npz");
  EXPECT_THAT(counts.kept, ElementsAre(kept("up", 32)));
  EXPECT_THAT(counts.unmatched, ElementsAre("somebody.else"));
}

TEST(Masks, OfSafetensorsComeFromOneFileOrFromShards) {
  const test::ScratchFolder folder;
  const std::string numbers = test::bytes_of(thirds());
  std::vector<std::uint16_t> brain(48, 0x3F80);
  brain[7] = 0x7FC0;  // NaN
  brain[9] = 0;
  folder.write("a-1.safetensors", test::safetensors({{"up.weight", "F32", {8, 6}, numbers}}));
  folder.write("a-2.safetensors",
               test::safetensors({{"model.down.weight", "BF16", {6, 8}, test::bytes_of(brain)}}));
  folder.write("model.safetensors.index.json",
               R"({"weight_map": {"up.weight": "a-1.safetensors", "model.down.weight": "a-2.safetensors"}})");
  EXPECT_THAT(count(folder.path()).kept, ElementsAre(kept("down", 46), kept("up", 32)));
  EXPECT_THAT(count(folder.path() / "a-1.safetensors").kept, ElementsAre(kept("up", 32)));
}

TEST(Masks, OfMatrixMarketCountEntriesThatAreNotZero) {
  const test::ScratchFolder folder;
  EXPECT_THAT(count(folder.write("up.mtx",
                                 "%%MatrixMarket matrix coordinate real general\n% c\n8 6 4\n"
                                 "1 1 0.5\n2 2 0\n8 6 nan\n3 3 -1e-3\n"))
                  .kept,
              ElementsAre(kept("up", 2)));
  EXPECT_THAT(count(folder.write("up.mtx",
                                 "%%MatrixMarket matrix coordinate pattern general\n8 6 3\n1 1\n2 2\n8 6\n"))
                  .kept,
              ElementsAre(kept("up", 3)));
}

TEST(Masks, ThatDoNotFitAreRefusedBeforeTheirNumbersAreRead) {
  const test::ScratchFolder folder;
  EXPECT_THAT(wrong(folder.write("up.npy", test::npy("<f4", {8, 7}, std::string(8UL * 7 * 4, '\0')))),
              HasSubstr("'up': has the shape 8 x 7, but linear 'up' needs 8 x 6 or 6 x 8"));
  EXPECT_THAT(wrong(folder.write("up.npy", test::npy("<f4", {8, 6}, "short"))),
              HasSubstr("its shape needs 320 bytes, but it has 133"));
  EXPECT_THAT(wrong(folder.write("up.npy", "\x93NUMPY")), HasSubstr("is not a NumPy array"));
  EXPECT_THAT(wrong(folder.write("up.npy", test::npy("<c8", {8, 6}, ""))),
              HasSubstr("type that is not known: '<c8'"));
  EXPECT_THAT(wrong(folder.write("up.npy", test::npy(">f4", {8, 6}, ""))),
              HasSubstr("type that is not known"));
  EXPECT_THAT(wrong(folder.write("up.mtx", "%%MatrixMarket matrix coordinate real general\n8 6 1\n9 1 1\n")),
              HasSubstr(":3:1: an entry at 9, 1 lies outside of 8 x 6"));
  EXPECT_THAT(wrong(folder.write("up.mtx", "%%MatrixMarket matrix coordinate real general\n8 6 2\n1 1 1\n")),
              HasSubstr("ends after 1 of 2 entries"));
  EXPECT_THAT(wrong(folder.path() / "nothing.npy"), HasSubstr("w.yaml:7:8: masks: expected a .npy"));
}

TEST(Masks, AZipBombIsRefusedWithoutUnpackingIt) {
  // A gigabyte of zeros behind a header that says 8 x 6: compressed, a megabyte.
  const test::ScratchFolder folder;
  std::string bytes = test::npy("<f4", {8, 6}, {});
  bytes.resize(bytes.size() + (64U << 20U));
  test::write_npz(folder.path() / "m.npz", {{"up", bytes}});
  EXPECT_LT(std::filesystem::file_size(folder.path() / "m.npz"), 1U << 20U);
  EXPECT_THAT(wrong(folder.path() / "m.npz"), HasSubstr("its shape needs 320 bytes, but it has 67108992"));
  // And one that is honest about its size, for a layer that has no room for it.
  bytes = test::npy("<f4", {1U << 12U, 1U << 12U}, {});
  bytes.resize(bytes.size() + (64U << 20U));
  test::write_npz(folder.path() / "m.npz", {{"up", bytes}});
  EXPECT_THAT(wrong(folder.path() / "m.npz"),
              HasSubstr("has the shape 4096 x 4096, but linear 'up' needs 8 x 6"));
  EXPECT_THAT(wrong(folder.write("m.npz", "PK\3\4 not really")), HasSubstr("is not a zip archive"));
}

TEST(Masks, OffsetsThatLieReadNothingOutsideOfTheFile) {
  const test::ScratchFolder folder;
  const auto lie = [&](const std::string& offsets) {
    const std::string header =
        R"({"up.weight":{"dtype":"F32","shape":[8,6],"data_offsets":[)" + offsets + "]}}";
    return wrong(folder.write("m.safetensors", test::safetensors_with(header, std::string(192, '\1'))));
  };
  EXPECT_THAT(lie("0,192"), testing::IsEmpty());
  EXPECT_THAT(lie("1,193"), HasSubstr("its data would lie from 1 to 193 of 192 bytes"));
  EXPECT_THAT(lie("192,0"), HasSubstr("its data would lie from 192 to 0"));
  EXPECT_THAT(lie("0,191"), HasSubstr("its shape needs 192 bytes, but its offsets span 191"));
  EXPECT_THAT(lie("18446744073709551424,18446744073709551615"), HasSubstr("its data would lie"));
  EXPECT_THAT(lie("-1,191"), HasSubstr("must be whole numbers"));
  const std::string twice = R"({"up.weight":{"dtype":"F32","shape":[8,6],"data_offsets":[0,192]},)"
                            R"("down.weight":{"dtype":"F32","shape":[6,8],"data_offsets":[96,288]}})";
  EXPECT_THAT(wrong(folder.write("m.safetensors", test::safetensors_with(twice, std::string(288, '\1')))),
              HasSubstr("overlap"));
  EXPECT_THAT(wrong(folder.write("m.safetensors", std::string(8, '\xFF') + "{}")),
              HasSubstr("its header does not fit"));
  EXPECT_THAT(wrong(folder.write("m.safetensors", "abc")), HasSubstr("its header does not fit"));
  EXPECT_THAT(wrong(folder.write("m.safetensors", test::safetensors_with("[1,2", ""))),
              HasSubstr("not a JSON object"));
}

TEST(Masks, AtEightySevenPointThreePercentSaveWhatTheyCount) {
  // Every weight is drawn on its own, so each layer keeps a count of its own near 12.7 %.
  const test::ScratchFolder folder;
  Random random{7};
  std::map<std::string, std::uint64_t> counted;
  std::vector<test::StoredTensor> tensors;
  for (const auto& [name, dims] : std::vector<std::pair<std::string, std::vector<std::uint64_t>>>{
           {"up", {256, 96}}, {"down", {96, 256}}}) {
    std::vector<float> numbers(dims[0] * dims[1]);
    for (float& number : numbers) {
      const bool stays = random.bits() % 1000 >= 873;
      number = stays ? 1.0F : 0.0F;
      counted[name] += static_cast<std::uint64_t>(stays);
    }
    tensors.push_back({name + ".weight", "F32", dims, test::bytes_of(numbers)});
  }
  const auto file = folder.write("m.safetensors", test::safetensors(tensors));
  const LoadedWorkload loaded = test::load_text(R"(graph:
  - { name: wte, op: embedding, rows: 50, features: 96 }
  - { name: up, op: linear, features: 256 }
  - { name: down, op: linear, features: 96 }
  - { name: loss, op: loss }
sequence_length: 8
masks: )" + file.string() + "\n");
  const Workload& workload = loaded.workload;
  Wide skipped = 0;
  for (const Layer& layer : workload.graph.layers) {
    if (layer.kind != OpKind::linear) continue;
    const std::uint64_t kept_here = counted.at(layer.name);
    EXPECT_EQ(kept_matrix_weights(layer, workload.plan.sparsity), kept_here) << layer.name;
    // Each pruned weight saves a multiply-add for each of 8 tokens: 2 FLOP forward, 4 backward.
    const std::uint64_t pruned = layer.matrix_weights - kept_here;
    EXPECT_EQ(work_of(layer, workload.plan, 1).skipped.forward, Wide{2 * 8 * pruned});
    EXPECT_EQ(work_of(layer, workload.plan, 1).skipped.backward, Wide{4 * 8 * pruned});
    EXPECT_NEAR(static_cast<double>(pruned) / static_cast<double>(layer.matrix_weights), 0.873, 0.01);
    skipped += 6 * 8 * pruned;
  }
  EXPECT_EQ(work_of(workload, 1).skipped.total(), skipped);
  EXPECT_NE(counted["up"], counted["down"]);  // or one level for both would do as well
  // The counts stand in the resolved form; the file is not needed any more.
  const std::string json = to_json(loaded.resolved);
  EXPECT_THAT(json, testing::Not(HasSubstr("safetensors")));
  EXPECT_EQ(read_workload(parse_tree(json, "again"), "other").workload, workload);
}

TEST(KeptWeights, NameLayersWithAMatrixAndNoMoreThanItHas) {
  const auto with = [](const std::string& kept_list) {
    return test::what_is_wrong(kGraph + "sparsity: { kept: [" + kept_list + "] }\n");
  };
  EXPECT_THAT(with("{ layer: up, weights: 48 }"), testing::IsEmpty());
  EXPECT_THAT(with("{ layer: up, weights: 49 }"), HasSubstr("'up': keeps 49 of 48 weights"));
  EXPECT_THAT(with("{ layer: upp, weights: 4 }"), HasSubstr("no layer of this name has a matrix of its own"));
  EXPECT_THAT(with("{ layer: words, weights: 4 }"),
              HasSubstr("no layer of this name has a matrix of its own"));
  EXPECT_THAT(with("{ layer: up, weights: 4 }, { layer: up, weights: 5 }"), HasSubstr("is counted twice"));
}

std::string wrong_mask(const std::filesystem::path& path, std::uint64_t rows, std::uint64_t columns) {
  try {
    (void)read_mask(path, rows, columns);
    return {};
  } catch (const InputError& error) {
    return error.what();
  }
}

TEST(MaskFile, GivesEachPositionRowAfterRow) {
  const test::ScratchFolder folder;
  const std::vector<float> numbers{0.5F, 0, -0.0F, 2, std::nanf(""), -1};
  const auto file = folder.write("m.npy", test::npy("<f4", {2, 3}, test::bytes_of(numbers)));
  EXPECT_EQ(read_mask(file, 2, 3), (std::vector<bool>{true, false, false, true, false, true}));
}

TEST(MaskFile, OfAnotherShapeIsRefusedWithFileFoundAndExpected) {
  const test::ScratchFolder folder;
  const auto file = folder.write("m.npy", test::npy("<f4", {8, 6}, test::bytes_of(thirds())));
  EXPECT_EQ(wrong_mask(file, 6, 8), file.string() + ": 'm': has the shape 8 x 6, but the matrix is 6 x 8");
  const auto flat = folder.write("f.npy", test::npy("<f4", {48}, test::bytes_of(thirds())));
  EXPECT_THAT(wrong_mask(flat, 6, 8), HasSubstr("has the shape 48, but the matrix is 6 x 8"));
}

TEST(MaskFile, OfCoordinatesOrOfTwoTensorsOrOfNoneIsRefused) {
  const test::ScratchFolder folder;
  const std::string numbers = test::bytes_of(thirds());
  test::write_npz(folder.path() / "m.npz",
                  {{"a", test::npy("<f4", {8, 6}, numbers)}, {"b", test::npy("<f4", {8, 6}, numbers)}});
  EXPECT_THAT(wrong_mask(folder.path() / "m.npz", 8, 6), HasSubstr("is one tensor too many"));
  EXPECT_THAT(wrong_mask(folder.write("m.txt", "1 0 1"), 1, 3), HasSubstr("expected a .npy"));
  const auto matrix = folder.write("m.mtx", "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 1\n");
  EXPECT_THAT(wrong_mask(matrix, 2, 2), HasSubstr("lists coordinates"));
}

}  // namespace
}  // namespace wafersim
