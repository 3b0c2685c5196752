// Turns Ctrl-C into a flag for as long as it lives; before and after, it ends the program as usual.
#pragma once

#include <atomic>

namespace wafersim::cli {

class Interrupt {
 public:
  static constexpr int kExitCode = 130;  // 128 + SIGINT, as shells do

  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();

  [[nodiscard]] static const std::atomic<bool>& flag();

 private:
  void (*before_)(int);
};

}  // namespace wafersim::cli
