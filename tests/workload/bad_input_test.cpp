// Files that are cut short, garbled or hostile are refused with a reason, in every format.
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/base/random.hpp"
#include "wafersim/workload/load.hpp"

#include "fuzz/model_laws.hpp"
#include "fuzz/tensor_laws.hpp"
#include "workload/onnx_import.hpp"
#include "workload/onnx_models.hpp"
#include "workload/tensor_text.hpp"

namespace wafersim {
namespace {

using testing::HasSubstr;

std::string bytes_of_model(const std::string& name) {
  std::ifstream stream{test::onnx_model(name), std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

// What is wrong with these bytes as an ONNX model; empty if nothing is.
std::string wrong_onnx(const std::string& bytes) {
  try {
    const workload_detail::OnnxModel model =
        workload_detail::parse_onnx(bytes, "m.onnx", {{"batch", 1}, {"sequence", 16}});
    (void)workload_detail::import_onnx(model, "m.onnx", "m", workload_detail::UnknownOperators::skip);
    return {};
  } catch (const InputError& error) {
    for (const Problem& problem : error.problems()) {
      EXPECT_FALSE(problem.message.empty());
      EXPECT_EQ(to_string(problem).find('\n'), std::string::npos);
    }
    return error.what();
  }
}

TEST(BadOnnx, CutShortAnywhereIsRefusedOrStillAModel) {
  const std::string bytes = bytes_of_model("operators");
  for (std::size_t size = 0; size < bytes.size(); size += 13) (void)wrong_onnx(bytes.substr(0, size));
  EXPECT_THAT(wrong_onnx(bytes.substr(0, bytes.size() / 2)), HasSubstr("is cut short"));
  EXPECT_THAT(wrong_onnx(""), HasSubstr("has no graph"));
}

TEST(BadOnnx, RandomBytesAreRefused) {
  Random random{3};
  for (int i = 0; i < 300; ++i) {
    std::string bytes(random.bits() % 200, '\0');
    for (char& c : bytes) c = static_cast<char>(random.bits());
    EXPECT_FALSE(wrong_onnx(bytes).empty());
  }
}

TEST(BadOnnx, FlippedBytesAreReadOrRefused) {
  const std::string good = bytes_of_model("operators");
  Random random{5};
  for (int i = 0; i < 300; ++i) {
    std::string bytes = good;
    for (int flips = 0; flips < 3; ++flips)
      bytes[random.bits() % bytes.size()] = static_cast<char>(random.bits());
    (void)wrong_onnx(bytes);
  }
}

// Field numbers of ModelProto, GraphProto, NodeProto and ValueInfoProto, from onnx.proto: just enough to
// write a graph by hand.
std::string field(int number, const std::string& bytes) {
  std::string size;  // seven bits in a byte, the lowest first; the eighth says that more follow
  std::size_t left = bytes.size();
  for (; left > 127; left >>= 7U) size += static_cast<char>(left % 128 + 128);
  return std::string{static_cast<char>(number << 3 | 2)} + size + static_cast<char>(left) + bytes;
}

std::string node(const std::string& op, const std::string& input, const std::string& output) {
  return field(1, field(1, input) + field(2, output) + field(3, output) + field(4, op));
}

std::string model_of(const std::string& nodes, const std::string& output, char opset = 13) {
  // A float input "x" of 1 x 8: type { tensor { elem_type 1, shape { dim { 1 }, dim { 8 } } } }
  const std::string dims = field(1, std::string{"\x08\x01", 2}) + field(1, std::string{"\x08\x08", 2});
  const std::string type = field(2, field(1, std::string{"\x08\x01", 2} + field(2, dims)));
  const std::string graph = nodes + field(11, field(1, "x") + type) + field(12, field(1, output));
  return std::string{"\x08\x08", 2} + field(7, graph) + field(8, std::string{'\x10', opset});
}

TEST(BadOnnx, ACycleIsNamed) {
  EXPECT_THAT(wrong_onnx(model_of(node("Relu", "b", "a") + node("Relu", "a", "b"), "b")),
              HasSubstr("takes 'b', which is made only later: the graph has a cycle, or is not sorted"));
}

TEST(BadOnnx, ALooseEndIsNamed) {
  EXPECT_THAT(wrong_onnx(model_of(node("Relu", "x", "a"), "z")), HasSubstr("nothing makes 'z'"));
  EXPECT_THAT(wrong_onnx(model_of(node("Relu", "q", "a"), "a")), HasSubstr("takes 'q', which nothing makes"));
}

TEST(BadOnnx, AnUnknownOperatorIsNamedWithItsNodeOrLeftOut) {
  const std::string bytes = model_of(node("Fancy", "x", "a") + node("Relu", "a", "b"), "b");
  const workload_detail::OnnxModel model = workload_detail::parse_onnx(bytes, "m.onnx", {});
  try {
    (void)workload_detail::import_onnx(model, "m.onnx", "m", workload_detail::UnknownOperators::stop);
    FAIL() << "Fancy is unknown";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("operator 'Fancy' of node 'a' is not known; --unknown=skip"));
  }
}

TEST(BadOnnx, WeightsOfTooFewDimensionsAreNotReadBeyond) {
  // Found by fuzzing: the library's inference of ConvTranspose takes the second dimension of weights that
  // have one. TensorProto: dims 4, type float, name "w".
  const std::string weights = field(5, std::string{"\x08\x04\x10\x01", 4} + field(8, "w"));
  const std::string call =
      field(1, field(1, "x") + field(1, "w") + field(2, "a") + field(4, "ConvTranspose"));
  EXPECT_THAT(wrong_onnx(model_of(call + weights, "a")),
              HasSubstr("convolutions over one or two dimensions are supported"));
}

TEST(BadOnnx, WeightsOfMoreDimensionsThanTheInputAreNotReadBeyond) {
  // The library's inference of Conv takes a dilation for each dimension of the weights, and makes one for
  // each of the input. Here they have three and two.
  const std::string weights = field(5, std::string{"\x08\x04\x08\x08\x08\x03\x10\x01", 8} + field(8, "w"));
  for (const char* op : {"Conv", "ConvTranspose"}) {
    const std::string call = field(1, field(1, "x") + field(1, "w") + field(2, "a") + field(4, op));
    EXPECT_THAT(wrong_onnx(model_of(call + weights, "a")),
                HasSubstr("convolutions over one or two dimensions are supported"));
  }
}

TEST(BadOnnx, TheShapeOfATensorOfWhichNothingIsKnownIsNotComputedWith) {
  // Found by fuzzing: Shape of opset 15 takes the type of its input, and the library has none if it cannot
  // infer one, as of a Conv with a kernel (7, ints, of 1) of fewer dimensions than its weights.
  const std::string weights = field(5, std::string{"\x08\x04\x08\x08\x10\x01", 6} + field(8, "w"));
  const std::string kernel = field(5, field(1, "kernel_shape") + std::string{"\x40\x01\xa0\x01\x07", 5});
  const std::string calls =
      field(1, field(1, "x") + field(1, "w") + field(2, "a") + field(4, "Conv") + kernel) +
      field(1, field(1, "a") + field(2, "b") + field(4, "Shape")) +
      field(1, field(1, "x") + field(1, "b") + field(2, "c") + field(4, "Reshape"));
  EXPECT_THAT(wrong_onnx(model_of(calls + weights, "c", 15)),
              HasSubstr("convolutions over one or two dimensions are supported"));
}

TEST(BadOnnx, AShapeOfABillionNumbersMakesNoTensorOfAsManyDimensions) {
  // Found by fuzzing: the library makes a dimension of each. An input "s" of 2^30 whole numbers.
  const std::string billion = field(1, std::string{"\x08\x80\x80\x80\x80\x04", 6});
  const std::string input =
      field(11, field(1, "s") + field(2, field(1, std::string{"\x08\x07", 2} + field(2, billion))));
  for (const char* op : {"Reshape", "Expand"}) {
    const std::string call = field(1, field(1, "x") + field(1, "s") + field(2, "a") + field(4, op));
    EXPECT_THAT(wrong_onnx(model_of(call + input, "a")),
                HasSubstr("the shape of its output cannot be inferred"));
  }
}

TEST(BadOnnx, NumbersThatDoubleWithEachConcatAreNotComputedWith) {
  // Two of a shape, then forty times twice as many.
  std::string calls = field(1, field(1, "x") + field(2, "a") + field(4, "Shape"));
  const std::string axis = field(5, field(1, "axis") + std::string{"\x18\x00\xa0\x01\x02", 5});  // i 0, INT
  char last = 'a';
  const auto next = [](char name) { return name == 'z' ? 'A' : static_cast<char>(name + 1); };
  for (int i = 0; i < 40; ++i) {
    const std::string from{last};
    last = next(last) == 'x' ? 'y' : next(last);
    calls +=
        field(1, field(1, from) + field(1, from) + field(2, std::string{last}) + field(4, "Concat") + axis);
  }
  calls += field(1, field(1, "x") + field(1, std::string{last}) + field(2, "end") + field(4, "Reshape"));
  EXPECT_THAT(wrong_onnx(model_of(calls, "end", 15)),
              HasSubstr("the shape of its output cannot be inferred"));
}

TEST(BadOnnx, AFileOfMoreThanTwoGibibytesIsRefusedBeforeItIsRead) {
  const test::ScratchFolder folder;
  const auto file = folder.write("big.onnx", "");
  std::filesystem::resize_file(file, (2ULL << 30U) + 1);  // sparse: takes no room
  try {
    (void)load_workload(file);
    FAIL() << "too large";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("protobuf reads at most 2 GiB"));
  }
}

void read_as_everything(std::string_view bytes) {
  test::check_npy_laws(bytes);
  test::check_npz_laws(bytes);
  test::check_mtx_laws(bytes);
  test::check_safetensors_laws(bytes);
  test::check_shard_index_laws(bytes);
  test::check_scale_sim_laws(bytes);
}

TEST(BadTensors, CutShortOrGarbledAreReadOrRefused) {
  const std::string array = test::npy("<f4", {3, 2}, std::string(24, '\1'));
  const std::vector<std::string> good{
      array, "%%MatrixMarket matrix coordinate real general\n3 2 2\n1 1 0.5\n2 2 1\n",
      R"({"a":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]}})",
      R"({"weight_map":{"a":"b.safetensors"}})", "Layer, M, N, K,\nA, 8, 4, 2,\n"};
  Random random{9};
  for (const std::string& whole : good) {
    for (std::size_t size = 0; size <= whole.size(); ++size) read_as_everything(whole.substr(0, size));
    for (int i = 0; i < 200; ++i) {
      std::string bytes = whole;
      for (int flips = 0; flips < 3; ++flips)
        bytes[random.bits() % bytes.size()] = static_cast<char>(random.bits());
      read_as_everything(bytes);
    }
  }
}

}  // namespace
}  // namespace wafersim
