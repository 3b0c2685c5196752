// By the type of the exception: who is to blame.
#include "wafersim/base/exit_code.hpp"

#include <new>

#include "wafersim/base/error.hpp"
#include "wafersim/base/quantity.hpp"

namespace wafersim {

Ending ending_of(const std::exception& error) {
  const auto is = [&](auto* type) { return dynamic_cast<decltype(type)>(&error) != nullptr; };
  const std::string what = error.what();
  if (is(static_cast<const InputError*>(nullptr))) return {.code = ExitCode::wrong_input, .message = what};
  if (is(static_cast<const DoesNotFit*>(nullptr))) return {.code = ExitCode::does_not_fit, .message = what};
  if (is(static_cast<const QuantityOverflow*>(nullptr))) {
    return {.code = ExitCode::does_not_fit,
            .message = "the run is too long or too large to count in 64 bits: " + what};
  }
  if (is(static_cast<const std::bad_alloc*>(nullptr))) {
    return {.code = ExitCode::does_not_fit,
            .message = "this computer has too little memory for the simulation",
            .lasting = false};
  }
  return {.code = ExitCode::fault, .message = "fault in wafersim, please report it: " + what};
}

}  // namespace wafersim
