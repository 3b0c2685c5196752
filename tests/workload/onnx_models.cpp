// Apart from the tests, as only this file knows where the build is: a compiler cache serves all others.
#include "workload/onnx_models.hpp"

namespace wafersim::test {

std::filesystem::path onnx_model(const std::string& name) {
  return std::filesystem::path{WAFERSIM_ONNX_MODELS} / (name + ".onnx");
}

}  // namespace wafersim::test
