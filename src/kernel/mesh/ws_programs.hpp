// The weight-streaming products, made from a checked request.
#pragma once

#include "wafersim/kernel/mesh/ws_gemm.hpp"

namespace wafersim {

[[nodiscard]] WsProgram make_ws_forward(const WsRequest& request);  // and delta, of the transposed matrix
[[nodiscard]] WsProgram make_ws_gradient(const WsRequest& request);

}  // namespace wafersim
