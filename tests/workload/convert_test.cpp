// One network in three formats is one graph; `convert` writes what it read.
#include <gtest/gtest.h>

#include "workload/onnx_models.hpp"
#include "workload/scale_sim.hpp"
#include "workload/workload_text.hpp"

namespace wafersim {
namespace {

TEST(Convert, AnOnnxModelIsTheSameWorkloadAsYaml) {
  for (const char* name : {"resnet50", "shufflenet", "vit_b16", "operators"}) {
    const LoadedWorkload loaded =
        load_workload(test::onnx_model(name), std::vector<Override>{{"bind", "batch=1"}});
    EXPECT_EQ(test::load_text(write_yaml(loaded)).workload, loaded.workload) << name;
  }
}

TEST(Convert, AHuggingFaceConfigIsTheSameWorkloadAsYaml) {
  const LoadedWorkload loaded =
      test::load_text(R"(model: { model_type: mixtral, vocab_size: 32, hidden_size: 64,
    num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 48,
    max_position_embeddings: 128 }
recompute: layer
)");
  EXPECT_EQ(test::load_text(write_yaml(loaded)).workload, loaded.workload);
}

}  // namespace
}  // namespace wafersim
