// What running a kernel needs, whatever family it is of.
#pragma once

#include <functional>
#include <string>

#include "wafersim/study/kernel_run.hpp"

namespace wafersim {

struct RunnableKernel {
  MeshPlan plan;
  KernelReport report;                                    // what is known before it runs
  std::function<void(MeshEngine&)> load;                  // its operands
  std::function<void(MeshEngine&, KernelReport&)> judge;  // adds what the run gave; the engine is at its end
  std::string no_program{};                               // why only the closed form is known; else empty
};

[[nodiscard]] RunnableKernel make_runnable(const KernelRequest& request);

}  // namespace wafersim
