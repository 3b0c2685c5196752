// Gradient (placeholder while the forward pass is brought up).
#include "ws_programs.hpp"
namespace wafersim {
WsProgram make_ws_gradient(const WsRequest& request) {
  return make_ws_forward(request);
}
}  // namespace wafersim
