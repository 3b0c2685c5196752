// The handler of the signal.
#include "cli/interrupt.hpp"

#include <csignal>

namespace wafersim::cli {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may only touch such");

void on_interrupt(int) {
  interrupted.store(true);
}

}  // namespace

Interrupt::Interrupt() : before_{std::signal(SIGINT, on_interrupt)} {
}

Interrupt::~Interrupt() {
  std::signal(SIGINT, before_);
}

const std::atomic<bool>& Interrupt::flag() {
  return interrupted;
}

}  // namespace wafersim::cli
