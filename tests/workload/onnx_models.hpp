// The networks that tools/make_onnx.py writes while the tests are built.
#pragma once

#include <filesystem>
#include <string>

namespace wafersim::test {

[[nodiscard]] std::filesystem::path onnx_model(const std::string& name);

}  // namespace wafersim::test
